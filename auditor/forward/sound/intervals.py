"""Intervals of integers: arrays of two rows, the least and the greatest values, or of one that is known."""

from __future__ import annotations

import numpy as np

from auditor.forward.errors import Overflow
from auditor.forward.gadgets import minus as minus_exactly
from auditor.forward.gadgets import times as times_exactly
from auditor.forward.ledger import Ledger
from auditor.forward.numbers import LIMIT, multiply


def low(values: np.ndarray) -> np.ndarray:
    """The least values, in one row."""
    return values[:1]


def high(values: np.ndarray) -> np.ndarray:
    """The greatest values, in one row."""
    return values[-1:]


def between(least: np.ndarray, greatest: np.ndarray) -> np.ndarray:
    """The interval with these ends, each of one row."""
    return np.concatenate(np.broadcast_arrays(least, greatest))


def in_order(ends: np.ndarray) -> np.ndarray:
    """The interval whose ends are two rows, whichever is the lower one."""
    return np.sort(ends, axis=0)


def narrowed(values: np.ndarray) -> np.ndarray:
    """One row where both are equal: the value is known, and the exact rules hold."""
    return values[:1] if len(values) == 2 and np.array_equal(values[0], values[1]) else values


def is_open(values: np.ndarray) -> np.ndarray:
    """Where a value is not known, in one row."""
    return np.asarray(low(values) != high(values))


def crosses_zero(values: np.ndarray) -> np.ndarray:
    """Where a value may be 0, in one row."""
    return np.asarray((low(values) <= 0) & (high(values) >= 0))


def is_boolean(values: np.ndarray) -> bool:
    """Whether every value is 0 or 1 for sure."""
    return values.size == 0 or (int(values.min()) >= 0 and int(values.max()) <= 1)


def magnitudes(values: np.ndarray) -> np.ndarray:
    """The largest magnitudes, in one row."""
    return np.asarray(np.maximum(np.abs(low(values)), np.abs(high(values))))


def note(ledger: Ledger, magnitude: int) -> None:
    """Notes that a number of up to this magnitude is decomposed; raises Overflow beyond 63 bits."""
    if magnitude >= LIMIT:
        raise Overflow("a bound needs more than 63 bits")
    ledger.decompose(np.array([[magnitude]], dtype=np.int64))


def valley(ends: np.ndarray, values: np.ndarray) -> np.ndarray:
    """A function that falls to 0 at 0 and then rises: its interval, from what it is at both ends."""
    ordered = in_order(ends)
    return between(np.where(crosses_zero(values), 0, low(ordered)), high(ordered))


def opposite(values: np.ndarray) -> np.ndarray:
    """The values with their signs changed."""
    return -values[::-1]


def minus(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """EZKL ``pairwise`` with ``Sub``."""
    return minus_exactly(left, right[::-1])


def square(values: np.ndarray) -> np.ndarray:
    """The product of each value with itself."""
    return valley(multiply(values, values), values)


def times(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """EZKL ``pairwise`` with ``Mult``. One array twice is one value twice: no rule returns it for another."""
    if left is right:
        return square(left)
    corners = np.concatenate([times_exactly(row, right) for row in (low(left), high(left))])
    return between(corners.min(axis=0, keepdims=True), corners.max(axis=0, keepdims=True))
