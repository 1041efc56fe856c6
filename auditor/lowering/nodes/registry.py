"""Which rule turns a typed operation into an EZKL operation; rules are found by listing this folder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from auditor.circuit import ops
from auditor.lowering.graph.op import TypedOp
from auditor.registry import Registry

_RULES: Registry[type[TypedOp], Callable[..., Any]] = Registry("auditor.lowering.nodes")


def node_rule(*kinds: type[TypedOp]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Registers a function as the rule of typed operations."""
    return _RULES.register(*kinds)


def rule_for(op: TypedOp) -> Callable[..., Any] | None:
    """The rule of an operation."""
    return _RULES.get(type(op))


def tract_name(op: TypedOp) -> str:
    """tract's name of an operation, by which EZKL finds its own."""
    known = getattr(op, "kind", None) or getattr(op, "name", None)
    name = type(op).__name__
    if known is None:
        return name
    return f"{name}<{known}>" if name == "Reduce" else str(known)


def unknown(op: TypedOp) -> ops.Unknown:
    """What EZKL makes of an operation it does not know: it stands in the graph and has no layout."""
    return ops.Unknown(reason=f"EZKL has no circuit for {tract_name(op)}")
