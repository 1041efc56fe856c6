"""Move additions, removals and permutations of axes out of the way (tract `optim/change_axes.rs`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditor.lowering.declutter.blockage import Blockage, Change, Step
from auditor.lowering.graph.axes import InOut
from auditor.lowering.graph.axis_op import AxisChange, rm, same_change
from auditor.lowering.graph.graph import Graph, Node, Outlet
from auditor.lowering.graph.op import TypedOp
from auditor.lowering.graph.patch import Patch
from auditor.lowering.typed.einsum import EinSum
from auditor.lowering.typed.plumbing import Dummy, Source

FEW = 8
"""Up to this many nodes are put in order by looking at them alone; more, by walking the whole graph."""

Bounds = Sequence[tuple[Outlet, ...]]


class ChangeAxes:
    """Tries every suggested change, and the removal of every axis of size one, once."""

    def __init__(self) -> None:
        self._tried: set[tuple[Outlet, AxisChange]] = set()
        self._blockage = Blockage()
        self._from = 0

    def next(self, graph: Graph) -> Patch | None:
        self._blockage.renew({*graph.outputs, *graph.inputs})
        for node in graph.nodes[self._from :]:
            if isinstance(node.op, Dummy):
                continue
            for outlet, change in _candidates(node):
                if (outlet, change) in self._tried:
                    continue
                self._tried.add((outlet, change))
                propagation = Propagation(graph, self._blockage)
                if propagation.run(outlet, change):
                    self._from = node.id
                    return propagation.patch()
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
    blockage = Blockage()
    blockage.renew(locked)
    propagation = Propagation(graph, blockage, bounds)
    if not propagation.run(outlet, change):
        return None
    patch = propagation.patch()
    interface: list[tuple[InOut, AxisChange]] = []
    for side, outlets in (("in", graph.inputs), ("out", graph.outputs)):
        for slot, wire in enumerate(outlets):
            changed = propagation.wires.get(propagation.group(wire)[0])
            if changed is not None:
                interface.append(((side, slot), changed))
    return patch, interface


class Propagation:
    """One change on its way through the graph. Where it fails, ``blockage`` learns why."""

    def __init__(self, graph: Graph, blockage: Blockage, bounds: Bounds = ()) -> None:
        self.graph = graph
        self.blockage = blockage
        self.wires: dict[Outlet, AxisChange] = {}
        """The change of each wire reached; of tied wires the first stands for all."""
        self.ops: dict[int, TypedOp] = {}
        self._tied = {outlet: bound for bound in bounds for outlet in bound}
        self._todo: dict[Outlet, int | None] = {}
        """Wires to follow, the last one first, and the node through which each was reached."""
        self._changed: dict[Outlet, list[int]] = {}
        """The nodes at a wire that take no further change, as they were changed already."""
        self._reached: dict[Outlet, tuple[Node, Change, bool]] = {}
        """The node through which a wire was reached, from which change, and whether also back."""

    def group(self, outlet: Outlet) -> tuple[Outlet, ...]:
        """The wires tied to a wire, itself included."""
        return self._tied.get(outlet) or (outlet,)

    def run(self, outlet: Outlet, change: AxisChange) -> bool:
        """Follow the change; False when it is blocked."""
        group = self.group(outlet)
        if any(self.blockage.stops(self.graph, (member, change), None) for member in group):
            return False
        self.wires[group[0]] = change
        self._todo[group[0]] = None
        while self._todo:
            wire, emitter = self._todo.popitem()
            change = self.wires[wire]
            for member in self.group(wire):
                if not self._enter_readers((member, change), emitter):
                    return False
        return True

    def _enter_readers(self, change: Change, emitter: int | None) -> bool:
        return all(self._enter_node(node, io, change) for node, io in self._neighbours(change[0], emitter))

    def _neighbours(self, wire: Outlet, emitter: int | None) -> Iterator[tuple[Node, InOut]]:
        """The nodes at a wire and the interface to each, without the one through which it was reached."""
        nodes, (producer, out_slot) = self.graph.nodes, wire
        if producer != emitter:
            yield nodes[producer], ("out", out_slot)
        for node_id, slot in nodes[producer].outputs[out_slot].successors:
            if node_id != emitter:
                yield nodes[node_id], ("in", slot)

    def _enter_node(self, node: Node, io: InOut, change: Change) -> bool:
        op = self.ops.get(node.id)
        if op is not None and not isinstance(op, EinSum):
            return False  # only an einsum can swallow changes on several of its interfaces
        consequence = (op or node.op).change_axes(self.graph, node, io, change[1])
        if consequence is None:
            if op is None:
                self._blocked(change, Step.through(node))
            return False
        if consequence.op is not None:
            self.ops[node.id] = consequence.op
            if self._will_come_again(node):
                return False
        for other, axes in consequence.changes:
            group = self.group(as_outlet(other, node))
            previous = self.wires.get(group[0])
            if previous is None:
                if not self._reach(group, axes, (node, change, consequence.mutual)):
                    return False
            elif previous is not axes and not same_change(previous, axes):
                return False
        return True

    def _reach(self, group: tuple[Outlet, ...], axes: AxisChange, how: tuple[Node, Change, bool]) -> bool:
        """Put a new change in the queue, unless it is known to fail (tract would find out later)."""
        wire, node_id = group[0], how[0].id
        self.wires[wire] = axes
        self._reached[wire] = how
        for member in group:
            if self.blockage.stops(self.graph, (member, axes), node_id):
                self._blocked((wire, axes), None)
                return False
        self._todo[wire] = node_id
        return not self._will_come_back(wire, node_id)

    def _will_come_again(self, node: Node) -> bool:
        """Whether a wire that is still to be followed leads to a node that has been changed already. tract
        finds out when it gets there, which in a deep network is after walking through all of it."""
        if self._tied or isinstance(self.ops[node.id], EinSum):
            return False
        wires = {*node.inputs, *((node.id, slot) for slot in range(len(node.outputs)))}
        for wire in wires:
            self._changed.setdefault(wire, []).append(node.id)
        return any(self._todo.get(wire, node.id) != node.id for wire in wires)

    def _will_come_back(self, wire: Outlet, emitter: int) -> bool:
        """The same for a wire that has just been reached."""
        return any(node_id != emitter for node_id in self._changed.get(wire, ()))

    def _blocked(self, change: Change, step: Step | None) -> None:
        """Learn from a refusal: what led there fails, and all that leads to what led there."""
        if self._tied:
            return  # changes of tied wires do not follow from one another through a node
        if step is not None:
            self.blockage.learn(change, step)
        learnt = {change[0]}
        while change[0] in self._reached:
            node, before, mutual = self._reached[change[0]]
            self.blockage.learn(before, Step.through(node, change, mutual))
            change = before
            learnt.add(change[0])
        for wire, (node, before, mutual) in self._reached.items():
            if mutual and before[0] in learnt and wire not in learnt:
                self.blockage.learn((wire, self.wires[wire]), Step.through(node, before, mutual))
                learnt.add(wire)

    def patch(self) -> Patch:
        """The patch that makes the change."""
        graph, patch = self.graph, Patch()
        replaced: dict[Outlet, Outlet] = {}
        touched = {outlet[0] for wire in self.wires for outlet in self.group(wire)} | set(self.ops)
        for node_id in self._in_order(touched):
            self._replace_node(patch, graph.nodes[node_id], replaced)
        for outlet, by in replaced.items():
            if outlet[0] in touched and any(reader not in touched for reader, _ in graph.successors(outlet)):
                patch.shunt_outside(graph, outlet, by)
        for outlet in graph.outputs:
            if outlet in replaced:
                patch.shunts[outlet] = replaced[outlet]
        return patch

    def _in_order(self, touched: set[int]) -> list[int]:
        """The nodes in evaluation order: as they read each other where that leaves no choice."""
        nodes = self.graph.nodes
        waiting = {i: {p for p, _ in nodes[i].inputs if p in touched} for i in touched}
        line: list[int] = []
        while waiting and len(touched) <= FEW:
            ready = [node_id for node_id, needs in waiting.items() if needs.issubset(line)]
            if len(ready) > 1 or isinstance(nodes[ready[0]].op, Source):
                break  # of several any may come first, and a source need not be reached at all
            line += ready
            del waiting[ready[0]]
        if waiting:
            return [node_id for node_id in self.graph.eval_order() if node_id in touched]
        return line

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
