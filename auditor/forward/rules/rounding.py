"""Rounding: the last digit in base ``scale`` is dropped and the one before it adjusted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auditor.circuit import ops
from auditor.forward.errors import Unmodelled
from auditor.forward.gadgets import as_flag, greater, greater_equal
from auditor.forward.ledger import Ledger
from auditor.forward.numbers import add, multiply, rounded, scale_by
from auditor.forward.rules import arity, forward_rule
from auditor.forward.rules.nonlinear import nonlinearity

_INTEGER_REP_LIMIT = 1 << 127

Rounding = ops.Floor | ops.Ceil | ops.Round | ops.RoundHalfToEven


@forward_rule(ops.Floor, ops.Ceil, ops.Round, ops.RoundHalfToEven)
def rounding(op: Rounding, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``floor``, ``ceil``, ``round`` and ``round_half_to_even``, on the digits of the magnitude.

    A single digit is dropped altogether, and the sign before it takes the increment: nothing is left but 0.
    """
    arity(op, inputs, 1)
    value, base = inputs[0], int(op.scale)
    if base < 1 or op.legs < 1:
        raise Unmodelled(f"cannot round at scale {op.scale} with {op.legs} digits")
    if base ** (op.legs - 1) >= _INTEGER_REP_LIMIT:
        raise Unmodelled(f"EZKL has no integers for {op.legs} digits of base {base}")
    ledger.decompose_in(base, value)
    sign, size = np.sign(value), np.abs(value)
    last = size % base
    penultimate = size // base % base if op.legs > 1 else sign
    increment = _increment(op, sign, last, penultimate, ledger)
    if op.legs == 1:
        return np.zeros_like(value)
    return multiply(sign, add(size - last, scale_by(increment, base)))


def _increment(
    op: Rounding, sign: np.ndarray, last: np.ndarray, penultimate: np.ndarray, ledger: Ledger
) -> np.ndarray:
    """1 where the digit before the last one goes up."""
    if isinstance(op, ops.Floor):
        return as_flag((last != 0) & (sign < 0))
    if isinstance(op, ops.Ceil):
        return as_flag((last != 0) & (sign > 0))
    midway = np.full((1,) * last.ndim, int(rounded(np.array(op.scale / 2))))
    if isinstance(op, ops.Round):
        return multiply(greater_equal(ledger, last, midway), as_flag(sign != 0))
    ledger.reserve_lookups(0, int(op.scale))
    is_odd = nonlinearity(ledger, "IsOdd", (), penultimate)
    is_odd_midway = is_odd * as_flag(last == midway)
    is_above = greater(ledger, last, midway)
    return np.asarray(np.maximum(is_odd_midway, is_above))
