"""Merge equal operations on the same inputs (tract `optim/push_split_down.rs`)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import combinations

from auditor.lowering.errors import Uncertain
from auditor.lowering.graph.graph import Graph, Inlet, Outlet
from auditor.lowering.graph.patch import Patch

_MOST_READERS = 4_000
"""Of one value: they are compared in pairs."""


class PushSplitDown:
    """Among the readers of a wire, lets equal ones share one result."""

    def next(self, graph: Graph) -> Patch | None:
        patch = Patch()
        outputs = set(graph.outputs)
        gone: set[int] = set()
        for node_id in graph.eval_order():
            for output in graph.nodes[node_id].outputs:
                for first, second in _candidates(graph, output.successors, outputs):
                    if second in gone:
                        continue
                    if graph.nodes[first].op == graph.nodes[second].op:
                        _merge(graph, patch, first, second)
                        gone.add(second)
        return None if patch.is_empty else patch


def _candidates(
    graph: Graph, readers: Sequence[Inlet], outputs: Collection[Outlet]
) -> Iterator[tuple[int, int]]:
    """Pairs of readers with the same inputs, not both outputs; a constant may have thousands of readers.

    Raises:
        Uncertain: there are more pairs than are looked at.
    """
    if len(readers) < 2:
        return
    groups: dict[tuple[Outlet, ...], dict[int, None]] = {}
    for node_id, _ in readers:
        node = graph.nodes[node_id]
        if node.op.merges_duplicates:
            groups.setdefault(tuple(node.inputs), {})[node_id] = None
    for group in groups.values():
        merged = [node_id for node_id in group if (node_id, 0) not in outputs]
        if len(merged) > _MOST_READERS or len(merged) * len(group) > _MOST_READERS**2:
            raise Uncertain(
                f"{len(group):,} nodes read the same value; no more than {_MOST_READERS:,} are compared"
            )
        for first, second in combinations(group, 2) if merged else ():
            if (first, 0) not in outputs or (second, 0) not in outputs:
                yield first, second


def _merge(graph: Graph, patch: Patch, first: int, second: int) -> None:
    for slot in range(len(graph.nodes[second].outputs)):
        patch.shunt_outside(graph, (second, slot), patch.tap(graph, (first, slot)))
        patch.obliterate(second)
