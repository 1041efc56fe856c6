"""Comparisons (tract `ops/logic/comparison.rs`)."""

from __future__ import annotations

import numpy as np

from auditor.lowering.graph.axes import InOut
from auditor.lowering.graph.axis_op import AxisChange
from auditor.lowering.graph.dim import UnknownForm, holds_open
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Graph, Node
from auditor.lowering.graph.op import Consequence
from auditor.lowering.graph.shapes import ShapeMismatch, broadcast_shapes
from auditor.lowering.typed.binary import BroadcastOp

_EVALUATIONS = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


class Comp(BroadcastOp, frozen=True, kw_only=True):
    """One of ``== != < <= > >=``, named as tract names them. tract never takes two for equal."""

    kind: str

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        return [Fact("bool", broadcast_shapes([inputs[0].shape, inputs[1].shape]))]

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        a, b = inputs
        if holds_open(a) or holds_open(b):
            return [self._of_open_sizes(a, b)]
        if a.dtype != b.dtype or a.dtype.kind not in "iuf":
            raise ShapeMismatch(f"EZKL does not compare constants of types {a.dtype} and {b.dtype}")
        return [np.asarray(_EVALUATIONS[self.kind](a, b))]

    def _of_open_sizes(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """tract compares the first input with itself where any size is still a symbol."""
        if a.shape != np.broadcast_shapes(a.shape, b.shape):
            raise UnknownForm("a comparison of sizes that are not numbers yet")
        return np.full(a.shape, self.kind in ("==", "<=", ">="))

    def change_axes(self, graph: Graph, node: Node, io: InOut, change: AxisChange) -> Consequence | None:
        if change.kind == "rm":
            shapes = [graph.fact(node.inputs[0]).shape, node.outputs[0].fact.shape]
            if any(change.at >= len(shape) for shape in shapes):
                raise ShapeMismatch("EZKL panics over a comparison of different ranks")
            if any(shape[change.at] != 1 for shape in shapes):
                return None
        return Consequence.everywhere(node, None, change)
