"""Arithmetic, comparison and logic, one element at a time."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.circuit import ops
from auditor.layout.errors import LayoutError
from auditor.layout.integers import power_of_two_i32, quantize
from auditor.layout.primitives import (
    ZERO,
    absolute,
    equals,
    greater,
    greater_equal,
    identity,
    iff,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    pairwise,
    sign,
)
from auditor.layout.region import Region
from auditor.layout.rules import arity, layout_rule
from auditor.layout.values import Value, filled


@layout_rule(ops.Add, ops.Sub, ops.Mult)
def arithmetic(op: ops.Op, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``pairwise``."""
    arity(op, inputs, 2)
    return pairwise(region, inputs[0], inputs[1])


@layout_rule(ops.Neg)
def negate(op: ops.Neg, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``neg``: 0 minus the value."""
    return pairwise(region, ZERO, inputs[0])


@layout_rule(ops.Pow)
def power(op: ops.Pow, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``pow``: repeated multiplication; exponents 0 and 1 are free."""
    result = inputs[0]
    multiplications = max(op.exponent - 1, 0)
    for _ in range(min(multiplications, 2)):
        result = pairwise(region, result, inputs[0])
    # From the second on each is like the one before, and an exponent may be as large as 2^32.
    region.advance(max(multiplications - 2, 0) * result.size)
    return result


@layout_rule(ops.Abs)
def magnitude(op: ops.Abs, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``abs``."""
    return absolute(region, inputs[0])


@layout_rule(ops.Sign)
def signum(op: ops.Sign, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``sign``, which proves the sign of 0 too."""
    return sign(region, inputs[0], zero_sign_matters=True)


@layout_rule(ops.Identity)
def copy(op: ops.Identity, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``identity``."""
    return identity(region, inputs[0])


@layout_rule(ops.LeakyReLU)
def leaky_relu(op: ops.LeakyReLU, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``leaky_relu``; with slope 0 a ReLU, without its second half.

    Raises LayoutError for a negative scale, or one too large for the slope.
    """
    value = inputs[0]
    positive_mask = equals(region, sign(region, value, zero_sign_matters=False), filled(1, value.shape))
    positive = pairwise(region, value, positive_mask)
    if op.slope == 0:
        return positive
    if op.scale < 0:
        raise LayoutError("leaky ReLU at a negative scale")
    positive = pairwise(region, positive, filled(power_of_two_i32(op.scale)))
    negative_mask = logical_not(region, positive_mask)
    slope = filled(quantize(op.slope, op.scale))
    negative = pairwise(region, value, pairwise(region, negative_mask, slope))
    return pairwise(region, positive, negative)


_COMPARISONS = {
    ops.Greater: greater,
    ops.GreaterEqual: greater_equal,
    ops.Less: less,
    ops.LessEqual: less_equal,
    ops.Equals: equals,
    ops.And: logical_and,
    ops.Or: logical_or,
}


@layout_rule(ops.Greater, ops.GreaterEqual, ops.Less, ops.LessEqual, ops.Equals, ops.And, ops.Or)
def compare(op: ops.Op, inputs: Sequence[Value], region: Region) -> Value:
    """The primitive of the same name."""
    arity(op, inputs, 2)
    return _COMPARISONS[type(op)](region, inputs[0], inputs[1])


@layout_rule(ops.Not)
def invert(op: ops.Not, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``not``."""
    return logical_not(region, inputs[0])


@layout_rule(ops.Xor)
def exclusive_or(op: ops.Xor, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``xor``: the sum of two conjunctions that are never both true."""
    arity(op, inputs, 2)
    left, right = inputs
    not_left = logical_not(region, left)
    not_right = logical_not(region, right)
    only_left = logical_and(region, left, not_right)
    only_right = logical_and(region, right, not_left)
    return pairwise(region, only_left, only_right)


@layout_rule(ops.Iff)
def choose(op: ops.Iff, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``iff``."""
    arity(op, inputs, 3)
    return iff(region, inputs[0], inputs[1], inputs[2])


@layout_rule(ops.Max, ops.Min)
def larger_or_smaller(op: ops.Op, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``max_comp`` and ``min_comp``: the sum of both inputs masked by a comparison."""
    arity(op, inputs, 2)
    is_greater = greater(region, inputs[0], inputs[1])
    is_not_greater = logical_not(region, is_greater)
    masks = (is_greater, is_not_greater) if isinstance(op, ops.Max) else (is_not_greater, is_greater)
    first = pairwise(region, inputs[0], masks[0])
    second = pairwise(region, inputs[1], masks[1])
    return pairwise(region, first, second)
