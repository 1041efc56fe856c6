"""Each operation's own rewritings (tract `optim/op_optim.rs`)."""

from __future__ import annotations

from auditor.lowering.graph.graph import Graph
from auditor.lowering.graph.patch import Patch
from auditor.lowering.typed.plumbing import Dummy


class LocalRules:
    """Asks every node to declutter itself, again from the node that last did."""

    def __init__(self) -> None:
        self._from = 0

    def next(self, graph: Graph) -> Patch | None:
        for node in graph.nodes[self._from :]:
            if isinstance(node.op, Dummy):
                continue
            patch = node.op.declutter(graph, node)
            if patch is not None:
                self._from = node.id + (patch.once is not None)
                return patch
        return None
