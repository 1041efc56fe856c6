"""The noun of a forecast: a factor per year, with the dated values behind it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Literal, get_args

from msgspec import Struct

from auditor.pricing.evidence import Evidence, weakest

Of = Literal["prover_time", "prover_memory", "hardware_price", "memory_price", "model_growth"]
"""What a rate is of. All but the growth of models divide a cost; that one multiplies it."""

OF: tuple[Of, ...] = get_args(Of)

ANYTHING = "anything"
"""What the trend of a world where nothing changes is of."""

LEAST_PER_YEAR, MOST_PER_YEAR = 1e-3, 1e3
"""Rates beyond these are no trends, and over some years their powers would leave what a float can hold."""

DAYS_PER_YEAR = 365.25


class Rate(Struct, frozen=True, kw_only=True):
    """A factor per year: ``mid`` is as likely too high as too low, nine in ten worlds lie from ``low`` to
    ``high``.

    Raises :class:`ValueError` unless LEAST_PER_YEAR <= low <= mid <= high <= MOST_PER_YEAR.
    """

    low: float
    mid: float
    high: float

    def __post_init__(self) -> None:
        if not LEAST_PER_YEAR <= self.low <= self.mid <= self.high <= MOST_PER_YEAR:
            raise ValueError(f"not a rate: {self.low}, {self.mid}, {self.high}")


class Point(Struct, frozen=True, kw_only=True):
    """A value of a day, published in ``source``; ``what`` it was measured of, ``unit`` what it counts."""

    series: str
    day: date
    value: float
    unit: str
    what: str
    source: str


class Observed(Struct, frozen=True, kw_only=True):
    """What a series says: by which factor per year it changed from its first point to its last."""

    series: str
    per_year: float
    years: float


class Trend(Struct, frozen=True, kw_only=True):
    """How fast something changes. ``of`` is one of :data:`OF` or :data:`ANYTHING`; ``means`` says in words
    what the factor divides or multiplies. ``points`` are the series behind it, where there are any."""

    id: str
    name: str
    summary: str
    of: str
    means: str
    per_year: Rate
    points: tuple[Point, ...] = ()
    evidence: tuple[Evidence, ...] = ()

    def rests_on(self, today: date) -> tuple[str, tuple[str, ...]]:
        """The weakest class of evidence behind the rate, and a warning for each that is out of date."""
        ends = ("per_year.low", "per_year.mid", "per_year.high")
        return weakest((entry for entry in self.evidence if any(entry.covers(end) for end in ends)), today)

    def observed(self) -> tuple[Observed, ...]:
        """What each series behind the rate says by itself."""
        series: dict[str, list[Point]] = {}
        for point in self.points:
            series.setdefault(point.series, []).append(point)
        return tuple(observe(points, grows=self.of == "model_growth") for points in series.values())


def observe(points: Iterable[Point], *, grows: bool) -> Observed:
    """The factor per year of one series, (a / b) ^ (1 / years) with a its first value and b its last, and the
    inverse for what grows. A year has :data:`DAYS_PER_YEAR` days.

    Raises :class:`ValueError` when the points are not of at least two days.
    """
    ordered = sorted(points, key=lambda point: point.day)
    if len(ordered) < 2 or ordered[0].day == ordered[-1].day:
        raise ValueError("a series has points of at least two days")
    first, last = ordered[0], ordered[-1]
    years = (last.day - first.day).days / DAYS_PER_YEAR
    fall = (first.value / last.value) ** (1 / years)
    return Observed(series=first.series, per_year=1 / fall if grows else fall, years=years)
