"""The natural logarithm: a claimed power of two, and a line between its neighbours."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from auditor.circuit import ops
from auditor.circuit.size import RequiredLookup
from auditor.layout.division import l1_distance, reciprocal
from auditor.layout.integers import round_half_away
from auditor.layout.primitives import (
    NEGATIVE_ONE,
    ONE,
    absolute,
    decompose,
    enforce_equality,
    equals,
    less_equal,
    logical_and,
    logical_not,
    nonlinearity,
    pairwise,
    sign,
)
from auditor.layout.region import Region
from auditor.layout.rules import layout_rule
from auditor.layout.values import Value, activation, filled


@layout_rule(ops.Ln)
def ln(op: ops.Ln, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``ln``, in its order."""
    value = inputs[0]
    scale = round_half_away(op.scale)
    powers = RequiredLookup(function="PowersOfTwo", parameters=(("scale", op.scale),))
    region.assign(value)
    claimed = decompose(region, activation(value.shape), zero_sign_matters=True)
    region.advance(claimed.size)
    power = nonlinearity(region, claimed, powers)
    below = pairwise(region, claimed, ONE)
    above = pairwise(region, claimed, ONE)
    power_below = nonlinearity(region, below, powers)
    power_above = nonlinearity(region, above, powers)
    offset = pairwise(region, value, power)
    _prove_closest(region, value, offset, power_below, power_above)
    is_negative = equals(region, sign(region, offset, zero_sign_matters=True), NEGATIVE_ONE)
    is_positive = logical_not(region, is_negative)
    gap_below = pairwise(region, power, power_below)
    gap_above = pairwise(region, power_above, power)
    part_below = _interpolate(region, gap_below, offset, is_negative, scale, op.epsilon)
    part_above = _interpolate(region, gap_above, offset, is_positive, scale, op.epsilon)
    result = pairwise(region, claimed, filled(scale**3))
    result = pairwise(region, result, part_below)
    result = pairwise(region, result, part_above)
    ln2 = float(np.float32(np.float32(math.log(2.0)) * np.float32(op.scale)))
    return pairwise(region, result, filled(round_half_away(ln2)))


def _prove_closest(
    region: Region, value: Value, offset: Value, power_below: Value, power_above: Value
) -> None:
    """The claimed power of two is no further from the value than its neighbours."""
    distance = absolute(region, offset)
    distance_above = l1_distance(region, value, power_above)
    distance_below = l1_distance(region, value, power_below)
    not_above = less_equal(region, distance, distance_above)
    not_below = less_equal(region, distance, distance_below)
    is_closest = logical_and(region, not_above, not_below)
    enforce_equality(region, is_closest, filled(1, is_closest.shape))


def _interpolate(
    region: Region, gap: Value, offset: Value, applies: Value, scale: int, epsilon: float
) -> Value:
    inverse = reciprocal(region, gap, input_scale=scale, output_scale=scale * scale, epsilon=epsilon)
    return pairwise(region, pairwise(region, inverse, offset), applies)
