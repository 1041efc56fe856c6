"""Move additions, removals and permutations of axes out of the way (tract `optim/change_axes.rs`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from auditor.lowering.graph.axes import InOut
from auditor.lowering.graph.axis_op import AxisChange, rm, same_change
from auditor.lowering.graph.graph import Graph, Node, Outlet
from auditor.lowering.graph.op import TypedOp
from auditor.lowering.graph.patch import Patch
from auditor.lowering.typed.einsum import EinSum
from auditor.lowering.typed.plumbing import Dummy, Source

Bounds = Sequence[tuple[Outlet, ...]]


class ChangeAxes:
    """Tries every suggested change, and the removal of every axis of size one, once.

    What blocks a change blocks it from every wire it must reach, so these are not tried before the graph
    changes: the wires of a residual stream are all one.
    """

    def __init__(self) -> None:
        self._tried: set[tuple[Outlet, AxisChange]] = set()
        self._blocked: set[tuple[Outlet, AxisChange]] = set()
        self._from = 0

    def next(self, graph: Graph) -> Patch | None:
        locked = {*graph.outputs, *graph.inputs}
        for node in graph.nodes[self._from :]:
            if isinstance(node.op, Dummy):
                continue
            for outlet, change in _candidates(node):
                if (outlet, change) in self._tried:
                    continue
                self._tried.add((outlet, change))
                propagation = Propagation(graph, locked, known_blocked=self._blocked)
                if propagation.run(outlet, change):
                    self._from = node.id
                    self._blocked.clear()
                    return propagation.patch()
                if propagation.blocked_for_all:
                    self._blocked |= propagation.mutual
        return None


def _candidates(node: Node) -> Iterator[tuple[Outlet, AxisChange]]:
    for io, change in node.op.suggested_axis_changes():
        yield as_outlet(io, node), change
    for slot, output in enumerate(node.outputs):
        for axis, dim in enumerate(output.fact.shape):
            if dim == 1:
                yield (node.id, slot), rm(axis)


def as_outlet(io: InOut, node: Node) -> Outlet:
    """The wire behind an interface of a node."""
    return node.inputs[io[1]] if io[0] == "in" else (node.id, io[1])


def change_axes(
    graph: Graph, outlet: Outlet, change: AxisChange, locked: set[Outlet], bounds: Bounds = ()
) -> tuple[Patch, list[tuple[InOut, AxisChange]]] | None:
    """Change the axes of one wire and everything that follows from it.

    ``locked`` wires may not change; wires ``bounds`` ties together change together. Returns the patch and
    the changes of the graph's own inputs and outputs; None when something blocks.
    """
    propagation = Propagation(graph, locked, bounds)
    if not propagation.run(outlet, change):
        return None
    patch = propagation.patch()
    interface: list[tuple[InOut, AxisChange]] = []
    for side, outlets in (("in", graph.inputs), ("out", graph.outputs)):
        for slot, wire in enumerate(outlets):
            changed = propagation.wires.get(propagation.group(wire))
            if changed is not None:
                interface.append(((side, slot), changed))
    return patch, interface


class Propagation:
    """One change on its way through the graph.

    ``mutual`` are the changes that would lead to this one, found so far; when one of them is in
    ``known_blocked``, so is this one. After a failure, ``blocked_for_all`` says that all of them would fail
    as well: what blocks does not depend on the order in which nodes were entered.
    """

    def __init__(
        self,
        graph: Graph,
        locked: set[Outlet],
        bounds: Bounds = (),
        known_blocked: Set[tuple[Outlet, AxisChange]] = frozenset(),
    ) -> None:
        self.graph = graph
        self.locked = locked
        self.bounds = bounds
        self.known_blocked = known_blocked
        self.wires: dict[tuple[Outlet, ...], AxisChange] = {}
        self.ops: dict[int, TypedOp] = {}
        self.mutual: set[tuple[Outlet, AxisChange]] = set()
        self.blocked_for_all = True

    def group(self, outlet: Outlet) -> tuple[Outlet, ...]:
        """The wires tied to a wire, itself included."""
        return next((bound for bound in self.bounds if outlet in bound), (outlet,))

    def run(self, outlet: Outlet, change: AxisChange) -> bool:
        """Follow the change; False when it is blocked."""
        self.wires[self.group(outlet)] = change
        self.mutual.add((outlet, change))
        if (outlet, change) in self.known_blocked:
            return False
        todo: list[tuple[Outlet, AxisChange, int | None]] = [(outlet, change, None)]
        while todo:
            wire, current, emitter = todo.pop()
            for member in self.group(wire):
                if member in self.locked or not self._enter_readers(member, current, emitter, todo):
                    return False
        return True

    def _enter_readers(
        self, outlet: Outlet, change: AxisChange, emitter: int | None,
        todo: list[tuple[Outlet, AxisChange, int | None]],
    ) -> bool:  # fmt: skip
        interfaces: list[tuple[int, InOut]] = [(outlet[0], ("out", outlet[1]))]
        interfaces += [(node_id, ("in", slot)) for node_id, slot in self.graph.successors(outlet)]
        for node_id, io in interfaces:
            if node_id != emitter and not self._enter_node(node_id, io, change, todo):
                return False
        return True

    def _enter_node(
        self, node_id: int, io: InOut, change: AxisChange,
        todo: list[tuple[Outlet, AxisChange, int | None]],
    ) -> bool:  # fmt: skip
        node = self.graph.nodes[node_id]
        op = self.ops.get(node_id)
        if op is not None and not isinstance(op, EinSum):
            self.blocked_for_all = False
            return False  # only an einsum can swallow changes on several of its interfaces
        consequence = (op or node.op).change_axes(self.graph, node, io, change)
        if consequence is None:
            self.blocked_for_all = op is None
            return False
        if consequence.mutual and (as_outlet(io, node), change) in self.mutual:
            linked = {(as_outlet(other, node), change) for other, _ in consequence.changes}
            self.mutual |= linked
            if not linked.isdisjoint(self.known_blocked):
                return False
        if consequence.op is not None:
            self.ops[node_id] = consequence.op
        for wire_io, wire_change in consequence.changes:
            group = self.group(as_outlet(wire_io, node))
            previous = self.wires.get(group)
            if previous is None:
                if not self.locked.isdisjoint(group):
                    return False  # tract would find this out later
                self.wires[group] = wire_change
                todo.append((group[0], wire_change, node_id))
            elif not same_change(previous, wire_change):
                self.blocked_for_all = False
                return False
        return True

    def patch(self) -> Patch:
        """The patch that makes the change."""
        graph, patch = self.graph, Patch()
        replaced: dict[Outlet, Outlet] = {}
        touched = {outlet[0] for group in self.wires for outlet in group} | set(self.ops)
        for node_id in graph.eval_order():
            node = graph.nodes[node_id]
            if node_id in touched:
                self._replace_node(patch, node, replaced)
                continue
            for outlet in node.inputs:
                if outlet in replaced:
                    patch.shunt_outside(graph, outlet, replaced[outlet])
        for outlet in graph.outputs:
            if outlet in replaced:
                patch.shunts[outlet] = replaced[outlet]
        return patch

    def _replace_node(self, patch: Patch, node: Node, replaced: dict[Outlet, Outlet]) -> None:
        inputs = []
        for outlet in node.inputs:
            if outlet not in replaced:
                replaced[outlet] = patch.tap(self.graph, outlet)
            inputs.append(replaced[outlet])
        op = self.ops.get(node.id, node.op)
        wires = patch.wire_node(node.name, op, inputs)
        if isinstance(op, Source):
            patch.replaced_inputs[wires[0][0]] = node.id
        for slot, wire in enumerate(wires):
            replaced[(node.id, slot)] = wire
