"""The order in which passes run (tract `optim/mod.rs`, `Optimizer::declutter`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from auditor.lowering.declutter.change_axes import ChangeAxes
from auditor.lowering.declutter.local import LocalRules
from auditor.lowering.declutter.prop_const import PropConst
from auditor.lowering.declutter.push_slice_up import PushSliceUp
from auditor.lowering.declutter.push_split_down import PushSplitDown
from auditor.lowering.graph.graph import Graph
from auditor.lowering.graph.patch import Patch

SPARE_PATCHES, PATCHES_PER_NODE = 1_000, 100
"""A bound against endless rewriting, which does happen in tract; models that end need up to 4 per node."""


class EndlessRewriting(Exception):
    """The passes did not come to rest."""


class Pass(Protocol):
    """Finds one patch at a time, remembering where it was."""

    def next(self, graph: Graph) -> Patch | None:
        """The next change to make, or None when there is none left."""
        ...


PASSES: tuple[Callable[[], Pass], ...] = (PropConst, LocalRules, PushSliceUp, PushSplitDown, ChangeAxes)


def declutter(graph: Graph) -> None:
    """Rewrite the graph as tract's declutter does, in place.

    Raises:
        EndlessRewriting: the passes undo each other.
    """
    _optimize(graph, PASSES)


def propagate_constants(graph: Graph) -> None:
    """Fold what is constant, and nothing else (tract `TypedModel::prop_consts`)."""
    _optimize(graph, (PropConst,))


def _optimize(graph: Graph, passes: Sequence[Callable[[], Pass]]) -> None:
    session = _Session(SPARE_PATCHES + PATCHES_PER_NODE * len(graph.nodes))
    graph.compact()
    while True:
        before = session.patches
        for make_pass in passes:
            session.run(make_pass, graph)
        if session.patches == before:
            return


class _Session:
    """Counts patches and remembers those to be applied only once."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.patches = 0
        self.seen: set[str] = set()
        self._idle_at: dict[Callable[[], Pass], int] = {}
        """How many patches there were when a pass last found nothing to do."""

    def run(self, make_pass: Callable[[], Pass], graph: Graph) -> None:
        """Run one pass, from the start again as long as it changes anything; leaves the graph compact."""
        while True:
            before = self.patches
            if self._idle_at.get(make_pass) == before:
                return
            current = make_pass()
            while (patch := current.next(graph)) is not None:
                self._apply(patch, graph)
            if self.patches == before:
                self._idle_at[make_pass] = before
                return
            graph.compact()

    def _apply(self, patch: Patch, graph: Graph) -> None:
        if patch.once is not None:
            if patch.once in self.seen:
                return
            self.seen.add(patch.once)
        patch.apply(graph)
        self.patches += 1
        if self.patches > self.limit:
            raise EndlessRewriting(f"EZKL's compiler may never end: more than {self.limit} rewritings")
