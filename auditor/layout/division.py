"""Division, reciprocal and square root: EZKL claims a result and proves that it is the best one."""

from __future__ import annotations

import math
from collections.abc import Callable

from auditor.layout.integers import as_i128, integer_rep, round_half_away
from auditor.layout.primitives import (
    ONE,
    absolute,
    decompose,
    enforce_equality,
    equals,
    equals_zero,
    less,
    less_equal,
    logical_and,
    logical_not,
    pairwise,
)
from auditor.layout.region import Region
from auditor.layout.values import Value, activation, filled


def l1_distance(region: Region, left: Value, right: Value) -> Value:
    """|left - right|."""
    return absolute(region, pairwise(region, left, right))


def divide(region: Region, value: Value, denominator: int) -> Value:
    """Division by a whole number (EZKL ``div``); by 1 it is free."""
    if denominator == 1:
        return value
    divisor = filled(denominator)
    claimed = decompose(region, activation(value.shape))
    distance = l1_distance(region, value, pairwise(region, claimed, divisor))
    is_less = less(region, distance, divisor)
    enforce_equality(region, is_less, filled(1, (is_less.size,)))
    return claimed


def reciprocal(region: Region, value: Value, *, input_scale: int, output_scale: int, epsilon: float) -> Value:
    """1 / value (EZKL ``recip``). Scales are multipliers, as field elements."""
    claimed = decompose(region, activation(value.shape))
    inverse_of_zero = 1.0 / epsilon if epsilon else math.inf
    zero_inverse = filled(round_half_away(integer_rep(output_scale) * inverse_of_zero))
    is_zero = equals_zero(region, value)
    is_not_zero = logical_not(region, is_zero)
    is_zero_inverse = equals(region, claimed, zero_inverse)
    unit = pairwise(region, filled(output_scale * input_scale), is_not_zero)
    enforce_equality(region, is_zero, is_zero_inverse)

    def error(guess: Value) -> Value:
        return l1_distance(region, pairwise(region, guess, value), unit)

    is_best = pairwise(region, _is_minimum(region, claimed, error), is_zero)
    enforce_equality(region, is_best, filled(1, is_best.shape))
    return claimed


def square_root(region: Region, value: Value, *, scale: float) -> Value:
    """The root of a value at a scale (a multiplier), proven as for :func:`reciprocal`."""
    claimed = absolute(region, activation(value.shape))
    rescaled = pairwise(region, value, filled(as_i128(scale)))

    def error(guess: Value) -> Value:
        return l1_distance(region, pairwise(region, guess, guess), rescaled)

    is_best = _is_minimum(region, claimed, error)
    enforce_equality(region, is_best, filled(1, is_best.shape))
    return claimed


def _is_minimum(region: Region, guess: Value, error: Callable[[Value], Value]) -> Value:
    """1 where a convex error is no larger than beside it (EZKL ``optimum_convex_function``)."""
    here = error(guess)
    above = error(pairwise(region, guess, ONE))
    below = error(pairwise(region, guess, ONE))
    not_above = less_equal(region, here, above)
    not_below = less(region, here, below)
    return logical_and(region, not_below, not_above)
