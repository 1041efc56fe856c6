"""Integers that never wrap around unnoticed, and EZKL's conversions between them and floats.

Every array is int64 with a leading axis of rows, or of length one where a value is the same for all rows.
"""

from __future__ import annotations

import math

import numpy as np

from auditor.forward.errors import Overflow

LIMIT = 1 << 63
_SURE = float(LIMIT) * (1 - 2.0**-20)
"""What a sum or product of floats may come to at most, so that the exact one is below the limit for sure."""


def peak(values: np.ndarray) -> int:
    """The largest magnitude; 0 where there are no values."""
    if values.size == 0:
        return 0
    return max(int(values.max()), -int(values.min()))


def add(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The sum; raises Overflow where it may leave int64."""
    if peak(left) + peak(right) >= LIMIT:
        _check(left.astype(np.float64) + right.astype(np.float64), "a sum")
    return np.asarray(left + right)


def subtract(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The difference; raises Overflow where it may leave int64."""
    if peak(left) + peak(right) >= LIMIT:
        _check(left.astype(np.float64) - right.astype(np.float64), "a difference")
    return np.asarray(left - right)


def multiply(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The product of elements; raises Overflow where it may leave int64."""
    if peak(left) * peak(right) >= LIMIT:
        _check(left.astype(np.float64) * right.astype(np.float64), "a product")
    return np.asarray(left * right)


def difference_of_products(left: np.ndarray, right: np.ndarray, other: np.ndarray, factor: int) -> np.ndarray:
    """``left * right - other * factor``; raises Overflow where the difference may leave int64."""
    first = left.astype(np.float64) * right.astype(np.float64)
    second = other.astype(np.float64) * float(factor)
    _check(np.abs(first - second) + (np.abs(first) + np.abs(second)) * 2.0**-50, "a difference")
    # Modulo 2**64, as int64 arrays are, the products may be anything.
    wrapped = np.array((factor + LIMIT) % (2 * LIMIT) - LIMIT, dtype=np.int64)
    return np.asarray(left * right - other * wrapped)


def scale_by(values: np.ndarray, factor: int) -> np.ndarray:
    """``values * factor``; raises Overflow where it may leave int64."""
    if abs(factor) >= LIMIT or peak(values) * abs(factor) >= LIMIT:
        if not values.any() or not factor:
            return np.zeros_like(values)
        raise Overflow(f"a product with {factor}")
    return np.asarray(values * factor)


def shift_by(values: np.ndarray, amount: int) -> np.ndarray:
    """``values + amount``; raises Overflow where it may leave int64."""
    if peak(values) + abs(amount) >= LIMIT:
        raise Overflow(f"a sum with {amount}")
    return np.asarray(values + amount)


def total(values: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """Sums along axes, which stay with length one; raises Overflow where one may leave int64."""
    count = math.prod(values.shape[axis] for axis in axes)
    if peak(values) * count >= LIMIT:
        _check(np.abs(values.astype(np.float64)).sum(axis=axes), "a sum")
    return np.asarray(values.sum(axis=axes, keepdims=True))


def product(values: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """Products along axes, which stay with length one; raises Overflow where one may leave int64."""
    count = math.prod(values.shape[axis] for axis in axes)
    highest = peak(values)
    if highest > 1 and count * math.log2(highest) >= 62:
        _check(np.prod(values.astype(np.float64), axis=axes), "a product")
    return np.asarray(values.prod(axis=axes, keepdims=True))


def _check(magnitudes: np.ndarray, what: str) -> None:
    if magnitudes.size and not float(np.abs(magnitudes).max()) < _SURE:
        raise Overflow(f"{what} may need more than 63 bits")


def rounded(numbers: np.ndarray) -> np.ndarray:
    """Rust's ``round() as i128``: halves away from zero, NaN as 0; raises Overflow beyond int64."""
    whole = np.trunc(numbers)
    with np.errstate(invalid="ignore"):
        whole += np.trunc((numbers - whole) * 2.0)
    return as_integers(whole, numbers)


def as_integers(whole: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Whole floats as int64, those where ``numbers`` are NaN as 0; raises Overflow beyond int64."""
    if whole.size and not float(np.abs(whole).max()) < LIMIT:
        if np.isinf(numbers).any():
            raise Overflow("an infinite number, which EZKL makes the largest of 127 bits")
        whole = np.where(np.isnan(numbers), 0.0, whole)
        if not float(np.abs(whole).max()) < LIMIT:
            raise Overflow("a number of more than 63 bits")
    return whole.astype(np.int64)
