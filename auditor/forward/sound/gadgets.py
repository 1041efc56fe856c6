"""EZKL's gadgets on intervals: what they yield, and at most decompose, for all values between both ends.

Each is the twin of one in :mod:`auditor.forward.gadgets`, which is run at values inside of the interval too:
what it needs there belongs to the bound in any case, and for known elements it is all there is.
"""

from __future__ import annotations

import numpy as np

from auditor.forward import gadgets
from auditor.forward.errors import Unmodelled
from auditor.forward.gadgets import as_flag
from auditor.forward.ledger import Ledger
from auditor.forward.numbers import peak, scale_by, shift_by, subtract
from auditor.forward.sound.intervals import (
    between,
    high,
    in_order,
    is_open,
    low,
    magnitudes,
    minus,
    note,
)

# --- comparison ----------------------------------------------------------------------------------


def greater(ledger: Ledger, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """EZKL ``greater``: the sign of the difference."""
    difference = minus(left, right)
    ledger.decompose(difference)
    return as_flag(difference > 0)


def greater_equal(ledger: Ledger, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """EZKL ``greater_equal``: greater, after one is added."""
    return greater(ledger, shift_by(left, 1), right)


# --- results that are claimed, and then checked --------------------------------------------------


def divide(ledger: Ledger, values: np.ndarray, divisor: int) -> np.ndarray:
    """EZKL ``div``: monotone. The rest has a half of the divisor at most, but for what floats lose.

    A float quotient is off by less than 2**-51 of itself, which adds as much of the value to the rest.
    """
    if divisor == 0:
        raise Unmodelled("a division by 0")
    claimed = gadgets.divide(ledger, values, divisor)
    if divisor == 1 or len(values) == 1:
        return claimed
    rest = subtract(values, scale_by(claimed, divisor))
    differs = claimed[0] != claimed[1]
    if differs.any():
        most = (abs(divisor) + (peak(values[:, differs]) >> 50)) // 2
        note(ledger, max(divisor, most) if divisor > 0 else most - divisor)
    elif ((np.minimum(rest[0], rest[1]) < 0) & (np.maximum(rest[0], rest[1]) > 0)).any():
        note(ledger, abs(divisor))  # between the ends there is no rest, and all the room
    return in_order(claimed)


def reciprocal(
    ledger: Ledger, values: np.ndarray, input_scale: int, output_scale: int, epsilon: float
) -> np.ndarray:
    """EZKL ``recip``: falls on either side of 0, so extremes lie at the ends and next to 0.

    The claim times the value ``v`` is ``v / 2`` off the unit at most, but for the three roundings of floats;
    the claims beside it one ``v`` more.
    """
    if input_scale < 1 or output_scale < 1:
        raise Unmodelled(f"a reciprocal of scales {input_scale} and {output_scale}")
    least, greatest = low(values), high(values)
    near_zero = [np.clip(np.full_like(least, number), least, greatest) for number in (-1, 0, 1)]
    inside = np.stack([least, greatest, *near_zero], axis=1)
    claimed = gadgets.reciprocal(ledger, inside, input_scale, output_scale, epsilon)
    unknown = is_open(values)
    if unknown.any():
        most = int(magnitudes(values)[unknown].max())
        note(ledger, max(most + 1, most + (most + (input_scale * output_scale >> 50)) // 2))
    return between(claimed.min(axis=1), claimed.max(axis=1))


def square_root(ledger: Ledger, values: np.ndarray, scale: float) -> np.ndarray:
    """EZKL ``sqrt``: monotone, 0 below 0.

    The square of the claim ``c`` is ``c`` off at most, but for the roundings of floats; those of its
    neighbours ``2 * c + 1`` more. Below 0 the error grows with the magnitude, and is largest at an end.
    """
    if scale != int(scale) or scale < 1:
        raise Unmodelled(f"a square root at the scale {scale}")
    claimed = gadgets.square_root(ledger, values, scale)
    unknown = is_open(values)
    if unknown.any():
        most = int(high(claimed)[unknown].max())
        note(ledger, max(2 * most + 2, most + (most * most >> 48) + 2 * most + 1))
    return claimed


# --- order ---------------------------------------------------------------------------------------


def ascending(ledger: Ledger, values: np.ndarray) -> np.ndarray:
    """EZKL ``_sort_ascending`` along the last axis: the k-th of all is between the k-th of both ends."""
    if values.shape[-1] == 1:
        return values
    ordered = np.sort(values, axis=-1)
    ledger.decompose(shift_by(subtract(high(ordered)[..., 1:], low(ordered)[..., :-1]), 1))
    return ordered


def position_of_extreme(ledger: Ledger, values: np.ndarray, *, greatest: bool) -> np.ndarray:
    """EZKL ``argmax`` or ``argmin`` along the last axis, which goes: any element that may be the extreme."""
    length = values.shape[-1]
    if length == 1:
        return np.zeros((1, *values.shape[1:-1]), dtype=np.int64)
    ordered = np.sort(values, axis=-1)
    ledger.decompose(subtract(high(ordered)[..., 1:], low(ordered)[..., :-1]))
    note(ledger, length - 1)
    sure = low(ordered)[..., -1:] if greatest else high(ordered)[..., :1]
    possible = high(values) >= sure if greatest else low(values) <= sure
    return between(
        possible.argmax(axis=-1),
        length - 1 - possible[..., ::-1].argmax(axis=-1),
    )
