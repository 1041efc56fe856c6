"""Sums of products of intervals: einsums, convolutions and whatever else is linear in each operand."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from auditor.forward.numbers import add
from auditor.forward.sound.intervals import between, high, low, magnitudes, opposite

Bilinear = Callable[[np.ndarray, np.ndarray], np.ndarray]
Multilinear = Callable[[Sequence[np.ndarray]], np.ndarray]


def bilinear(product: Bilinear, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Bounds of an exact sum of products, of which each multiplies one element of either operand.

    Exact where one operand is known. Of two that are not, it overestimates only products in which both may
    have either sign.
    """
    if len(right) == 1:
        return _with_known(product, left, right)
    if len(left) == 1:
        return _with_known(lambda values, known: product(known, values), right, left)
    least = -_greatest(product, left, opposite(right))
    return between(least, _greatest(product, left, right))


def _with_known(product: Bilinear, values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Positive factors keep the order of the ends, negative ones turn it round."""
    result = product(values, np.maximum(known, 0))
    negative = np.minimum(known, 0)
    return add(result, product(values[::-1], negative)) if negative.any() else result


def _greatest(product: Bilinear, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """An upper bound of the sum, in one row: by the signs that elements may have, every term is a product."""
    least, greatest = low(left), high(left)
    other_least, other_greatest = low(right), high(right)
    above, below = least >= 0, (least < 0) & (greatest <= 0)
    either = (least < 0) & (greatest > 0)
    other_either = (other_least < 0) & (other_greatest > 0)
    terms = (
        (np.where(above, greatest, 0), np.maximum(other_greatest, 0)),
        (np.where(above, least, 0), np.minimum(other_greatest, 0)),
        (np.where(below, least, 0), np.minimum(other_least, 0)),
        (np.where(below, greatest, 0), np.maximum(other_least, 0)),
        (np.where(either, greatest, 0), np.where(other_least >= 0, other_greatest, 0)),
        (np.where(either, least, 0), np.where(other_greatest <= 0, other_least, 0)),
        (np.where(either, magnitudes(left), 0), np.where(other_either, magnitudes(right), 0)),
    )
    result = product(*terms[0])
    for first, second in terms[1:]:
        if first.any() and second.any():
            result = add(result, product(first, second))
    return result


def multilinear(product: Multilinear, operands: Sequence[np.ndarray]) -> np.ndarray:
    """Bounds of an exact sum of products of three factors or more.

    Exact where one operand alone is not known, or all are positive; else no more than magnitudes are known.
    """
    unknown = [place for place, operand in enumerate(operands) if len(operand) == 2]
    if len(unknown) == 1:
        return _with_all_others_known(product, operands, unknown[0])
    if all(operand.size == 0 or int(operand.min()) >= 0 for operand in operands):
        return product(operands)
    most = product([magnitudes(operand) for operand in operands])
    return between(-most, most)


def _with_all_others_known(product: Multilinear, operands: Sequence[np.ndarray], unknown: int) -> np.ndarray:
    parts = [
        [(1, operand)] if place == unknown else [(1, np.maximum(operand, 0)), (-1, np.minimum(operand, 0))]
        for place, operand in enumerate(operands)
    ]
    result: np.ndarray | None = None
    for chosen in itertools.product(*parts):
        factors = [factor for _, factor in chosen]
        if np.prod([sign for sign, _ in chosen]) < 0:
            factors[unknown] = factors[unknown][::-1]
        term = product(factors)
        result = term if result is None else add(result, term)
    assert result is not None
    return result
