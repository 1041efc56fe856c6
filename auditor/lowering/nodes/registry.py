"""Which rule turns a typed operation into an EZKL operation; rules are found by listing this folder."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from auditor.circuit import ops
from auditor.lowering.graph.op import TypedOp

_RULES: dict[type[TypedOp], Callable[..., Any]] = {}


def node_rule(*kinds: type[TypedOp]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Registers a function as the rule of typed operations."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        for kind in kinds:
            _RULES[kind] = function
        return function

    return register


@lru_cache(maxsize=1)
def _load() -> None:
    package = importlib.import_module("auditor.lowering.nodes")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"auditor.lowering.nodes.{module.name}")


def rule_for(op: TypedOp) -> Callable[..., Any] | None:
    """The rule of an operation."""
    _load()
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
