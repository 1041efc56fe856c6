"""Merge equal operations on the same inputs (tract `optim/push_split_down.rs`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from auditor.lowering.graph.graph import Graph, Inlet, Outlet
from auditor.lowering.graph.patch import Patch


class PushSplitDown:
    """Among the readers of a wire, lets equal ones share one result."""

    def next(self, graph: Graph) -> Patch | None:
        patch = Patch()
        outputs = set(graph.outputs)
        gone: set[int] = set()
        for node_id in graph.eval_order():
            for output in graph.nodes[node_id].outputs:
                for first, second in _candidates(graph, output.successors):
                    if second in gone or ((first, 0) in outputs and (second, 0) in outputs):
                        continue
                    if graph.nodes[first].op == graph.nodes[second].op:
                        _merge(graph, patch, first, second)
                        gone.add(second)
        return None if patch.is_empty else patch


def _candidates(graph: Graph, readers: Sequence[Inlet]) -> Iterator[tuple[int, int]]:
    """Pairs of readers with the same inputs; a constant may have thousands that share nothing else."""
    if len(readers) < 2:
        return
    groups: dict[tuple[Outlet, ...], dict[int, None]] = {}
    for node_id, _ in readers:
        node = graph.nodes[node_id]
        if node.op.merges_duplicates:
            groups.setdefault(tuple(node.inputs), {})[node_id] = None
    for group in groups.values():
        yield from combinations(group, 2)


def _merge(graph: Graph, patch: Patch, first: int, second: int) -> None:
    for slot in range(len(graph.nodes[second].outputs)):
        patch.shunt_outside(graph, (second, slot), patch.tap(graph, (first, slot)))
        patch.obliterate(second)
