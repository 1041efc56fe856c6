"""Merge equal operations on the same inputs (tract `optim/push_split_down.rs`)."""

from __future__ import annotations

from itertools import combinations

from auditor.lowering.graph.graph import Graph
from auditor.lowering.graph.patch import Patch


class PushSplitDown:
    """Among the readers of a wire, lets equal ones share one result."""

    def next(self, graph: Graph) -> Patch | None:
        patch = Patch()
        outputs = set(graph.outputs)
        gone: set[int] = set()
        for node_id in graph.eval_order():
            for output in graph.nodes[node_id].outputs:
                if len(output.successors) < 2:
                    continue
                for (first, _), (second, _) in combinations(output.successors, 2):
                    if first == second or second in gone:
                        continue
                    if (first, 0) in outputs and (second, 0) in outputs:
                        continue
                    if _same(graph, first, second):
                        _merge(graph, patch, first, second)
                        gone.add(second)
        return None if patch.is_empty else patch


def _same(graph: Graph, first: int, second: int) -> bool:
    a, b = graph.nodes[first], graph.nodes[second]
    return a.inputs == b.inputs and a.op.merges_duplicates and a.op == b.op


def _merge(graph: Graph, patch: Patch, first: int, second: int) -> None:
    for slot in range(len(graph.nodes[second].outputs)):
        patch.shunt_outside(graph, (second, slot), patch.tap(graph, (first, slot)))
        patch.obliterate(second)
