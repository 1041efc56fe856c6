"""How many distinct constants a circuit assigns (EZKL's ``total_const_size``)."""

from __future__ import annotations

from collections.abc import Iterable
from weakref import WeakKeyDictionary

import numpy as np
from msgspec import Struct

from auditor.layout.values import (
    ConstantPart,
    ConstantRange,
    ConstantTensor,
    Inverses,
    Load,
    Possible,
    RandomConstants,
)

BN254_SCALAR_FIELD = 21888242871839275222246405745257275088548364400416034343698204186575808495617
"""The order of the field EZKL's circuits live in."""

_TABLE_SPAN = 1 << 22
"""Over this many integers, or as many as there are values, a table of what occurs is quicker than a sort."""

_BLOCK = 1 << 16
"""How many values are looked at together, so that they stay in the processor's cache."""

_INT64_MIN, _INT64_MAX = -(1 << 63), (1 << 63) - 1


class ConstantCount(Struct, frozen=True, kw_only=True):
    """Certain bounds of the number of distinct constants; exact when they meet."""

    lower: int
    upper: int

    @property
    def exact(self) -> int | None:
        """The number, if it is known exactly."""
        return self.lower if self.lower == self.upper else None


def count_constants(parts: Iterable[ConstantPart]) -> ConstantCount:
    """Counts the distinct field elements in the union of ``parts``.

    Negative numbers stand for their field elements. Random elements are taken as distinct from
    everything else; the chance that they are not is below 2**-200.
    """
    parts = set(parts)
    certain: set[ConstantPart] = {part for part in parts if not isinstance(part, Possible)}
    known = {part for part in certain if not _is_unknown(part)}
    unknown = certain - known
    maybe: set[ConstantPart] = {part.source for part in parts if isinstance(part, Possible)} - certain
    lower = _count_known(known)
    if unknown and not lower:
        lower = 1
    if not unknown and not maybe:
        return ConstantCount(lower=lower, upper=lower)
    known_maybe = {part for part in maybe if not _is_unknown(part)}
    unknown |= maybe - known_maybe
    upper = _count_known(known | known_maybe) + sum(_size(part) for part in unknown)
    return ConstantCount(lower=lower, upper=upper)


def _is_unknown(part: ConstantPart) -> bool:
    if isinstance(part, Inverses | Possible):
        return _is_unknown(part.source)
    return isinstance(part, ConstantTensor) and part.load is None


def _size(part: ConstantPart) -> int:
    if isinstance(part, Inverses | Possible):
        return _size(part.source)
    if isinstance(part, ConstantTensor):
        return part.size
    raise TypeError(f"{part!r} has known values")


def _count_known(parts: Iterable[ConstantPart]) -> int:
    integers: set[int] = set()
    ranges: list[ConstantRange] = []
    arrays: list[np.ndarray] = []
    random = 0
    for part in parts:
        if isinstance(part, RandomConstants):
            random += part.count
        elif isinstance(part, Inverses) and isinstance(part.source, RandomConstants):
            random += part.source.count
        elif isinstance(part, ConstantRange):
            ranges.append(part)
        elif isinstance(part, ConstantTensor):
            values = distinct_values(part)
            if values.dtype == object:
                integers.update(_centred(int(value)) for value in values)
            else:
                arrays.append(values)
        elif isinstance(part, Inverses):
            integers.update(_inverse(value) for value in _elements(part.source))
        elif isinstance(part, int):
            integers.add(_centred(part))
    return random + _count_union(integers, _merged(ranges), arrays)


def _count_union(integers: set[int], ranges: list[ConstantRange], arrays: list[np.ndarray]) -> int:
    total = sum(span.stop - span.start for span in ranges)
    values = _sorted_distinct(np.concatenate(arrays)) if arrays else np.empty(0, dtype=np.int64)
    outside = np.ones(values.shape, dtype=bool)
    for span in ranges:
        outside &= (values < span.start) | (values >= span.stop)
    values = values[outside]
    extra = {value for value in integers if not any(span.start <= value < span.stop for span in ranges)}
    if values.size:
        extra -= {value for value in extra if _INT64_MIN <= value <= _INT64_MAX and _holds(values, value)}
    return total + int(values.size) + len(extra)


def _holds(ascending: np.ndarray, value: int) -> bool:
    at = int(np.searchsorted(ascending, value))
    return at < ascending.size and int(ascending[at]) == value


def distinct_values(tensor: ConstantTensor) -> np.ndarray:
    """The distinct values of a tensor, sorted. They are looked for once, however often it is laid out."""
    if tensor.load is None:
        raise ValueError("a tensor without values has no known distinct values")
    values = _already_found.get(tensor.load)
    if values is None:
        values = _already_found[tensor.load] = _find_distinct(_unmasked(tensor.load()))
    return values


def _unmasked(values: np.ndarray) -> np.ndarray:
    """The values that are constants, in one row; `np.ma` itself is slow to load and rarely needed."""
    return values.compressed() if hasattr(values, "compressed") else values.reshape(-1)


_already_found: WeakKeyDictionary[Load, np.ndarray] = WeakKeyDictionary()
"""Sorted distinct values, by the function that loads them and for as long as that exists."""


def _find_distinct(values: np.ndarray) -> np.ndarray:
    """A table of what occurs for narrow spans, a sort for wide ones."""
    if values.size == 0:
        return values.astype(np.int64)
    low, high = int(values.min()), int(values.max())
    if low < _INT64_MIN or high > _INT64_MAX:
        return np.unique(values)  # an array of Python integers
    values = values.astype(np.int64, copy=False)
    if values.size < 64 or high - low > max(_TABLE_SPAN, values.size):
        return _sorted_distinct(values)
    seen = np.zeros(high - low + 1, dtype=bool)
    for start in range(0, values.size, _BLOCK):
        seen[values[start : start + _BLOCK] - low] = True
    return np.flatnonzero(seen) + low


def _sorted_distinct(values: np.ndarray) -> np.ndarray:
    """What ``np.unique`` returns, whose hash table is many times slower than a sort."""
    ascending = np.sort(values)
    is_new = np.ones(ascending.shape, dtype=bool)
    np.not_equal(ascending[1:], ascending[:-1], out=is_new[1:])
    return ascending[is_new]


def _elements(part: ConstantPart) -> Iterable[int]:
    if isinstance(part, ConstantRange):
        return range(part.start, part.stop)
    if isinstance(part, ConstantTensor):
        return [int(value) for value in distinct_values(part)]
    if isinstance(part, Inverses):
        return [_inverse(value) for value in _elements(part.source)]
    if isinstance(part, int):
        return (part,)
    raise TypeError(f"{part!r} has no listable elements")


def _inverse(value: int) -> int:
    reduced = value % BN254_SCALAR_FIELD
    return _centred(pow(reduced, -1, BN254_SCALAR_FIELD)) if reduced else 0


def _centred(value: int) -> int:
    reduced = value % BN254_SCALAR_FIELD
    return reduced if reduced <= BN254_SCALAR_FIELD // 2 else reduced - BN254_SCALAR_FIELD


def _merged(ranges: list[ConstantRange]) -> list[ConstantRange]:
    merged: list[ConstantRange] = []
    for span in sorted(ranges, key=lambda item: item.start):
        if merged and span.start <= merged[-1].stop:
            last = merged.pop()
            merged.append(ConstantRange(start=last.start, stop=max(last.stop, span.stop)))
        else:
            merged.append(span)
    return merged
