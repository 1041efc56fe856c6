"""Trends and scenarios made for tests, and a brute-force look at the same forecast."""

from __future__ import annotations

from auditor.pricing.ranges import Range
from auditor.trends.forecast import HORIZON_YEARS, Kind, Need
from auditor.trends.scenario_file import FIELDS, Scenario
from auditor.trends.trend import Rate, Trend

STILL = (1.0, 1.0, 1.0)

Factors = tuple[float, float, float]


def trend(of: str, factors: Factors) -> Trend:
    low, mid, high = factors
    rate = Rate(low=low, mid=mid, high=high)
    return Trend(id=f"test-{of}", name=of, summary=of, of=of, means=of, per_year=rate)


def scenario(
    prover: Factors = STILL,
    memory: Factors = STILL,
    price: Factors = STILL,
    growth: Factors = STILL,
    memory_price: Factors | None = None,
) -> Scenario:
    return Scenario(
        id="test",
        name="test",
        summary="test",
        prover=trend(FIELDS["prover"], prover),
        memory=trend(FIELDS["memory"], memory),
        price=trend(FIELDS["price"], price),
        growth=trend(FIELDS["growth"], growth),
        memory_price=None if memory_price is None else trend(FIELDS["memory_price"], memory_price),
    )


def need(
    kind: Kind = "seconds",
    now: Factors = (1000.0, 1000.0, 1000.0),
    limit: float = 10.0,
    exponent: float = 1.0,
) -> Need:
    low, mid, high = now
    return Need(kind=kind, now=Range(low=low, mid=mid, high=high), limit=limit, exponent=exponent)


def first_year_within(
    now: float, limit: float, falls: float, growth: float, exponent: float, step: float
) -> float:
    """The first of many small steps at which the cost is within its limit, computed by multiplying."""
    cost, year = now, 0.0
    while cost > limit and year <= HORIZON_YEARS:
        cost *= (growth**exponent / falls) ** step
        year += step
    return year
