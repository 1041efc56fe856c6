"""Slices of step one (tract `ops/array/slice.rs`)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from auditor.lowering.graph.axes import AxesMapping, InOut
from auditor.lowering.graph.axis_op import AxisChange, transform_axis
from auditor.lowering.graph.dim import is_open
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Graph, Node
from auditor.lowering.graph.op import Consequence, TypedOp
from auditor.lowering.graph.patch import Patch
from auditor.lowering.graph.shapes import ShapeMismatch


class Slice(TypedOp, frozen=True, kw_only=True):
    """Elements ``start`` to ``end`` (excluded) of one axis."""

    merges_duplicates: ClassVar[bool] = True
    axis: int
    start: int
    end: int

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        shape = list(inputs[0].shape)
        bounds = (self.start, self.end, shape[self.axis])
        if not any(map(is_open, bounds)) and not 0 <= self.start <= self.end <= shape[self.axis]:
            raise ShapeMismatch(f"slice {self.start}..{self.end} of axis {self.axis} of {tuple(shape)}")
        shape[self.axis] = self.end - self.start
        return [Fact(inputs[0].dt, tuple(shape))]

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        index = [slice(None)] * inputs[0].ndim
        index[self.axis] = slice(self.start, self.end)
        return [inputs[0][tuple(index)]]

    def axes_mapping(self, inputs: list[Fact], outputs: list[Fact]) -> AxesMapping:
        mapping = AxesMapping.disconnected([f.rank for f in inputs], [f.rank for f in outputs])
        for axis in range(inputs[0].rank):
            if axis != self.axis:
                letter = chr(ord("a") + axis)
                mapping = mapping.renaming((("in", 0), axis), letter).linking(letter, (("out", 0), axis))
        return mapping

    def change_axes(self, graph: Graph, node: Node, io: InOut, change: AxisChange) -> Consequence | None:
        axis = transform_axis(change, self.axis)
        if axis is None:
            return None
        op = None if axis == self.axis else Slice(axis=axis, start=self.start, end=self.end)
        return Consequence.everywhere(node, op, change)

    def declutter(self, graph: Graph, node: Node) -> Patch | None:
        if self.start == 0 and self.end == graph.fact(node.inputs[0]).shape[self.axis]:
            return Patch.shunt_one_op(graph, node)
        previous = graph.nodes[node.inputs[0][0]]
        if isinstance(previous.op, Slice) and previous.op.axis == self.axis:
            offset = previous.op.start
            joined = Slice(axis=self.axis, start=self.start + offset, end=self.end + offset)
            return Patch.replace_single_op(graph, node, previous.inputs, joined)
        return None
