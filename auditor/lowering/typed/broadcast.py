"""Broadcasting to a shape (tract `ops/array/broadcast.rs`)."""

from __future__ import annotations

import numpy as np

from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Graph, Node
from auditor.lowering.graph.op import TypedOp
from auditor.lowering.graph.patch import Patch
from auditor.lowering.graph.shapes import Shape, ShapeMismatch


class MultiBroadcastTo(TypedOp, frozen=True, kw_only=True):
    """Axes of size one repeated, and axes added in front, to reach ``shape``."""

    shape: Shape

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        return [Fact(inputs[0].dt, self.shape, None, inputs[0].uniform)]

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        try:
            return [np.broadcast_to(inputs[0], self.shape)]
        except ValueError as error:
            raise ShapeMismatch(f"cannot broadcast {inputs[0].shape} to {self.shape}") from error

    def declutter(self, graph: Graph, node: Node) -> Patch | None:
        if graph.fact(node.inputs[0]).shape == self.shape:
            return Patch.shunt_one_op(graph, node)
        return None
