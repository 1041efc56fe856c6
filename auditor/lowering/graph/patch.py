"""A small graph that replaces part of a larger one (tract `model/patch.rs`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Graph, Node, Outlet
from auditor.lowering.graph.op import TypedOp
from auditor.lowering.graph.shapes import ShapeMismatch
from auditor.lowering.typed.plumbing import Const, Dummy, Source

Wiring = Callable[["Patch", list[Outlet]], list[Outlet]]


class Patch(Graph):
    """New nodes, where they tap the target's wires, and which of its wires they replace.

    ``once`` makes the optimizer apply patches with the same text only once.
    """

    def __init__(self) -> None:
        super().__init__()
        self.taps_to: dict[Outlet, Outlet] = {}
        self.shunts: dict[Outlet, Outlet] = {}
        self.obliterated: list[int] = []
        self.replaced_inputs: dict[int, int] = {}
        self.once: str | None = None

    # --- building

    def tap(self, target: Graph, outlet: Outlet) -> Outlet:
        """A wire of the target, for use in the patch."""
        fact = target.fact(outlet)
        tap = self.add_source("tap", Fact(fact.dt, fact.shape, fact.konst, fact.uniform_value))
        self.taps_to[tap] = outlet
        return tap

    def taps(self, target: Graph, outlets: Iterable[Outlet]) -> list[Outlet]:
        """Several wires of the target."""
        return [self.tap(target, outlet) for outlet in outlets]

    def shunt_outside(self, target: Graph, outlet: Outlet, by: Outlet) -> None:
        """Let a wire of the patch stand for a wire of the target.

        Raises:
            ShapeMismatch: the two differ in type or shape.
        """
        old, new = target.fact(outlet), self.fact(by)
        if old.dt != new.dt or old.shape != new.shape:
            raise ShapeMismatch(f"cannot replace {old.dt}{old.shape} by {new.dt}{new.shape}")
        self.shunts[outlet] = by

    def obliterate(self, node_id: int) -> None:
        """Discard a node of the target."""
        self.obliterated.append(node_id)

    @property
    def is_empty(self) -> bool:
        """Whether applying it would do nothing."""
        return not (self.nodes or self.shunts or self.obliterated)

    # --- usual patches

    @classmethod
    def replace_single_op(cls, target: Graph, node: Node, inputs: Sequence[Outlet], op: TypedOp) -> Patch:
        """Another operation in a node's place."""
        patch = cls()
        wires = patch.wire_node(node.name, op, patch.taps(target, inputs))
        for slot, wire in enumerate(wires):
            patch.shunt_outside(target, (node.id, slot), wire)
        patch.obliterate(node.id)
        return patch

    @classmethod
    def single_unary_op(cls, target: Graph, node: Node, op: TypedOp) -> Patch:
        """Another operation in a node's place, on its first input only."""
        return cls.replace_single_op(target, node, [node.inputs[0]], op)

    @classmethod
    def fuse_with_next(cls, target: Graph, node: Node, op: TypedOp) -> Patch:
        """One operation for a node and its single successor."""
        successor = target.single_succ(node)
        assert successor is not None, "only a node with a single successor can be fused with it"
        patch = cls()
        wires = patch.wire_node(node.name, op, patch.taps(target, node.inputs))
        patch.shunt_outside(target, (successor.id, 0), wires[0])
        return patch

    @classmethod
    def shunt_one_op(cls, target: Graph, node: Node) -> Patch | None:
        """A node's input in place of its output, unless both are outputs of the model."""
        if (node.id, 0) in target.outputs and node.inputs[0] in target.outputs:
            return None
        return cls.rewire(target, node.inputs, [(node.id, 0)], lambda _, wires: wires)

    @classmethod
    def rewire(cls, target: Graph, old: Sequence[Outlet], to: Sequence[Outlet], wiring: Wiring) -> Patch:
        """Whatever ``wiring`` makes of some wires, in place of others."""
        patch = cls()
        for new, outlet in zip(wiring(patch, patch.taps(target, old)), to, strict=True):
            patch.shunt_outside(target, outlet, new)
        return patch

    # --- applying

    def apply(self, target: Graph) -> None:
        """Make the change in the target."""
        mapping = dict(self.taps_to)
        added = self._copy_nodes(target, mapping)
        for outlet, by in sorted(self.shunts.items()):
            _redirect(target, outlet, mapping[by])
        for new_id, inputs in added:
            for slot, outlet in enumerate(inputs):
                target.add_edge(mapping[outlet], (new_id, slot))
        for node_id in self.obliterated:
            target.nodes[node_id].op = Dummy()
        _collect_garbage(target, {outlet[0] for outlet in self.shunts})

    def _copy_nodes(self, target: Graph, mapping: dict[Outlet, Outlet]) -> list[tuple[int, list[Outlet]]]:
        added = []
        for node in self.nodes:
            if (node.id, 0) in self.taps_to:
                continue
            if isinstance(node.op, Const):
                mapping[(node.id, 0)] = target.add_const(node.name, node.op.tensor)
                continue
            new_id = target.add_node(node.name, node.op, [output.fact for output in node.outputs])
            for slot in range(len(node.outputs)):
                mapping[(node.id, slot)] = (new_id, slot)
            added.append((new_id, node.inputs))
            if isinstance(node.op, Source):
                replaced = self.replaced_inputs[node.id]
                target.inputs = [(new_id, s) if i == replaced else (i, s) for i, s in target.inputs]
        return added


def _redirect(target: Graph, outlet: Outlet, by: Outlet) -> None:
    for inlet in list(target.successors(outlet)):
        target.add_edge(by, inlet)
    target.outputs = [by if existing == outlet else existing for existing in target.outputs]


def _collect_garbage(target: Graph, suspects: set[int]) -> None:
    needed = {node_id for node_id, _ in target.outputs} | {node_id for node_id, _ in target.inputs}
    while suspects:
        node_id = suspects.pop()
        node = target.nodes[node_id]
        if node_id in needed or any(output.successors for output in node.outputs):
            continue
        node.op = Dummy()
        node.outputs = []
        for outlet in node.inputs:
            output = target.nodes[outlet[0]].outputs[outlet[1]]
            output.successors = [inlet for inlet in output.successors if inlet[0] != node_id]
            suspects.add(outlet[0])
        node.inputs = []
