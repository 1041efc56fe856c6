"""Every n-th element of an axis (tract `ops/downsample`)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from msgspec.structs import replace

from auditor.lowering.errors import Unmodelled
from auditor.lowering.graph.axis_op import recip, transform_axis
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Graph, Node
from auditor.lowering.graph.op import TypedOp
from auditor.lowering.graph.patch import Patch
from auditor.lowering.graph.shapes import ShapeMismatch
from auditor.lowering.typed.axis import AxisOp
from auditor.lowering.typed.conv import Conv
from auditor.lowering.typed.plumbing import Identity
from auditor.lowering.typed.scan import Scan
from auditor.lowering.typed.slice import Slice


class Downsample(TypedOp, frozen=True, kw_only=True):
    """Elements ``modulo``, ``modulo + stride``, ... of one axis; a negative stride begins at the end."""

    merges_duplicates: ClassVar[bool] = True
    axis: int
    stride: int
    modulo: int

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        shape = list(inputs[0].shape)
        if self.axis >= len(shape) or (self.modulo != 0 and self.stride <= 0):
            raise ShapeMismatch(
                f"every {self.stride}th from {self.modulo} of axis {self.axis} of {tuple(shape)}"
            )
        shape[self.axis] = max(-(-(shape[self.axis] - self.modulo) // abs(self.stride)), 0)
        return [Fact(inputs[0].dt, tuple(shape))]

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        # tract slices [modulo:] first and steps within, so that a negative stride begins at the end
        kept = inputs[0].swapaxes(0, self.axis)[self.modulo :][:: self.stride]
        return [kept.swapaxes(0, self.axis)]

    def declutter(self, graph: Graph, node: Node) -> Patch | None:
        if self.stride == 1:
            return Patch.replace_single_op(graph, node, node.inputs, Identity())
        return self._pull_up(graph, node)

    def _pull_up(self, graph: Graph, node: Node) -> Patch | None:
        """Take the elements before the operation that computes them."""
        previous = graph.single_prec(node)
        if previous is None:
            return None
        if isinstance(previous.op, AxisOp):
            return self._over_axis_op(graph, node, previous, previous.op)
        if isinstance(previous.op, Conv):
            return self._into_conv(graph, node, previous, previous.op)
        if isinstance(previous.op, Scan):
            if self.stride < 0:
                return None
            raise Unmodelled("Downsample", node.name, "a stride after a recurrent layer")
        if isinstance(previous.op, Slice) and previous.op.axis == self.axis and self.stride > 0:
            return self._over_slice(graph, node, previous, previous.op)
        if len(previous.outputs) > 1 or not previous.inputs:
            return None
        return self._over_any(graph, node, previous)

    def _over_axis_op(self, graph: Graph, node: Node, previous: Node, op: AxisOp) -> Patch:
        axis = transform_axis(recip(op.change), self.axis)
        if axis is None:
            raise ShapeMismatch(f"tract cannot move a stride on axis {self.axis} before {op.change}")
        patch = Patch()
        wire = patch.tap(graph, previous.inputs[0])
        wire = patch.wire_node(node.name, replace(self, axis=axis), [wire])[0]
        wire = patch.wire_node(previous.name, op, [wire])[0]
        patch.shunt_outside(graph, (node.id, 0), wire)
        return patch

    def _over_slice(self, graph: Graph, node: Node, previous: Node, op: Slice) -> Patch:
        start, modulo = divmod(self.modulo + op.start, self.stride)
        length = node.outputs[0].fact.shape[self.axis]
        patch = Patch()
        wire = patch.tap(graph, previous.inputs[0])
        wire = patch.wire_node(node.name, replace(self, modulo=modulo), [wire])[0]
        cut = Slice(axis=op.axis, start=start, end=start + length)
        wire = patch.wire_node(previous.name, cut, [wire])[0]
        patch.shunt_outside(graph, (node.id, 0), wire)
        return patch

    def _into_conv(self, graph: Graph, node: Node, previous: Node, op: Conv) -> Patch | None:
        spec = op.pool_spec
        geo = self.axis - spec.data_format.h_axis
        if self.stride < 0 or geo < 0:
            return None
        if geo >= spec.rank:
            raise ShapeMismatch("tract cannot take a stride over channels into a convolution")
        strides = list(spec.all_strides)
        strides[geo] *= self.stride
        patch = Patch()
        strided = replace(op, pool_spec=replace(spec, strides=tuple(strides)))
        wire = patch.wire_node(previous.name, strided, patch.taps(graph, previous.inputs))[0]
        patch.shunt_outside(graph, (node.id, 0), wire)
        return patch

    def _over_any(self, graph: Graph, node: Node, previous: Node) -> Patch | None:
        mapping = previous.op.axes_mapping(graph.input_facts(previous), graph.output_facts(previous))
        info = mapping.axis((("out", 0), self.axis))
        if any(len(places) != 1 for places in info.inputs):
            return None
        patch = Patch()
        inputs = []
        for slot, (outlet, places) in enumerate(zip(previous.inputs, info.inputs, strict=True)):
            wire = patch.tap(graph, outlet)
            if patch.fact(wire).shape[places[0]] != 1:
                name = f"{node.name}.{previous.name}-{slot}"
                wire = patch.wire_node(name, replace(self, axis=places[0]), [wire])[0]
            inputs.append(wire)
        wire = patch.wire_node(previous.name, previous.op, inputs)[0]
        patch.shunt_outside(graph, (node.id, 0), wire)
        return patch
