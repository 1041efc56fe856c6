"""Padding (tract `ops/array/pad.rs`)."""

from __future__ import annotations

import numpy as np

from auditor.lowering.graph.axes import AxesMapping, InOut
from auditor.lowering.graph.axis_op import AxisChange
from auditor.lowering.graph.evaluate import CannotEvaluate
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Graph, Node
from auditor.lowering.graph.op import Consequence, TypedOp
from auditor.lowering.graph.patch import Patch
from auditor.lowering.graph.shapes import ShapeMismatch
from auditor.lowering.graph.tensor import Tensor


class Pad(TypedOp, frozen=True, kw_only=True):
    """Elements added before and after each axis.

    ``pads`` holds (before, after) for each axis; ``mode`` is ``constant``, ``reflect`` or ``edge``;
    ``fill`` is the constant of the first mode, not necessarily of the type of the data.
    """

    pads: tuple[tuple[int, int], ...]
    mode: str
    fill: Tensor | None = None

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        fact = inputs[0]
        if len(self.pads) != fact.rank:
            raise ShapeMismatch(f"{len(self.pads)} paddings for rank {fact.rank}")
        sizes = zip(fact.shape, self.pads, strict=True)
        return [Fact(fact.dt, tuple(size + before + after for size, (before, after) in sizes))]

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        data = inputs[0]
        if data.dtype == np.bool_ or data.dtype == np.object_:
            raise CannotEvaluate("padding is folded for numbers only")
        if any(before < 0 or after < 0 for before, after in self.pads):
            raise ShapeMismatch("padding by a negative amount, on which EZKL panics")
        if self.mode == "constant":
            fill = np.zeros((), data.dtype) if self.fill is None else self.fill.array.reshape(())
            return [np.pad(data, self.pads, constant_values=fill.astype(data.dtype))]
        return [np.pad(data, self.pads, mode="reflect" if self.mode == "reflect" else "edge")]

    def axes_mapping(self, inputs: list[Fact], outputs: list[Fact]) -> AxesMapping:
        mapping = AxesMapping.disconnected([f.rank for f in inputs], [f.rank for f in outputs])
        for axis, pads in enumerate(self.pads):
            if pads == (0, 0):
                mapping = mapping.linking((("in", 0), axis), (("out", 0), axis))
        return mapping

    def change_axes(self, graph: Graph, node: Node, io: InOut, change: AxisChange) -> Consequence | None:
        if io != ("in", 0):
            return None
        pads = list(self.pads)
        if change.kind == "rm" and pads.pop(change.at) != (0, 0):
            return None
        if change.kind == "add":
            pads.insert(change.at, (0, 0))
        if change.kind not in ("rm", "add"):
            return None
        return Consequence.everywhere(node, Pad(pads=tuple(pads), mode=self.mode, fill=self.fill), change)

    def declutter(self, graph: Graph, node: Node) -> Patch | None:
        if all(pads == (0, 0) for pads in self.pads):
            return Patch.shunt_one_op(graph, node)
        return None
