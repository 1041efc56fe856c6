"""What is known to block changes of axes, so that the same wall is not walked to again and again.

A change of one wire leads to changes of others, and fails as a whole where one of them is refused. So it
fails again whenever it leads to a change that failed for that reason, as long as every node on the way
is what it was. In a residual network nearly every wire leads to the same few refusals.
"""

from __future__ import annotations

from collections.abc import Set

from msgspec import Struct

from auditor.lowering.graph.axis_op import AxisChange
from auditor.lowering.graph.graph import Graph, Node, Outlet
from auditor.lowering.graph.op import TypedOp

Change = tuple[Outlet, AxisChange]
"""A wire, and what would happen to its axes."""


class Step(Struct, frozen=True):
    """Why a change leads to ``next``: through a node, as it was then. Without ``next`` the node refuses it.

    ``mutual`` says that ``next`` leads back through the node in the same way.
    """

    node: Node
    op: TypedOp
    inputs: tuple[Outlet, ...]
    next: Change | None = None
    mutual: bool = False

    @classmethod
    def through(cls, node: Node, next: Change | None = None, mutual: bool = False) -> Step:
        """The step through a node as it is now."""
        return cls(node, node.op, tuple(node.inputs), next, mutual)

    def holds(self, graph: Graph) -> bool:
        """Whether the node is still what it was."""
        node = self.node
        return node.op is self.op and graph.nodes[node.id] is node and tuple(node.inputs) == self.inputs


class Blockage:
    """Changes that are known to fail, each with the next step towards what refuses it.

    A change of a wire in ``locked`` fails at once.
    """

    def __init__(self) -> None:
        self.locked: Set[Outlet] = frozenset()
        self._steps: dict[Change, Step] = {}
        self._checked: set[Change] = set()

    def renew(self, locked: Set[Outlet]) -> None:
        """The graph may have changed: steps are to be looked at again before they count."""
        self.locked = locked
        self._checked.clear()

    def stops(self, graph: Graph, change: Change, came_from: int | None) -> bool:
        """Whether a change, met coming through a node, still fails.

        What lies behind that node is not entered again from here, unless it is there either way.
        """
        first = self._steps.get(change)
        if first is not None and first.node.id == came_from and not first.mutual:
            return change[0] in self.locked
        way: list[Change] = []
        at: Change | None = change
        while at is not None and at[0] not in self.locked and at not in self._checked:
            step = self._steps.get(at)
            if step is None or not step.holds(graph):
                self._steps.pop(at, None)
                return False
            way.append(at)
            at = step.next
        self._checked.update(way)
        return True

    def learn(self, change: Change, step: Step) -> None:
        """Note the next step from a change that fails."""
        self._steps[change] = step
