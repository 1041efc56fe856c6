"""Dropout, which does nothing at inference (tract `onnx/src/ops/nn/dropout.rs`)."""

from __future__ import annotations

import numpy as np

from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Graph, Node
from auditor.lowering.graph.op import TypedOp
from auditor.lowering.graph.patch import Patch
from auditor.lowering.typed.plumbing import Identity


class Dropout(TypedOp, frozen=True):
    """Passes its input on; tract gives it one output even where the node names a mask."""

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        fact = inputs[0]
        return [Fact(fact.dt, fact.shape, fact.konst, fact.uniform_value)]

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        return inputs

    def declutter(self, graph: Graph, node: Node) -> Patch | None:
        return Patch.single_unary_op(graph, node, Identity())
