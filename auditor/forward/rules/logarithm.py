"""The logarithm: the nearest power of two, and a straight line to the next one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auditor.circuit import ops
from auditor.forward.errors import Overflow
from auditor.forward.gadgets import as_flag, distance, less_equal, logical_and, reciprocal
from auditor.forward.ledger import Ledger
from auditor.forward.numbers import add, as_integers, multiply, rounded, scale_by, shift_by, subtract
from auditor.forward.rules import arity, forward_rule
from auditor.forward.rules.nonlinear import nonlinearity

_NUM_BITS = 128


@forward_rule(ops.Ln)
def logarithm(op: ops.Ln, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``ln``."""
    arity(op, inputs, 1)
    value = inputs[0]
    scale = int(rounded(np.array(op.scale)))
    claimed = _nearest_power(value, op.scale)
    ledger.decompose(claimed)
    powers = ("PowersOfTwo", (op.scale,))
    here = nonlinearity(ledger, *powers, claimed)
    ledger.reserve_lookups(-_NUM_BITS, _NUM_BITS)
    below = nonlinearity(ledger, *powers, shift_by(claimed, -1))
    above = nonlinearity(ledger, *powers, shift_by(claimed, 1))

    offset = subtract(value, here)
    from_here = distance(ledger, value, here)
    from_above = distance(ledger, value, above)
    from_below = distance(ledger, value, below)
    nearer_than_above = less_equal(ledger, from_here, from_above)
    nearer_than_below = less_equal(ledger, from_here, from_below)
    is_closest = logical_and(ledger, nearer_than_above, nearer_than_below)
    ledger.fault("logarithm: no power of two is nearest as EZKL's check wants", is_closest != 1)

    ledger.decompose(offset)
    is_negative = as_flag(offset < 0)
    slope_below = reciprocal(ledger, subtract(here, below), scale, scale * scale, op.epsilon)
    down = multiply(multiply(slope_below, offset), is_negative)
    slope_above = reciprocal(ledger, subtract(above, here), scale, scale * scale, op.epsilon)
    up = multiply(multiply(slope_above, offset), 1 - is_negative)
    result = add(add(scale_by(claimed, scale**3), down), up)
    ln2 = float(np.float32(np.log(np.float32(2.0))) * np.float32(op.scale))
    return scale_by(result, int(rounded(np.array(ln2))))


def _nearest_power(values: np.ndarray, scale: float) -> np.ndarray:
    """The power of two next to ``values / scale`` (tensor/ops.rs ``ilog2``); of what is negative, the 0th.

    Raises Overflow for 0, whose logarithm EZKL takes to be the least of its integers.
    """
    if not values.all():
        raise Overflow("the logarithm of 0")
    numbers = values.astype(np.float64) / scale
    with np.errstate(invalid="ignore"):
        exact = np.log2(numbers)
        low, high = np.floor(exact), np.ceil(exact)
        is_low = np.abs(np.exp2(low) - numbers) < np.abs(numbers - np.exp2(high))
        return as_integers(np.where(is_low, low, high), exact)
