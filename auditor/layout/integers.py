"""EZKL's integers: what Rust's casts and conversions make of large numbers."""

from __future__ import annotations

import math

from auditor.layout.constant_count import BN254_SCALAR_FIELD
from auditor.layout.errors import LayoutError

I128_MIN, I128_MAX = -(1 << 127), (1 << 127) - 1
U64_MAX = (1 << 64) - 1
_U128 = 1 << 128


def as_i128(number: float) -> int:
    """Rust's ``as i128``: towards zero, saturating, NaN as 0."""
    return _saturated(number, I128_MIN, I128_MAX)


def as_u64(number: float) -> int:
    """Rust's ``as u64``: towards zero, saturating, NaN as 0."""
    return _saturated(number, 0, U64_MAX)


def _saturated(number: float, low: int, high: int) -> int:
    if math.isnan(number):
        return 0
    if math.isinf(number):
        return high if number > 0 else low
    return min(max(math.trunc(number), low), high)


def round_half_away(number: float) -> int:
    """Rust's ``round() as i128``: halves away from zero."""
    if not math.isfinite(number):
        return as_i128(number)
    whole = math.trunc(number)
    if abs(number - whole) >= 0.5:
        whole += int(math.copysign(1, number))
    return min(max(whole, I128_MIN), I128_MAX)


def integer_rep(felt: int) -> int:
    """EZKL fieldutils.rs ``felt_to_integer_rep``: field elements above 2**127 are negative, and only
    128 bits are kept."""
    felt %= BN254_SCALAR_FIELD
    if felt <= I128_MAX:
        return felt
    lower = (BN254_SCALAR_FIELD - felt) % _U128
    return -lower if lower <= I128_MAX else _U128 - lower


def quantize(number: float, scale: int) -> int:
    """EZKL graph/utilities.rs ``quantize_float``; raises LayoutError for numbers it cannot hold."""
    multiplier = math.ldexp(1.0, scale) if scale < 1024 else math.inf
    if abs(number) > float(round_half_away(I128_MAX / multiplier)):
        raise LayoutError(f"significant bit truncation: {number} at scale {scale}")
    return round_half_away(number * multiplier)


def power_of_two_i32(exponent: int) -> int:
    """Rust's ``2_i32.pow(exponent) as u64``, which wraps in release builds."""
    wrapped = (1 << exponent) % (1 << 32)
    return (wrapped - (1 << 32) if wrapped >= 1 << 31 else wrapped) % (1 << 64)
