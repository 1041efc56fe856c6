"""Exact products of integer matrices, in floating point where that is exact."""

from __future__ import annotations

import numpy as np

from auditor.forward.errors import Overflow
from auditor.forward.numbers import LIMIT, peak

_EXACT = 1 << 53
"""A float has every integer up to here: a sum is exact as long as its magnitudes together are no larger."""

_MOST_ELEMENTS = 1 << 23
"""How many elements of a matrix are floats at a time, for the sake of memory."""


def matrix_product(left: np.ndarray, right: np.ndarray, *, left_peak: int | None = None) -> np.ndarray:
    """``left @ right`` of int64, with numpy's leading axes; raises Overflow where it may leave int64.

    ``left_peak`` bounds the magnitudes on the left where somebody knows a bound.
    """
    length = left.shape[-1]
    first, second = peak(left) if left_peak is None else left_peak, peak(right)
    if first * second * length >= LIMIT:
        most = np.matmul(np.abs(left.astype(np.float64)), np.abs(right.astype(np.float64)))
        if most.size and not float(most.max()) < LIMIT * (1 - 2.0**-20):
            raise Overflow("a sum of products may need more than 63 bits")
    return _product(left, right, first, second, length)


def _product(left: np.ndarray, right: np.ndarray, first: int, second: int, length: int) -> np.ndarray:
    """The product modulo 2**64, where ``first`` and ``second`` bound the magnitudes.

    The wider side is cut into low and high bits until floats hold all sums; int64 puts them together.
    """
    if first * second * length <= _EXACT:
        return _in_floats(left, right)
    widest = max(first, second).bit_length()
    room = 53 - (min(first, second) * length).bit_length()
    bits = room if 8 <= room < widest else widest // 2
    if first >= second:
        low = _product(left & ((1 << bits) - 1), right, (1 << bits) - 1, second, length)
        high = _product(left >> bits, right, (first >> bits) + 1, second, length)
    else:
        low = _product(left, right & ((1 << bits) - 1), first, (1 << bits) - 1, length)
        high = _product(left, right >> bits, first, (second >> bits) + 1, length)
    return np.asarray(low + (high << bits))


def _in_floats(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The product where floats hold all sums; a large matrix on the right is converted block by block."""
    numbers = left.astype(np.float64)
    if right.ndim > 2 or right.size <= _MOST_ELEMENTS:
        return np.asarray(np.matmul(numbers, right.astype(np.float64)).astype(np.int64))
    result = np.empty((*left.shape[:-1], right.shape[1]), dtype=np.int64)
    step = max(1, _MOST_ELEMENTS // right.shape[0])
    for start in range(0, right.shape[1], step):
        block = slice(start, start + step)
        result[..., block] = np.matmul(numbers, right[:, block].astype(np.float64))
    return result
