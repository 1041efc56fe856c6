"""Rounding: the last digit in base ``scale`` is dropped and the one before it adjusted."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.circuit import ops
from auditor.circuit.size import RequiredLookup
from auditor.layout.errors import LayoutError
from auditor.layout.integers import as_u64, round_half_away
from auditor.layout.primitives import (
    NEGATIVE_ONE,
    ONE,
    decompose,
    equals,
    equals_zero,
    greater,
    greater_equal,
    identity,
    logical_and,
    logical_not,
    logical_or,
    nonlinearity,
    pairwise,
    recompose,
)
from auditor.layout.region import Region
from auditor.layout.rules import layout_rule
from auditor.layout.values import Value, activation, filled

_DIGIT = activation((1,))


def _digits(region: Region, value: Value, op: ops.Floor | ops.Ceil | ops.Round | ops.RoundHalfToEven) -> int:
    """Decomposes in base ``scale``; returns the base. Raises LayoutError for a base below 1."""
    base = as_u64(op.scale)
    if base < 1 or op.legs < 1:
        raise LayoutError(f"cannot round at scale {op.scale} with {op.legs} digits")
    decompose(region, value, zero_sign_matters=True, base=base, legs=op.legs)
    return base


def _joined(region: Region, value: Value, base: int, legs: int) -> Value:
    shape = value.shape or (1,)
    return recompose(region, shape, base, legs)


@layout_rule(ops.Floor, ops.Ceil)
def floor_or_ceil(op: ops.Floor | ops.Ceil, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``floor`` and ``ceil``: adjusted where the sign and the last digit ask for it."""
    value = inputs[0]
    base = _digits(region, value, op)
    direction = identity(region, NEGATIVE_ONE if isinstance(op, ops.Floor) else ONE)

    def one_element() -> None:
        has_rest = logical_not(region, equals_zero(region, _DIGIT))
        has_sign = equals(region, _DIGIT, direction)
        pairwise(region, _DIGIT, logical_and(region, has_rest, has_sign))

    region.loop(value.size, one_element)
    return _joined(region, value, base, op.legs)


@layout_rule(ops.Round)
def round_half_up(op: ops.Round, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``round``: away from zero from the midway point on."""
    value = inputs[0]
    base = _digits(region, value, op)
    midway = identity(region, filled(round_half_away(op.scale / 2)))

    def one_element() -> None:
        is_positive = equals(region, _DIGIT, ONE)
        is_negative = equals(region, _DIGIT, NEGATIVE_ONE)
        is_up = greater_equal(region, _DIGIT, midway)
        up = logical_and(region, is_positive, is_up)
        down = logical_and(region, is_negative, is_up)
        pairwise(region, _DIGIT, logical_or(region, up, down))

    region.loop(value.size, one_element)
    return _joined(region, value, base, op.legs)


@layout_rule(ops.RoundHalfToEven)
def round_half_to_even(op: ops.RoundHalfToEven, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``round_half_to_even``: at the midway point, only odd digits go up."""
    value = inputs[0]
    base = _digits(region, value, op)
    midway = filled(round_half_away(op.scale / 2))
    is_odd_table = RequiredLookup(function="IsOdd")

    def one_element() -> None:
        is_midway = equals(region, _DIGIT, midway)
        is_odd = nonlinearity(region, _DIGIT, is_odd_table)
        odd_midway = logical_and(region, is_odd, is_midway)
        is_above = greater(region, _DIGIT, midway)
        pairwise(region, _DIGIT, logical_or(region, odd_midway, is_above))

    region.loop(value.size, one_element)
    return _joined(region, value, base, op.legs)
