"""The shortcuts of cursors and loops against doing every step."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable

import pytest

from auditor.layout.cursor import Cursor
from auditor.layout.primitives import chain
from auditor.layout.region import LayoutSettings, Region
from auditor.layout.values import NO_CONSTANTS

WIDTHS_AND_COLUMNS = [(1, 2), (1, 10), (1, 58), (2, 10), (3, 10), (4, 58), (8, 10)]


def region(width: int, column: int) -> Region:
    return Region(LayoutSettings(width=width, column=column, base=16384, legs=2, use_freivalds=True))


@pytest.mark.parametrize(("width", "column"), WIDTHS_AND_COLUMNS)
@pytest.mark.parametrize("length", [0, 1, 2, 3, 7, 9, 10, 11, 57, 58, 59, 200])
@pytest.mark.parametrize("start", [0, 5, 37])
def test_many_chains_are_chains_one_by_one(width: int, column: int, length: int, start: int) -> None:
    at_once, one_by_one = Cursor(width, column), Cursor(width, column)
    for count in (1, 2, 3, 50, 333):
        at_once.position = one_by_one.position = start
        at_once.chains(count, length)
        for _ in range(count):
            one_by_one.chain(length)
        assert at_once.position == one_by_one.position
        assert at_once.longest == one_by_one.longest


def random_body(target: Region, seed: int) -> Callable[[], None]:
    rng = random.Random(seed)
    steps = [
        (rng.choice(["chain", "advance", "flush", "einsum"]), rng.choice([1, 2, 3, 5, 11, 30]))
        for _ in range(rng.randint(1, 5))
    ]

    def body() -> None:
        for step, length in steps:
            if step == "chain":
                chain(target, length, NO_CONSTANTS, 0)
            elif step == "advance":
                target.advance(length)
            elif step == "einsum":
                target.einsum.chain(length)
            else:
                target.flush()
        target.add_shuffle(1)
        target.record_equation("a->a", (("a", 1),))

    return body


@pytest.mark.parametrize(("width", "column"), WIDTHS_AND_COLUMNS)
@pytest.mark.parametrize("seed", range(25))
def test_repeating_is_looping(width: int, column: int, seed: int) -> None:
    accelerated, stepped = region(width, column), region(width, column)
    for count, start in itertools.product((1, 2, 3, 97), (0, 3, 41)):
        for target in (accelerated, stepped):
            target.advance(start)
        accelerated.loop(count, random_body(accelerated, seed))
        for _ in range(count):
            stepped.loop(1, random_body(stepped, seed))
        assert accelerated.main.position == stepped.main.position
        assert accelerated.einsum.position == stepped.einsum.position
        assert accelerated.num_shuffles == stepped.num_shuffles
        assert accelerated.total_shuffle_col_size == stepped.total_shuffle_col_size
        assert accelerated.equations == stepped.equations


@pytest.mark.parametrize(("width", "column"), WIDTHS_AND_COLUMNS)
def test_long_loops_take_few_steps(width: int, column: int) -> None:
    steps = 0
    target = region(width, column)

    def body() -> None:
        nonlocal steps
        steps += 1
        chain(target, 7, NO_CONSTANTS, 0)
        target.advance(1)

    target.loop(10**12, body)
    assert target.main.position >= 7 * 10**12
    assert steps <= 2 + width * column


def test_indices_and_coordinates_start_again_in_loops() -> None:
    target = region(1, 10)
    target.add_dynamic_lookup(9)
    seen = []
    target.loop(1, lambda: seen.append((target.dynamic_lookup_index, target.column_flush(5))))
    assert seen == [(0, 0)]
    assert (target.dynamic_lookup_index, target.column_flush(5)) == (1, 1)
