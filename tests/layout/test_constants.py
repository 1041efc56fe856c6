"""Counting distinct constants against Python sets."""

from __future__ import annotations

import random

import numpy as np
import pytest

from auditor.layout.constant_count import BN254_SCALAR_FIELD, count_constants
from auditor.layout.values import (
    ConstantPart,
    ConstantRange,
    ConstantTensor,
    Inverses,
    Possible,
    RandomConstants,
)


def tensor(*values: int) -> ConstantTensor:
    return ConstantTensor(size=len(values), load=lambda: np.array(values))


def elements(part: ConstantPart) -> set[int]:
    if isinstance(part, int):
        found = {part}
    elif isinstance(part, ConstantRange):
        found = set(range(part.start, part.stop))
    elif isinstance(part, ConstantTensor):
        assert part.load is not None
        found = {int(value) for value in part.load().ravel()}
    else:
        assert isinstance(part, Inverses)
        found = {pow(value, -1, BN254_SCALAR_FIELD) if value else 0 for value in elements(part.source)}
    return {value % BN254_SCALAR_FIELD for value in found}


def random_part(rng: random.Random, depth: int = 0) -> ConstantPart:
    kind = rng.randrange(4 if depth else 5)
    if kind == 0:
        return rng.choice(
            [0, 1, -1, BN254_SCALAR_FIELD - 1, 1 << 80, 1 << rng.randrange(70), rng.randrange(-50, 50)]
        )
    if kind == 1:
        start = rng.randrange(-60, 60)
        return ConstantRange(start=start, stop=start + rng.randrange(1, 40))
    if kind == 2:
        return tensor(*(rng.randrange(-90, 90) for _ in range(rng.choice([1, 5, 200]))))
    if kind == 3:
        return tensor(*(rng.choice([-1, 1]) << rng.randrange(70) for _ in range(100)))
    return Inverses(source=random_part(rng, depth + 1))


@pytest.mark.parametrize("seed", range(200))
def test_counts_the_union(seed: int) -> None:
    rng = random.Random(seed)
    parts = [random_part(rng) for _ in range(rng.randrange(8))]
    expected = len(set().union(*(elements(part) for part in parts)))
    assert count_constants(parts).exact == expected


def test_minus_one_is_its_own_inverse() -> None:
    assert count_constants([-1, Inverses(source=-1), BN254_SCALAR_FIELD - 1]).exact == 1


def test_a_wide_tensor_costs_no_table() -> None:
    wide = ConstantTensor(size=1000, load=lambda: np.arange(1000) * (1 << 50))
    assert count_constants([wide]).exact == 1000


def test_random_constants_are_distinct() -> None:
    assert count_constants([RandomConstants(count=3), RandomConstants(count=3), 1]).exact == 7


def test_values_that_are_not_there_leave_bounds() -> None:
    unknown = ConstantTensor(size=10, load=None)
    count = count_constants([unknown, ConstantRange(start=0, stop=4)])
    assert (count.exact, count.lower, count.upper) == (None, 4, 14)
    assert count_constants([unknown]).lower == 1


def test_perhaps_absent_constants_leave_bounds_unless_present_anyway() -> None:
    count = count_constants([1, Possible(source=tensor(1, 2, 3))])
    assert (count.exact, count.lower, count.upper) == (None, 1, 3)
    assert count_constants([1, 2, 3, Possible(source=tensor(1, 2, 3))]).exact == 3
