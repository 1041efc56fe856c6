"""A power law through the rows of a table, what it says elsewhere, and how wrong it has been.

The law is y = factor * x**exponent, fitted by least squares to the logarithms: the errors of benchmarks are
ratios, and a law through logarithms does not let the largest row decide alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from msgspec import Struct

Point = tuple[float, float]
"""Where along the axis, and the amount that was measured there; both above zero."""

_REACH = 1.0
"""A law is asked no farther beyond its ends than it is long, both counted in logarithms."""


class Law(Struct, frozen=True, kw_only=True):
    """y = factor * x**exponent, fitted from ``low`` to ``high`` along x."""

    factor: float
    exponent: float
    low: float
    high: float

    def at(self, x: float) -> float:
        return float(self.factor * x**self.exponent)

    def beyond(self, x: float) -> float:
        """How far x lies outside, in lengths of the law: 0.0 within, 1.0 as far off as the law is long."""
        length = math.log(self.high / self.low)
        return max(0.0, math.log(self.low / x), math.log(x / self.high)) / length


class Prediction(Struct, frozen=True, kw_only=True):
    """What a law says at one place: expected ``mid``, from ``low`` to ``high``."""

    low: float
    mid: float
    high: float
    extrapolated: bool


def fit(points: Sequence[Point]) -> Law | None:
    """The law through some points; None unless they lie at two places at least.

    >>> law = fit([(1.0, 3.0), (2.0, 12.0), (4.0, 48.0)])
    >>> law is not None and round(law.factor, 9), law is not None and round(law.exponent, 9)
    (3.0, 2.0)
    """
    if len({x for x, _ in points}) < 2:
        return None
    along = [math.log(x) for x, _ in points]
    amounts = [math.log(y) for _, y in points]
    middle, mean = sum(along) / len(along), sum(amounts) / len(amounts)
    spread = sum((x - middle) ** 2 for x in along)
    exponent = sum((x - middle) * (y - mean) for x, y in zip(along, amounts, strict=True)) / spread
    return Law(
        factor=math.exp(mean - exponent * middle),
        exponent=exponent,
        low=min(x for x, _ in points),
        high=max(x for x, _ in points),
    )


def left_out(points: Sequence[Point]) -> tuple[float | None, ...]:
    """What the law through all other points says of each; None where the others make no law."""
    laws = (fit([*points[:index], *points[index + 1 :]]) for index in range(len(points)))
    return tuple(None if law is None else law.at(x) for law, (x, _) in zip(laws, points, strict=True))


def error(points: Sequence[Point]) -> tuple[float, float] | None:
    """The least and the largest ratio of predicted to measured, each point left out in turn.

    None when leaving one out leaves no law, as with two points: then nobody has seen the law fail or hold.
    """
    predicted = left_out(points)
    if not points or any(value is None for value in predicted):
        return None
    ratios = [value / y for value, (_, y) in zip(predicted, points, strict=True) if value is not None]
    return min(ratios), max(ratios)


def predict(points: Sequence[Point], x: float) -> Prediction | None:
    """What the points say at x, or None when they say nothing there.

    The range is the worst of :func:`error`, to either side: a law that was once half of what was measured may
    be twice. That is too little twice over, so the ratio is raised to a power. Few rows have not shown the
    worst: the next of n + 1 alike lies between the extremes of n with the chance (n - 1) / (n + 1), and the
    power is its inverse. And beyond the ends an error counts as often again as x is lengths of the law away:
    half a length outside 1.5 times, one length 2 times, and farther is not asked. Asked so for every row of
    every series by the other rows, 304 of 328 lay in their range (2026-11-29).

    Where the error is unknown, the range within is that of the points, and nothing is said beyond.
    """
    law = fit(points)
    if law is None or law.beyond(x) > _REACH:
        return None
    outside, mid, ratios = law.beyond(x), law.at(x), error(points)
    if ratios is not None:
        few = (len(points) + 1) / (len(points) - 1)
        factor = max(ratios[1], 1 / ratios[0], 1.0) ** (few * (1 + outside))
        return Prediction(low=mid / factor, mid=mid, high=mid * factor, extrapolated=outside > 0)
    if outside:
        return None
    amounts = [y for _, y in points]
    return Prediction(low=min(*amounts, mid), mid=mid, high=max(*amounts, mid), extrapolated=False)


def geometric_mean(amounts: Iterable[float]) -> float:
    """The middle of amounts that differ by factors.

    >>> round(geometric_mean([1.0, 100.0]), 9)
    10.0
    """
    logarithms = [math.log(amount) for amount in amounts]
    return math.exp(sum(logarithms) / len(logarithms))
