"""What a rule is, and how the rules are found: every module of ``rules/`` registers its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

from msgspec import Struct

from auditor.circuit import Circuit
from auditor.fidelity.view import GraphView, NodeView
from auditor.registry import import_modules

NodeCheck = Callable[[NodeView], str | None]
CircuitCheck = Callable[[Circuit], Iterable[tuple[str, str]]]
ModelCheck = Callable[[GraphView, Circuit], Iterable[tuple[str, str]]]


class NodeRule(Struct, frozen=True, kw_only=True):
    """A condition on one ONNX node: ``check`` returns what is wrong, or None.

    A node whose inputs are all constant is evaluated by tract, rightly, and never becomes part of the
    circuit; rules about tract's own faults look at those too (``folded``).
    """

    id: str
    severity: str
    operators: tuple[str, ...]
    folded: bool
    check: NodeCheck


class CircuitRule(Struct, frozen=True, kw_only=True):
    """A condition on the circuit: ``check`` yields (node, what is wrong)."""

    id: str
    severity: str
    check: CircuitCheck


class ModelRule(Struct, frozen=True, kw_only=True):
    """A condition on the model and its circuit together: ``check`` yields (node, what is wrong)."""

    id: str
    severity: str
    check: ModelCheck


class Rules(Struct, frozen=True):
    """All rules there are."""

    nodes: list[NodeRule]
    circuits: list[CircuitRule]
    models: list[ModelRule]


_RULES = Rules([], [], [])


def node_rule(
    id: str, *operators: str, severity: str = "high", folded: bool = False
) -> Callable[[NodeCheck], NodeCheck]:
    """Registers a check of the nodes of some operators."""

    def register(check: NodeCheck) -> NodeCheck:
        _RULES.nodes.append(
            NodeRule(id=id, severity=severity, operators=operators, folded=folded, check=check)
        )
        return check

    return register


def circuit_rule(id: str, severity: str = "high") -> Callable[[CircuitCheck], CircuitCheck]:
    """Registers a check of circuits."""

    def register(check: CircuitCheck) -> CircuitCheck:
        _RULES.circuits.append(CircuitRule(id=id, severity=severity, check=check))
        return check

    return register


def model_rule(id: str, severity: str = "high") -> Callable[[ModelCheck], ModelCheck]:
    """Registers a check of a model with its circuit."""

    def register(check: ModelCheck) -> ModelCheck:
        _RULES.models.append(ModelRule(id=id, severity=severity, check=check))
        return check

    return register


@cache
def all_rules() -> Rules:
    """Every rule, in the order of the modules' names."""
    import_modules("auditor.fidelity.rules")
    return _RULES
