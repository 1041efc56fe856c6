"""Arithmetic, comparison and logic, one element at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auditor.circuit import ops
from auditor.forward import gadgets
from auditor.forward.errors import Overflow, Unmodelled
from auditor.forward.ledger import Ledger
from auditor.forward.numbers import LIMIT, add, multiply, rounded, scale_by
from auditor.forward.rules import arity, forward_rule

_ARITHMETIC = {ops.Add: gadgets.plus, ops.Sub: gadgets.minus, ops.Mult: gadgets.times}


@forward_rule(ops.Add, ops.Sub, ops.Mult)
def arithmetic(op: ops.Op, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``pairwise``."""
    arity(op, inputs, 2)
    return _ARITHMETIC[type(op)](inputs[0], inputs[1])


@forward_rule(ops.Neg)
def negate(op: ops.Neg, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``neg``."""
    return -inputs[0]


@forward_rule(ops.Pow)
def power(op: ops.Pow, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``pow``: repeated multiplication; the exponents 0 and 1 change nothing."""
    result = inputs[0]
    for _ in range(1, op.exponent):
        result = multiply(result, inputs[0])
    return result


@forward_rule(ops.Abs)
def magnitude(op: ops.Abs, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``abs``."""
    ledger.decompose(inputs[0])
    return np.asarray(np.abs(inputs[0]))


@forward_rule(ops.Sign)
def signum(op: ops.Sign, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``sign``."""
    ledger.decompose(inputs[0])
    return np.asarray(np.sign(inputs[0]))


@forward_rule(ops.Identity)
def copy(op: ops.Identity, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``identity``: another scale is only another name for the same integer."""
    return inputs[0]


@forward_rule(ops.LeakyReLU)
def leaky_relu(op: ops.LeakyReLU, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``leaky_relu``: with slope 0 a ReLU, else ``2**scale`` times as large."""
    value = inputs[0]
    ledger.decompose(value)
    positive = np.asarray(np.maximum(value, 0))
    if op.slope == 0:
        return positive
    if op.scale < 0:
        raise Unmodelled("EZKL rejects a leaky ReLU at a negative scale")
    if op.scale > 30:
        raise Unmodelled("EZKL's factor 2**scale overflows its 32 bits")
    slope = int(rounded(np.array(op.slope * 2.0**op.scale)))
    if abs(slope) >= LIMIT:
        raise Overflow("the slope needs more than 63 bits")
    return add(scale_by(positive, 1 << op.scale), scale_by(np.minimum(value, 0), slope))


_COMPARISONS = {
    ops.Greater: gadgets.greater,
    ops.GreaterEqual: gadgets.greater_equal,
    ops.Less: gadgets.less,
    ops.LessEqual: gadgets.less_equal,
    ops.And: gadgets.logical_and,
    ops.Or: gadgets.logical_or,
}


@forward_rule(ops.Greater, ops.GreaterEqual, ops.Less, ops.LessEqual, ops.And, ops.Or)
def compare(op: ops.Op, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """The gadget of the same name."""
    arity(op, inputs, 2)
    return _COMPARISONS[type(op)](ledger, inputs[0], inputs[1])


@forward_rule(ops.Equals)
def equals(op: ops.Equals, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``equals``."""
    arity(op, inputs, 2)
    return gadgets.equals(inputs[0], inputs[1])


@forward_rule(ops.Not)
def invert(op: ops.Not, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``not``."""
    return gadgets.logical_not(ledger, inputs[0])


@forward_rule(ops.Xor)
def exclusive_or(op: ops.Xor, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``xor``: the sum of two conjunctions that are never both true."""
    arity(op, inputs, 2)
    left, right = inputs
    not_left = gadgets.logical_not(ledger, left)
    not_right = gadgets.logical_not(ledger, right)
    only_left = gadgets.logical_and(ledger, left, not_right)
    only_right = gadgets.logical_and(ledger, right, not_left)
    return gadgets.plus(only_left, only_right)


@forward_rule(ops.Iff)
def choose(op: ops.Iff, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``iff``."""
    arity(op, inputs, 3)
    return gadgets.iff(ledger, inputs[0], inputs[1], inputs[2])


@forward_rule(ops.Max, ops.Min)
def larger_or_smaller(op: ops.Op, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``max_comp`` and ``min_comp``: the sum of both inputs masked by a comparison."""
    arity(op, inputs, 2)
    is_greater = gadgets.greater(ledger, inputs[0], inputs[1])
    masks = (is_greater, 1 - is_greater) if isinstance(op, ops.Max) else (1 - is_greater, is_greater)
    return gadgets.plus(gadgets.times(inputs[0], masks[0]), gadgets.times(inputs[1], masks[1]))
