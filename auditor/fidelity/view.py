"""A node with all that is known around it: what the rules read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TypeVar

import numpy as np
from msgspec import Struct

from auditor.fidelity.facts import NOTHING, ValueFact
from auditor.fidelity.facts import NotKnown as NotKnown
from auditor.model.graph import GraphDef, NodeDef

T = TypeVar("T")


class GraphView(Struct, frozen=True, kw_only=True):
    """A graph, the facts of its values, who makes and reads each value, and which matter to an output."""

    graph: GraphDef
    facts: Mapping[str, ValueFact]
    producers: Mapping[str, NodeDef]
    uses: Mapping[str, int]
    live: frozenset[str]

    @classmethod
    def of(cls, graph: GraphDef, facts: Mapping[str, ValueFact]) -> GraphView:
        """The view of a graph with the facts of its values and of the outer values it reads."""
        producers = {name: node for node in graph.nodes for name in node.outputs if name}
        uses = Counter(name for node in graph.nodes for name in node.inputs if name)
        return cls(graph=graph, facts=facts, producers=producers, uses=uses, live=_live(graph, producers))

    def fact(self, name: str) -> ValueFact:
        """What is known about a value."""
        return self.facts.get(name, NOTHING)


class NodeView(Struct, frozen=True, kw_only=True):
    """One node of a graph."""

    node: NodeDef
    graph: GraphView

    @property
    def label(self) -> str:
        """Its name, or that of its first output."""
        return self.node.name or next((name for name in self.node.outputs if name), self.node.op_type)

    def attribute(self, name: str, default: T) -> T:
        """An attribute, or the default when it is missing or of another type."""
        value = self.node.attributes.get(name, default)
        return value if isinstance(value, type(default)) else default

    def sizes(self, name: str) -> tuple[int, ...]:
        """An attribute that is a list of integers; empty when it is missing."""
        value = self.node.attributes.get(name)
        return tuple(item for item in value if isinstance(item, int)) if isinstance(value, tuple) else ()

    def has_input(self, slot: int) -> bool:
        """Whether an input is there."""
        return slot < len(self.node.inputs) and bool(self.node.inputs[slot])

    def fact(self, slot: int) -> ValueFact:
        """What is known about an input."""
        return self.graph.fact(self.node.inputs[slot]) if self.has_input(slot) else NOTHING

    def dims(self, slot: int) -> tuple[int, ...]:
        """The shape of an input; raises NotKnown."""
        dims = self.fact(slot).dims
        if dims is None:
            raise NotKnown(f"the shape of input {slot} is not known")
        return dims

    def dtype(self, slot: int) -> str:
        """The element type of an input; raises NotKnown."""
        dtype = self.fact(slot).dtype
        if dtype is None:
            raise NotKnown(f"the element type of input {slot} is not known")
        return dtype

    def constant(self, slot: int) -> np.ndarray | None:
        """The elements of an input, None when it is not constant; raises NotKnown."""
        fact = self.fact(slot)
        if not fact.is_constant:
            return None
        if fact.load is None:
            raise NotKnown(f"the elements of constant input {slot} are not known")
        return fact.load()

    @property
    def is_folded(self) -> bool:
        """Whether every input is constant, so that no part of the node is in the circuit."""
        names = [name for name in self.node.inputs if name]
        return bool(names) and all(self.graph.fact(name).is_constant for name in names)

    @property
    def is_read(self) -> bool:
        """Whether another node that matters reads its first output."""
        name = self.node.outputs[0]
        readers = (node for node in self.graph.graph.nodes if name in node.inputs)
        return any(self.graph.live.intersection(node.outputs) for node in readers)

    def uses_output(self, slot: int) -> bool:
        """Whether an output of the graph depends on this output."""
        return slot < len(self.node.outputs) and self.node.outputs[slot] in self.graph.live


def _live(graph: GraphDef, producers: Mapping[str, NodeDef]) -> frozenset[str]:
    """The values that an output of the graph depends on; bodies of control flow count as read."""
    from auditor.fidelity.facts import subgraphs

    waiting = [info.name for info in graph.outputs]
    live = set(waiting)
    while waiting:
        node = producers.get(waiting.pop())
        if node is None:
            continue
        read = list(node.inputs)
        for body in subgraphs(node):
            read += [name for inner in body.nodes for name in inner.inputs]
            read += [info.name for info in body.outputs]
        for name in read:
            if name and name not in live:
                live.add(name)
                waiting.append(name)
    return frozenset(live)
