"""Which translator answers for which ONNX operator; translators are found by listing ``operators/``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from msgspec import Struct

from auditor.lowering.errors import Rejected
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Graph, Outlet
from auditor.lowering.graph.op import TypedOp
from auditor.lowering.graph.tensor import Tensor
from auditor.model.graph import GraphDef, NodeDef
from auditor.registry import Registry

T = TypeVar("T")


class Call(Struct, frozen=True, kw_only=True):
    """One ONNX node on its way into the typed graph.

    ``inputs`` stand at their ONNX positions, None for an omitted optional. ``name`` is tract's name of
    the node, the prefix of all it wires. ``closures`` are the outer values its subgraphs read, in the order
    of the extra inputs of a translated body. ``main`` is the model's graph, None for a node of a body.
    ``translate_body`` turns a subgraph into a graph of its own, given
    the facts of its declared inputs.
    """

    graph: Graph
    node: NodeDef
    name: str
    opset: int
    inputs: tuple[Outlet | None, ...]
    closures: Mapping[str, Outlet]
    main: GraphDef | None
    translate_body: Callable[[GraphDef, Sequence[Fact]], Graph]

    def input(self, slot: int) -> Outlet:
        """A required input.

        Raises:
            Rejected: the node omits it.
        """
        outlet = self.optional_input(slot)
        if outlet is None:
            raise Rejected(f"input {slot} is missing")
        return outlet

    def optional_input(self, slot: int) -> Outlet | None:
        """An input that may be omitted."""
        return self.inputs[slot] if slot < len(self.inputs) else None

    @property
    def present(self) -> list[Outlet]:
        """The inputs that are not omitted, in order."""
        return [outlet for outlet in self.inputs if outlet is not None]

    def fact(self, outlet: Outlet) -> Fact:
        """What is known about a wire."""
        return self.graph.fact(outlet)

    def constant(self, slot: int) -> Tensor | None:
        """The value of an input, when it is constant."""
        outlet = self.optional_input(slot)
        return None if outlet is None else self.graph.fact(outlet).konst

    def attribute(self, name: str, default: T) -> T:
        """An attribute of the node, or the default: an integer, integers or a number with a fraction.

        Raises:
            Rejected: it is of another kind.
        """
        value = self.node.attributes.get(name, default)
        same = isinstance(value, type(default))
        if not same or (isinstance(value, tuple) and not all(isinstance(item, int) for item in value)):
            raise Rejected(f"attribute {name} is of another kind")
        return value  # type: ignore[return-value]

    def wire(self, op: TypedOp, *inputs: Outlet, suffix: str = "") -> Outlet:
        """Wire an operation with one output; ``suffix`` is appended to the node's name."""
        name = f"{self.name}.{suffix}" if suffix else self.name
        return self.graph.wire_node(name, op, inputs)[0]

    def const(self, tensor: Tensor, suffix: str) -> Outlet:
        """A constant of the node's own."""
        return self.graph.add_const(f"{self.name}.{suffix}", tensor)


Translator = Callable[[Call], Sequence[Outlet | None]]
_TRANSLATORS: Registry[str, Translator] = Registry("auditor.lowering.translate.operators")


def translates(*operators: str) -> Callable[[Translator], Translator]:
    """Registers a function as the translator of ONNX operators.

    It returns one outlet for each output the node names (omitted ones left out), as tract does; None
    for one that tract leaves unwired, so that a model that reads it fails.
    """
    return _TRANSLATORS.register(*operators)


def translator(operator: str) -> Translator | None:
    """The translator of an operator, or None when tract has none either."""
    return _TRANSLATORS.get(operator)
