"""Bound rules: what EZKL may compute for each operation on intervals, one module for each family.

A rule is a function ``(op, inputs, ledger) -> output`` marked with :func:`bound_rule`. All modules of this
package are searched for rules, so a new operation is one new file. One input at least has two rows: where all
are known, the exact rule of :mod:`auditor.forward.rules` is applied instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from auditor.circuit.ops import Op
from auditor.forward.errors import Unmodelled
from auditor.forward.ledger import Ledger
from auditor.forward.rules import Rule, RuleFunction, apply_rule
from auditor.registry import Registry

_RULES: Registry[type[Op], Rule] = Registry(__name__)


def bound_rule(*operations: type[Op]) -> Callable[[RuleFunction], RuleFunction]:
    """Marks the rule of one or more operations."""
    return _RULES.register(*operations)


def operations_with_bounds() -> frozenset[type[Op]]:
    """Every operation that has a sound rule."""
    return _RULES.keys()


def apply_bound(operation: Op, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """Bounds one operation; raises Unmodelled without a rule for it."""
    if all(len(value) == 1 for value in inputs):
        return apply_rule(operation, inputs, ledger)
    rule = _RULES.get(type(operation))
    if rule is None:
        raise Unmodelled(f"no sound rule for {operation.name}")
    return rule(operation, inputs, ledger)
