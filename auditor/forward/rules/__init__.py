"""Forward rules: what EZKL computes for each operation, one module for each family.

A rule is a function ``(op, inputs, ledger) -> output`` marked with :func:`forward_rule`. All modules of
this package are searched for rules, so a new operation is one new file. Values are int64 arrays with an
axis of rows before EZKL's own, of length one where a value is the same for all rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from auditor.circuit.ops import Op
from auditor.forward.errors import Unmodelled
from auditor.forward.ledger import Ledger
from auditor.registry import Registry

Rule = Callable[[Any, Sequence[np.ndarray], Ledger], np.ndarray]
RuleFunction = TypeVar("RuleFunction", bound=Rule)

_RULES: Registry[type[Op], Rule] = Registry(__name__)


def forward_rule(*operations: type[Op]) -> Callable[[RuleFunction], RuleFunction]:
    """Marks the rule of one or more operations."""
    return _RULES.register(*operations)


def operations_with_rules() -> frozenset[type[Op]]:
    """Every operation that can be computed."""
    return _RULES.keys()


def apply_rule(operation: Op, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """Computes one operation; raises Unmodelled without a rule for it."""
    rule = _RULES.get(type(operation))
    if rule is None:
        raise Unmodelled(f"no rule for {operation.name}")
    return rule(operation, inputs, ledger)


def arity(operation: Op, inputs: Sequence[np.ndarray], *allowed: int) -> None:
    """Raises Unmodelled unless the operation has as many inputs as EZKL computes with."""
    if len(inputs) not in allowed:
        wanted = " or ".join(map(str, allowed))
        raise Unmodelled(f"{operation.name} with {len(inputs)} inputs instead of {wanted}")
