"""Layout rules: how EZKL lays out each operation, one module for each family.

A rule is a function ``(op, inputs, region) -> output`` marked with :func:`layout_rule`. All modules
of this package are searched for rules, so a new operation is one new file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from auditor.circuit.ops import Op
from auditor.layout.errors import LayoutError
from auditor.layout.region import Region
from auditor.layout.values import Value
from auditor.registry import Registry

Rule = Callable[[Any, Sequence[Value], Region], Value]
RuleFunction = TypeVar("RuleFunction", bound=Rule)

_RULES: Registry[type[Op], Rule] = Registry(__name__)


def layout_rule(*operations: type[Op]) -> Callable[[RuleFunction], RuleFunction]:
    """Marks the rule of one or more operations."""
    return _RULES.register(*operations)


def operations_with_rules() -> frozenset[type[Op]]:
    """Every operation that can be laid out."""
    return _RULES.keys()


def apply_rule(operation: Op, inputs: Sequence[Value], region: Region) -> Value:
    """Lays out one operation; raises LayoutError where EZKL does, or without a rule for it."""
    rule = _RULES.get(type(operation))
    if rule is None:
        raise LayoutError(f"no layout rule for {operation.name}")
    return rule(operation, inputs, region)


def arity(operation: Op, inputs: Sequence[Value], *allowed: int) -> None:
    """Raises LayoutError unless the operation has as many inputs as EZKL lays out."""
    if len(inputs) not in allowed:
        wanted = " or ".join(map(str, allowed))
        raise LayoutError(f"{operation.name} with {len(inputs)} inputs instead of {wanted}")
