"""When what is too dear today becomes affordable: years, as a range, and in how many worlds never.

    cost(t) = now * growth ^ (exponent * t) / (falls ...) ^ t

with t in years. Time falls with the prover, money with the prover and the price of hardware, memory with
rates of its own. Within a world rates are constant, so the year at which the cost meets the limit has a
closed form:

    t = ln(now / limit) / (sum of ln falls - exponent * ln growth)
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct

from auditor.pricing.ranges import Range
from auditor.trends.draws import DRAWS, SEED, Shock, log_draw, quantile, shocks
from auditor.trends.scenario_file import Scenario
from auditor.trends.trend import Rate

HORIZON_YEARS = 20.0
"""What comes later counts as never: no trend behind these forecasts has been seen for longer."""

MOST_EXPONENT = 3.0
"""No part of a model costs more than the cube of the axis along which it grows."""

Kind = Literal["seconds", "usd", "bytes"]
KINDS: tuple[Kind, ...] = ("seconds", "usd", "bytes")

SHARES = (0.05, 0.5, 0.95)

_MOST_LOG = math.log(1e300)
"""Extreme rates given by hand lead beyond what a float holds; whatever costs this much never ends."""


class Need(Struct, frozen=True, kw_only=True):
    """A cost of today and the limit it has to meet, both in the unit that ``kind`` names.

    ``exponent``: the cost grows as the model's size along the axis of growth to this power.

    Raises :class:`ValueError` unless now and limit are above 0 and finite, and the exponent is from 0 to
    :data:`MOST_EXPONENT`.
    """

    kind: Kind
    now: Range
    limit: float
    exponent: float

    def __post_init__(self) -> None:
        if not (self.now.low > 0 and self.now.high < math.inf and 0 < self.limit < math.inf):
            raise ValueError("a cost and its limit are above 0")
        if not 0 <= self.exponent <= MOST_EXPONENT:
            raise ValueError(f"an exponent is from 0 to {MOST_EXPONENT:g}")


class Crossing(Struct, frozen=True, kw_only=True):
    """When a need is met. ``low``, ``mid`` and ``high`` are the years from now by which 5, 50 and 95 % of
    worlds have met it; None is not within :data:`HORIZON_YEARS`.

    ``share_already`` of worlds meet it today, of which ``share_outgrown`` (of all) do no longer within the
    horizon because the model outgrows its prover. ``share_never`` do not meet it within the horizon.
    """

    kind: Kind
    low: float | None
    mid: float | None
    high: float | None
    share_already: float
    share_never: float
    share_outgrown: float


class FanPoint(Struct, frozen=True, kw_only=True):
    """What a need costs in some year from now: 5, 50 and 95 % of worlds are at or below."""

    year: float
    low: float
    mid: float
    high: float


def forecast(
    needs: Iterable[Need], scenario: Scenario, *, seed: int = SEED, draws: int = DRAWS
) -> tuple[Crossing, ...]:
    """When each need is met, each for itself: to meet all is to wait for the last."""
    worlds = shocks(seed, draws)
    return tuple(_crossing(need, scenario, worlds) for need in needs)


def fan(
    need: Need, scenario: Scenario, years: Iterable[float], *, seed: int = SEED, draws: int = DRAWS
) -> tuple[FanPoint, ...]:
    """What the need costs in each of these years, in its own unit.

    Raises :class:`ValueError` for a year before today or beyond :data:`HORIZON_YEARS`.
    """
    lines = [_line(need, scenario, world) for world in shocks(seed, draws)]
    return tuple(_fan_point(year, lines) for year in years)


def years_until(log_excess: float, log_slope: float) -> float:
    """The year at which a cost that is ``exp(log_excess)`` times its limit, and changes by ``log_slope`` per
    year, has met it: 0 when it does today, infinity when it never does.

    >>> round(years_until(math.log(100), -math.log(10)), 6)
    2.0
    """
    if log_excess <= 0:
        return 0.0
    return math.inf if log_slope >= 0 else log_excess / -log_slope


def rates(kind: Kind, scenario: Scenario) -> tuple[Rate, Rate | None]:
    """What a cost of this kind is divided by each year: what the prover gains, and what a price falls."""
    if kind == "bytes":
        return scenario.memory.per_year, scenario.memory_price.per_year if scenario.memory_price else None
    return scenario.prover.per_year, scenario.price.per_year if kind == "usd" else None


def _line(need: Need, scenario: Scenario, world: Shock) -> tuple[float, float]:
    """The logarithm of the cost in this world today, and what it changes by in a year."""
    prover, price = rates(need.kind, scenario)
    fall = log_draw(prover, world.prover) + (log_draw(price, world.price) if price else 0.0)
    growth = log_draw(scenario.growth.per_year, world.growth)
    return log_draw(need.now, world.now), need.exponent * growth - fall


def _crossing(need: Need, scenario: Scenario, worlds: Sequence[Shock]) -> Crossing:
    limit = math.log(need.limit)
    lines = [(now - limit, slope) for now, slope in (_line(need, scenario, world) for world in worlds)]
    years = sorted(years_until(excess, slope) for excess, slope in lines)
    low, mid, high = (_within(quantile(years, share)) for share in SHARES)
    outgrown = sum(excess <= 0 < excess + slope * HORIZON_YEARS for excess, slope in lines)
    return Crossing(
        kind=need.kind,
        low=low,
        mid=mid,
        high=high,
        share_already=sum(excess <= 0 for excess, _ in lines) / len(lines),
        share_never=sum(year > HORIZON_YEARS for year in years) / len(years),
        share_outgrown=outgrown / len(lines),
    )


def _within(years: float) -> float | None:
    return years if years <= HORIZON_YEARS else None


def _fan_point(year: float, lines: Sequence[tuple[float, float]]) -> FanPoint:
    if not 0 <= year <= HORIZON_YEARS:
        raise ValueError(f"a forecast is for 0 to {HORIZON_YEARS:g} years from now")
    logs = sorted(now + slope * year for now, slope in lines)
    low, mid, high = (math.exp(min(quantile(logs, share), _MOST_LOG)) for share in SHARES)
    return FanPoint(year=year, low=low, mid=mid, high=high)
