"""Fold nodes whose inputs are all constant (tract `optim/prop_const.rs`)."""

from __future__ import annotations

from auditor.lowering.graph.evaluate import CannotEvaluate, evaluate
from auditor.lowering.graph.graph import Graph, Node
from auditor.lowering.graph.patch import Patch
from auditor.lowering.graph.shapes import ShapeMismatch
from auditor.lowering.graph.tensor import Tensor
from auditor.lowering.typed.plumbing import Const, Dummy, Source


class PropConst:
    """Replaces a constant node, and the chain that follows it, by its value."""

    def __init__(self) -> None:
        self._from = 0

    def next(self, graph: Graph) -> Patch | None:
        for node in graph.nodes[self._from :]:
            if isinstance(node.op, Const | Dummy | Source) or not node.op.is_stateless:
                continue
            constants = [fact.konst for fact in graph.input_facts(node)]
            known = [k for k in constants if k is not None]
            if len(known) < len(constants):
                continue
            try:
                values = evaluate(node.op, known)
            except CannotEvaluate:
                continue
            last, values = _follow(graph, node, values)
            self._from = last.id
            return _constants_instead(graph, last, values)
        return None


def _follow(graph: Graph, node: Node, values: list[Tensor]) -> tuple[Node, list[Tensor]]:
    while True:
        successor = graph.single_succ(node)
        if successor is None or len(successor.inputs) > 1 or not successor.op.is_stateless:
            return node, values
        try:
            values = evaluate(successor.op, values)
        except (CannotEvaluate, ShapeMismatch):
            return node, values
        node = successor


def _constants_instead(graph: Graph, node: Node, values: list[Tensor]) -> Patch:
    patch = Patch()
    for slot, value in enumerate(values):
        name = node.name if slot == 0 else f"{node.name}.{slot}"
        patch.shunt_outside(graph, (node.id, slot), patch.add_const(name, value))
    return patch
