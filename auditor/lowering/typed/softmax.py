"""Softmax over one or more axes (tract `ops/nn/softmax/mod.rs`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from auditor.lowering.graph.axes import AxesMapping, InOut
from auditor.lowering.graph.axis_op import AxisChange, transform_axis
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.op import Consequence, TypedOp
from auditor.lowering.graph.shapes import ShapeMismatch

if TYPE_CHECKING:
    from auditor.lowering.graph.graph import Graph, Node


class Softmax(TypedOp, frozen=True, kw_only=True):
    """Exponentials over ``axes``, divided by their sum."""

    axes: tuple[int, ...]

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        fact = inputs[0]
        if not fact.dt.startswith("f"):
            raise ShapeMismatch(f"softmax of {fact.dt}")
        return [Fact(fact.dt, fact.shape)]

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        array = inputs[0]
        with np.errstate(all="ignore"):
            powers = np.exp(array - array.max(axis=self.axes, keepdims=True))
            return [powers / powers.sum(axis=self.axes, keepdims=True, dtype=array.dtype)]

    def axes_mapping(self, inputs: list[Fact], outputs: list[Fact]) -> AxesMapping:
        return AxesMapping.natural(len(inputs), len(outputs), inputs[0].rank)

    def change_axes(self, graph: Graph, node: Node, io: InOut, change: AxisChange) -> Consequence | None:
        moved = [transform_axis(change, axis) for axis in self.axes]
        axes = tuple(axis for axis in moved if axis is not None)
        return Consequence.everywhere(node, Softmax(axes=axes), change) if len(axes) == len(moved) else None
