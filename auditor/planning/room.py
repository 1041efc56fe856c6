"""Which base, legs and tables have room for the integers of a circuit."""

from __future__ import annotations

import math
from collections.abc import Iterator

from auditor.circuit import RunArgs
from auditor.planning.nouns import Room
from auditor.sizing.columns import RESERVED_TABLE_ROWS

MOST_LEGS = 8
_MOST_BITS = 62
"""What is decomposed fits 63 bits, as everything the planner computes with does."""

_FREE_WIDENING = 4
"""How many times wider than needed a table is made where its columns have the rows anyway."""


def least_legs(base: int, magnitude: int) -> int:
    """The fewest legs that hold a magnitude, ``base**legs - 1`` at most (EZKL ``tensor/ops.rs`` `get_rep`).

    >>> least_legs(128, 127), least_legs(128, 128)
    (1, 2)
    """
    legs, reach = 1, base
    while reach - 1 < magnitude:
        legs, reach = legs + 1, reach * base
    return legs


def least_base(legs: int, magnitude: int) -> int:
    """The smallest base whose legs hold a magnitude.

    >>> least_base(2, 255), least_base(2, 256)
    (16, 17)
    """
    base = max(2, math.floor(math.pow(magnitude + 1, 1 / legs)))
    while base > 2 and (base - 1) ** legs - 1 >= magnitude:
        base -= 1
    while base**legs - 1 < magnitude:
        base += 1
    return base


def with_margin(room: Room, margin: float) -> Room:
    """Room for values that are ``margin`` times as large; EZKL's calibration widens tables alike."""
    return Room(
        decomposed=math.ceil(room.decomposed * margin),
        lookup_low=math.floor(room.lookup_low * margin),
        lookup_high=math.ceil(room.lookup_high * margin),
        rounded=tuple((base, math.ceil(magnitude * margin)) for base, magnitude in room.rounded),
    )


def legs_for_rounding(room: Room) -> int:
    """The fewest legs that roundings need: they decompose in bases of their own, with the same legs.

    With a single leg EZKL rounds everything to 0 (``layouts.rs`` `floor` and its like).
    """
    needed = (max(2, least_legs(base, magnitude)) for base, magnitude in room.rounded if base > 1)
    return max(needed, default=1)


def bases(
    room: Room, logrows: int, *, widths: int, pinned: tuple[int | None, int | None] = (None, None)
) -> Iterator[tuple[int, int]]:
    """Pairs of base and legs that hold ``room``, cheapest first: a range check of ``base`` rows has one
    column, or up to ``widths`` of them for a leg less.

    In columns of 2^logrows rows a larger base costs nothing up to the last row, so it takes all of them.
    ``pinned`` are a base and legs that are given.
    """
    capacity = (1 << logrows) - RESERVED_TABLE_ROWS
    pinned_base, pinned_legs = pinned
    seen: set[int] = set()
    for width in range(1, widths + 1):
        reach = pinned_base or width * capacity
        legs = pinned_legs or max(least_legs(reach, room.decomposed), legs_for_rounding(room))
        if legs in seen or legs > MOST_LEGS:
            continue
        seen.add(legs)
        yield pinned_base or _largest_base(reach, legs, room.decomposed), legs


def _largest_base(capacity: int, legs: int, magnitude: int) -> int:
    """As large as the table allows, within what EZKL can decompose at all."""
    most = int(2 ** (_MOST_BITS / legs))
    return max(min(capacity, most), least_base(legs, magnitude))


def lookup_range(room: Room, logrows: int) -> tuple[int, int]:
    """The range of the tables: what is needed, and a part of what the last column has rows for beyond it."""
    low, high = room.lookup_low, room.lookup_high
    needed = high - low
    capacity = (1 << logrows) - RESERVED_TABLE_ROWS
    columns = needed // capacity + 1
    spare = min(columns * capacity - 1 - needed, (_FREE_WIDENING - 1) * needed)
    below = spare * -low // needed if needed else 0
    return low - below, high + spare - below


def holds(run_args: RunArgs, room: Room) -> bool:
    """Whether run args have room for all of it."""
    base, legs = run_args.decomp_base, run_args.decomp_legs
    low, high = run_args.lookup_range
    return (
        base**legs - 1 >= room.decomposed
        and legs >= legs_for_rounding(room)
        and low <= room.lookup_low
        and room.lookup_high <= high
    )


def headroom(run_args: RunArgs, room: Room) -> float:
    """How many times as large values may become before one has no room; infinite where none takes any."""
    reach = run_args.decomp_base**run_args.decomp_legs - 1
    low, high = run_args.lookup_range
    ratios = [(reach, room.decomposed), (-low, -room.lookup_low), (high, room.lookup_high)]
    ratios += [(base**run_args.decomp_legs - 1, magnitude) for base, magnitude in room.rounded]
    return min((have / need for have, need in ratios if need > 0), default=math.inf)
