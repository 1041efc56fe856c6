"""Draws of a rate or an amount that is known as low, mid and high: log-normal, in two pieces.

Below its median the logarithm is that of a normal distribution with the spread (ln mid - ln low) / z, above
it with (ln high - ln mid) / z, where z = 1.6449 is the 95 % quantile of the standard normal. So 5 % of all
draws lie below ``low``, half below ``mid`` and 5 % above ``high``, also where the two sides differ; the
density then has a step at ``mid``. With equal spreads it is the ordinary log-normal.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random
from statistics import NormalDist
from typing import Protocol

from msgspec import Struct

_STANDARD = NormalDist()
Z95 = _STANDARD.inv_cdf(0.95)

DRAWS = 10_000
"""As many as make another seed move a share by less than half a point in a hundred."""

SEED = 1


class Spread(Protocol):
    """What is known as a low, an expected and a high value."""

    @property
    def low(self) -> float: ...
    @property
    def mid(self) -> float: ...
    @property
    def high(self) -> float: ...


class Shock(Struct, frozen=True, kw_only=True):
    """Where one world lies in each spread, in standard deviations: the cost of today, what the prover gains,
    what a price falls, how models grow."""

    now: float
    prover: float
    price: float
    growth: float


def shocks(seed: int, count: int = DRAWS) -> tuple[Shock, ...]:
    """Worlds, independent in each of their four numbers.

    Each number takes the quantiles (k + 1/2) / count of the standard normal, once each, in an order of its
    own (Latin hypercube sampling): so the ends of a single rate come out as they are written, and chance is
    only in which values meet. Worlds depend on the seed alone, so two scenarios are compared in the same
    worlds, and whatever is better in all of them never looks worse by chance.
    """
    draw = Random(seed)
    values = [_STANDARD.inv_cdf((k + 0.5) / count) for k in range(count)]
    columns = (_shuffled(values, draw) for _ in range(4))
    return tuple(
        Shock(now=now, prover=prover, price=price, growth=growth)
        for now, prover, price, growth in zip(*columns, strict=True)
    )


def log_draw(spread: Spread, z: float) -> float:
    """The natural logarithm of the value that lies ``z`` standard deviations from the median.

    >>> from auditor.trends.trend import Rate
    >>> rate = Rate(low=2.0, mid=10.0, high=20.0)
    >>> [round(math.exp(log_draw(rate, z)), 6) for z in (-Z95, 0.0, Z95)]
    [2.0, 10.0, 20.0]
    """
    side = math.log(spread.mid / spread.low) if z < 0 else math.log(spread.high / spread.mid)
    return math.log(spread.mid) + side * z / Z95


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value that this share of the values lies at or below; the nearest rank, so that it is one of them.

    >>> quantile([1.0, 2.0, 3.0, 4.0], 0.5)
    2.0
    """
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _shuffled(values: Sequence[float], draw: Random) -> list[float]:
    """In random order. Only ``Random.random`` is used, whose sequence Python keeps from one version to the
    next, as it does not that of ``shuffle``."""
    found = list(values)
    for last in range(len(found) - 1, 0, -1):
        other = int(draw.random() * (last + 1))
        found[last], found[other] = found[other], found[last]
    return found
