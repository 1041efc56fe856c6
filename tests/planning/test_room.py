"""Bases, legs and tables: what is promised to have room has it, and what is free is taken."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.circuit import RunArgs
from auditor.planning import room as module
from auditor.planning.nouns import Room
from auditor.planning.room import bases, headroom, holds, least_base, least_legs, lookup_range, with_margin
from auditor.sizing.columns import num_table_columns

magnitudes = st.integers(min_value=0, max_value=2**60)
rooms = st.builds(
    Room,
    decomposed=magnitudes,
    lookup_low=st.integers(-(2**20), 0),
    lookup_high=st.integers(0, 2**20),
    rounded=st.just(()),
)


def test_examples() -> None:
    assert not doctest.testmod(module).failed


@given(st.integers(2, 2**20), magnitudes)
def test_least_legs_are_the_least(base: int, magnitude: int) -> None:
    legs = least_legs(base, magnitude)
    assert base**legs - 1 >= magnitude
    assert legs == 1 or base ** (legs - 1) - 1 < magnitude


@given(st.integers(1, 8), magnitudes)
def test_least_base_is_the_least(legs: int, magnitude: int) -> None:
    base = least_base(legs, magnitude)
    assert base**legs - 1 >= magnitude
    assert base == 2 or (base - 1) ** legs - 1 < magnitude


@given(rooms, st.integers(6, 20))
def test_what_is_chosen_has_room_for_everything(room: Room, logrows: int) -> None:
    for base, legs in bases(room, logrows, widths=3):
        args = RunArgs(decomp_base=base, decomp_legs=legs, lookup_range=lookup_range(room, logrows))
        assert holds(args, room)
        assert headroom(args, room) >= 1


@given(rooms, st.integers(6, 20))
def test_room_beyond_what_is_needed_takes_no_column_more(room: Room, logrows: int) -> None:
    low, high = lookup_range(room, logrows)
    needed = num_table_columns(room.lookup_low, room.lookup_high, logrows)
    assert num_table_columns(low, high, logrows) == needed
    for base, _ in bases(room, logrows, widths=1):
        assert num_table_columns(0, base - 1, logrows) == 1


@given(rooms, st.floats(1, 8))
def test_a_margin_only_adds(room: Room, margin: float) -> None:
    wide = with_margin(room, margin)
    assert wide.decomposed >= room.decomposed
    assert wide.lookup_low <= room.lookup_low
    assert wide.lookup_high >= room.lookup_high


def test_pinned_digits_stay() -> None:
    room = Room(decomposed=10_000, lookup_low=0, lookup_high=0)
    assert list(bases(room, 8, widths=3, pinned=(64, None))) == [(64, 3)]
    assert list(bases(room, 8, widths=3, pinned=(64, 5))) == [(64, 5)]


def test_roundings_need_legs_of_their_own() -> None:
    small = Room(decomposed=10, lookup_low=0, lookup_high=0, rounded=((128, 5),))
    assert {legs for _, legs in bases(small, 10, widths=3)} == {2}  # one leg rounds everything to 0
    room = Room(decomposed=10, lookup_low=0, lookup_high=0, rounded=((128, 128**3),))
    assert {legs for _, legs in bases(room, 10, widths=3)} == {4}
    assert not holds(RunArgs(decomp_legs=3), room)


@pytest.mark.parametrize(("base", "legs", "fits"), [(16, 2, True), (15, 2, False)])
def test_the_last_integer_that_fits(base: int, legs: int, fits: bool) -> None:
    room = Room(decomposed=255, lookup_low=0, lookup_high=0)
    assert holds(RunArgs(decomp_base=base, decomp_legs=legs), room) == fits
