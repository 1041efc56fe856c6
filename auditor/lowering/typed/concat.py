"""Concatenation (tract `ops/array/concat.rs`)."""

from __future__ import annotations

from itertools import accumulate, pairwise

import numpy as np

from auditor.lowering.graph.axes import AxesMapping, InOut
from auditor.lowering.graph.axis_op import AxisChange, transform_axis
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Graph, Node, Outlet
from auditor.lowering.graph.op import Consequence, TypedOp
from auditor.lowering.graph.patch import Patch
from auditor.lowering.graph.shapes import ShapeMismatch
from auditor.lowering.typed.slice import Slice


class Concat(TypedOp, frozen=True, kw_only=True):
    """Inputs side by side on one axis."""

    axis: int

    def offsets(self, facts: list[Fact]) -> list[int]:
        """Where each input begins, and where the last ends."""
        return [0, *accumulate(fact.shape[self.axis] for fact in facts)]

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        shape = list(inputs[0].shape)
        for fact in inputs:
            others = [d for a, d in enumerate(fact.shape) if a != self.axis]
            if fact.rank != len(shape) or others != [d for a, d in enumerate(shape) if a != self.axis]:
                raise ShapeMismatch(f"concat of {[f.shape for f in inputs]} on axis {self.axis}")
        shape[self.axis] = self.offsets(inputs)[-1]
        return [Fact(inputs[0].dt, tuple(shape))]

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        return [np.concatenate(inputs, axis=self.axis)]

    def axes_mapping(self, inputs: list[Fact], outputs: list[Fact]) -> AxesMapping:
        mapping = AxesMapping.disconnected([f.rank for f in inputs], [f.rank for f in outputs])
        for axis in range(outputs[0].rank):
            if axis != self.axis:
                for slot in range(len(inputs)):
                    mapping = mapping.linking((("out", 0), axis), (("in", slot), axis))
        return mapping

    def change_axes(self, graph: Graph, node: Node, io: InOut, change: AxisChange) -> Consequence | None:
        axis = transform_axis(change, self.axis)
        return None if axis is None else Consequence.everywhere(node, Concat(axis=axis), change)

    def declutter(self, graph: Graph, node: Node) -> Patch | None:
        if len(node.inputs) == 1:
            return Patch.shunt_one_op(graph, node)
        for slot, fact in enumerate(graph.input_facts(node)):
            if fact.volume == 0:
                rest = [outlet for i, outlet in enumerate(node.inputs) if i != slot]
                return Patch.replace_single_op(graph, node, rest, self)
        return None

    def slice(
        self, patch: Patch, graph: Graph, node: Node, prefix: str, inputs: list[Outlet], axis: int,
        start: int, end: int,
    ) -> list[Outlet] | None:  # fmt: skip
        if axis != self.axis:
            return patch.wire_node(prefix, self, inputs)
        offsets = self.offsets([patch.fact(outlet) for outlet in inputs])
        for outlet, (first, last) in zip(inputs, pairwise(offsets), strict=True):
            if first <= start and end <= last:
                piece = Slice(axis=axis, start=start - first, end=end - first)
                return patch.wire_node(f"{prefix}.slice-{axis}.{start}..{end}", piece, [outlet])
        return None
