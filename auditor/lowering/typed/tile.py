"""Repetition (tract `ops/array/tile.rs`)."""

from __future__ import annotations

import numpy as np

from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Graph, Node
from auditor.lowering.graph.op import TypedOp
from auditor.lowering.graph.patch import Patch
from auditor.lowering.typed.broadcast import MultiBroadcastTo


class Tile(TypedOp, frozen=True, kw_only=True):
    """Each axis repeated ``multipliers`` times."""

    multipliers: tuple[int, ...]

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        shape = tuple(d * m for d, m in zip(inputs[0].shape, self.multipliers, strict=False))
        return [Fact(inputs[0].dt, shape)]

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        return [np.tile(inputs[0], self.multipliers)]

    def declutter(self, graph: Graph, node: Node) -> Patch | None:
        fact = graph.fact(node.inputs[0])
        if any(d != 1 and m != 1 for d, m in zip(fact.shape, self.multipliers, strict=False)):
            return None
        shape = self.output_facts([fact])[0].shape
        return Patch.single_unary_op(graph, node, MultiBroadcastTo(shape=shape))
