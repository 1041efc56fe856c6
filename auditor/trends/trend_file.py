"""Trends in files, ``rules/trends/NAME.toml`` or the user's own, and on the command line (``--rate``)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from auditor.errors import UsageError
from auditor.pricing.evidence import Evidence, listed, read_evidence
from auditor.pricing.shelf import Shelf
from auditor.pricing.tables import Table
from auditor.safe import safe
from auditor.trends.trend import ANYTHING, LEAST_PER_YEAR, MOST_PER_YEAR, OF, Point, Rate, Trend, observe

SCHEMA = "auditor.trend/1"

_HOW = "write low, expected and high factor per year, as in --rate prover_time=3,10,45"


def parse_trend(content: Mapping[str, Any], where: str) -> Trend:
    """The trend in the content of a TOML file; ``where`` names it in complaints.

    Raises:
        BadProfile: a field is missing, unknown, of the wrong kind or without evidence, the rate has no
            interval or is none, or a series has points of fewer than two days.
    """
    top = Table(content, where)
    top.allow("schema", "id", "name", "summary", "of", "means", "per_year", "points", "evidence")
    top.of_schema(SCHEMA)
    return Trend(
        id=top.text("id"),
        name=top.text("name"),
        summary=top.text("summary"),
        of=top.one_of("of", (*OF, ANYTHING)),
        means=top.text("means", limit=2_000),
        per_year=_rate(top),
        points=_points(top),
        evidence=read_evidence(content, where),
    )


def parse_rate(text: str, today: date) -> Trend:
    """What ``--rate NAME=LOW,MID,HIGH`` says: a trend of one of :data:`OF`, assumed by whoever wrote it.

    Raises:
        UsageError: it names nothing that has a rate, has no interval, or the numbers are none.
    """
    name, equals, factors = text.partition("=")
    if not equals:
        raise UsageError(f"--rate {safe(text)} has no factors", hint=_HOW)
    if name not in OF:
        raise UsageError.unknown(f"--rate {safe(text)}: nothing is called {safe(name)}", name, OF)
    try:
        numbers = [float(factor) for factor in factors.split(",")]
    except ValueError as error:
        raise UsageError(f"--rate {safe(text)}: that is not three numbers", hint=_HOW) from error
    if len(numbers) != 3:
        raise UsageError(f"--rate {safe(text)}: a rate has an interval, three numbers", hint=_HOW)
    low, mid, high = numbers
    try:
        rate = Rate(low=low, mid=mid, high=high)
    except ValueError as error:
        raise UsageError(f"--rate {safe(text)}: {_complaint(numbers)}", hint=_HOW) from error
    evidence = Evidence(fields=("per_year.*",), kind="assumed", dated=today, source="--rate")
    return Trend(
        id=f"--rate {name}",
        name=f"{name} as given",
        summary="Given on the command line.",
        of=name,
        means="As --rate says.",
        per_year=rate,
        evidence=(evidence,),
    )


def sources(content: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
    """The evidence of a trend as :mod:`auditor.rules` has the sources of any rule.

    Raises :class:`auditor.pricing.tables.BadProfile`, as :func:`parse_trend` does.
    """
    return listed(parse_trend(content, where).evidence)


def _rate(top: Table) -> Rate:
    if isinstance(top.content.get("per_year"), (int, float)):
        raise top.bad("per_year is one number, and a rate has an interval: low, mid and high")
    table = top.table("per_year")
    table.allow("low", "mid", "high")
    low, mid, high = (table.positive(name) for name in ("low", "mid", "high"))
    try:
        return Rate(low=low, mid=mid, high=high)
    except ValueError as error:
        raise table.bad(f"per_year: {_complaint([low, mid, high])}") from error


def _complaint(numbers: list[float]) -> str:
    if any(not LEAST_PER_YEAR <= number <= MOST_PER_YEAR for number in numbers):
        return f"a factor per year lies from {LEAST_PER_YEAR:g} to {MOST_PER_YEAR:,.0f}"
    return "low is not at most mid, and mid not at most high"


def _points(top: Table) -> tuple[Point, ...]:
    tables = top.content.get("points", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise top.bad("points are not tables, [[points]]")
    points = tuple(_point(Table(table, top.where, "points")) for table in tables)
    for series in dict.fromkeys(point.series for point in points):
        mine = [point for point in points if point.series == series]
        if len({point.unit for point in mine}) > 1:
            raise top.bad(f"points: the series '{series}' has more than one unit")
        try:
            observe(mine, grows=False)
        except ValueError as error:
            raise top.bad(f"points: the series '{series}' has fewer than two days") from error
    return points


def _point(table: Table) -> Point:
    table.allow("series", "date", "value", "unit", "what", "source")
    day = table.content.get("date")
    if not isinstance(day, date) or isinstance(day, datetime):
        raise table.bad("points.date is not a date, as in 2026-01-31")
    return Point(
        series=table.text("series"),
        day=day,
        value=table.positive("value"),
        unit=table.text("unit"),
        what=table.text("what"),
        source=table.text("source"),
    )


TRENDS = Shelf("trends", "trend", parse_trend)
load_trend, shipped_trend, resolve_trend = TRENDS.load, TRENDS.shipped, TRENDS.resolve
