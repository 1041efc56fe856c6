"""Lookups of intervals."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor

import numpy as np

from auditor.forward.errors import Overflow, Unmodelled
from auditor.forward.ledger import Ledger
from auditor.forward.numbers import LIMIT, add, shift_by, subtract
from auditor.forward.sound.intervals import between, high, in_order, low, magnitudes
from auditor.forward.tables import tabulated

_RISING = {
    "Div": 2.0**62,
    "PowersOfTwo": 2.0**40,
    "Exp": 2.0**40,
    "Sigmoid": 2.0**24,
    "Tanh": 2.0**24,
    "Erf": 2.0**24,
    "Sinh": 2.0**24,
    "ASinh": 0.0,
    "ATan": 0.0,
    "Ln": 0.0,
}
"""Functions with extremes at both ends, and up to which scale the computed ones have them there too: wherever
the last bits of the C library decide how an entry is rounded, its neighbours differ by more than those."""

_POSITIVE = ("PowersOfTwo", "Exp", "Sigmoid")
_MOST_ENTRIES = 1 << 18
"""How many entries of a table are computed to see what a function does between both ends."""


def nonlinearity(
    ledger: Ledger, function: str, parameters: Sequence[float], values: np.ndarray
) -> np.ndarray:
    """EZKL ``nonlinearity``: a lookup in the table of a function. Raises Unmodelled for one that may do
    anything between the ends of a wide interval."""
    ledger.look_up(values)
    if len(values) == 1 or not values.size:
        return tabulated(function, parameters, values)
    if function in _RISING and abs(parameters[0]) <= _RISING[function] and _rises(function, parameters):
        return in_order(tabulated(function, parameters, values))
    first, last = int(values.min()), int(values.max())
    if last - first < _MOST_ENTRIES:
        entries = tabulated(function, parameters, np.arange(first, last + 1))
        return _extremes(entries, shift_by(values, -first))
    return _of_wide(function, parameters, values)


def _rises(function: str, parameters: Sequence[float]) -> bool:
    """Whether the parameters are such that the function does, or in the case of a division falls."""
    if function == "Div":
        return parameters[0] != 0
    return parameters[0] > 0 and (function != "Exp" or parameters[1] > 1.001)


def _extremes(entries: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The least and the greatest of the entries between two places, for each pair of places.

    A stretch is covered by two, overlapping, whose length is a power of two.
    """
    start, end = low(places).ravel(), high(places).ravel()
    level = np.frexp((end - start + 1).astype(np.float64))[1] - 1
    least, greatest = np.empty_like(start), np.empty_like(start)
    lowest = highest = entries
    for step in range(int(level.max()) + 1):
        here = level == step
        first, second = start[here], end[here] - (1 << step) + 1
        least[here] = np.minimum(lowest[first], lowest[second])
        greatest[here] = np.maximum(highest[first], highest[second])
        half = 1 << step
        lowest = np.minimum(lowest[:-half], lowest[half:])
        highest = np.maximum(highest[:-half], highest[half:])
    shape = (1, *places.shape[1:])
    return between(least.reshape(shape), greatest.reshape(shape))


def _of_wide(function: str, parameters: Sequence[float], values: np.ndarray) -> np.ndarray:
    """Functions that are known well enough anywhere, wider by what the C library's last bits may come to."""
    zero = np.zeros_like(low(values))
    if function == "IsOdd":
        return between(zero, zero + 1)
    scale = parameters[0]
    if function in ("Sin", "Cos") and 0 < scale < LIMIT >> 1:
        return between(zero - ceil(scale), zero + ceil(scale))
    if function == "Ln" and not (low(values) > 0).all():
        raise Overflow("the logarithm of 0")
    if function in _RISING and _rises(function, parameters):
        ends = tabulated(function, parameters, values)
        slack = 1 + (magnitudes(ends) >> 45)
        least = subtract(low(ends), slack)
        return between(np.maximum(least, 0) if function in _POSITIVE else least, add(high(ends), slack))
    if function == "HardSwish" and 0 < scale < LIMIT >> 1:  # falls to -3/8 at -3/2
        ends = tabulated(function, parameters, values)
        bottom = floor(-0.375 * scale) - 1
        return between(np.where(low(values) >= 0, low(ends), bottom), add(high(in_order(ends)), zero + 1))
    raise Unmodelled(f"{function} between {int(values.min())} and {int(values.max())}")
