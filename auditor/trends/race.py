"""Which grows faster: how efficiently models are verified, or how complex they are.

efficiency = prover * price             how much cheaper the same proof gets in a year
complexity = growth ^ exponent          how much more there is to prove a year later
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from auditor.trends.draws import DRAWS, SEED, log_draw, quantile, shocks
from auditor.trends.forecast import MOST_EXPONENT, SHARES
from auditor.trends.scenario_file import Scenario
from auditor.trends.trend import Rate

Winner = Literal["efficiency", "complexity", "neither"]

_TIE = 1e-12
"""Logarithms nearer than this to each other are the same rate, written differently."""

_MOST_LOG = math.log(1e300)


class Factors(Struct, frozen=True, kw_only=True):
    """Factors per year that 5, 50 and 95 % of worlds are at or below."""

    low: float
    mid: float
    high: float


class Race(Struct, frozen=True, kw_only=True):
    """The two rates per year, and which is larger.

    ``winner`` is at the expected rates; ``share_efficiency`` and ``share_complexity`` are the worlds in which
    either is larger. ``break_even`` is the growth of models per year at which the winner changes, at the
    expected rates: None as :func:`break_even` says. ``exponent_source`` says
    where the exponent is from.
    """

    scenario: str
    efficiency: Factors
    complexity: Factors
    growth: Rate
    exponent: float
    exponent_source: str
    winner: Winner
    share_efficiency: float
    share_complexity: float
    break_even: float | None

    def verdict(self) -> str:
        """The answer in one breath: which is faster, and where that changes."""
        return f"{_VERDICTS[self.winner]}{self._flip()}"

    def sentence(self) -> str:
        """The answer in plain words, with its numbers."""
        return f"{_VERDICTS[self.winner]} {self._rates()} {self._worlds()}{self._flip()}"

    def _rates(self) -> str:
        return (
            f"A year divides the cost of the same proof by {_span(self.efficiency)} and multiplies what is "
            f"to be proved by {_span(self.complexity)}."
        )

    def _worlds(self) -> str:
        if self.winner == "neither":
            return f"Efficiency leads in {_share(self.share_efficiency)} of the worlds drawn."
        ahead = self.share_efficiency if self.winner == "efficiency" else self.share_complexity
        return f"So it is in {_share(ahead)} of the worlds drawn."

    def _flip(self) -> str:
        if self.break_even is None:
            return ""
        return f" The answer changes where models grow by a factor of {_factor(self.break_even)} a year."


_VERDICTS = {
    "efficiency": "Verification gets cheaper faster than models grow.",
    "complexity": "Models grow faster than verification gets cheaper.",
    "neither": "Neither is faster: models grow as fast as verification gets cheaper.",
}


def race(
    scenario: Scenario, exponent: float, exponent_source: str, *, seed: int = SEED, draws: int = DRAWS
) -> Race:
    """Who wins in a scenario, where cost grows as the model's growth to the power ``exponent``.

    Raises :class:`ValueError` unless the exponent is from 0 to :data:`MOST_EXPONENT` and has a source.
    """
    if not 0 <= exponent <= MOST_EXPONENT or not exponent_source:
        raise ValueError(f"an exponent is from 0 to {MOST_EXPONENT:g}, and has a source")
    prover, price, growth = (trend.per_year for trend in (scenario.prover, scenario.price, scenario.growth))
    worlds = shocks(seed, draws)
    falls = [log_draw(prover, world.prover) + log_draw(price, world.price) for world in worlds]
    rises = [exponent * log_draw(growth, world.growth) for world in worlds]
    leads = [fall - rise for fall, rise in zip(falls, rises, strict=True)]
    return Race(
        scenario=scenario.id,
        efficiency=_factors(falls),
        complexity=_factors(rises),
        growth=growth,
        exponent=exponent,
        exponent_source=exponent_source,
        winner=winner(prover.mid * price.mid, growth.mid, exponent),
        share_efficiency=sum(lead > _TIE for lead in leads) / len(leads),
        share_complexity=sum(lead < -_TIE for lead in leads) / len(leads),
        break_even=break_even(prover.mid * price.mid, exponent),
    )


def winner(efficiency: float, growth: float, exponent: float) -> Winner:
    """Which is larger, a gain in efficiency or the growth of what is to be proved."""
    lead = math.log(efficiency) - exponent * math.log(growth)
    if abs(lead) <= _TIE:
        return "neither"
    return "efficiency" if lead > 0 else "complexity"


def break_even(efficiency: float, exponent: float) -> float | None:
    """The growth g of models per year with g ^ exponent = efficiency.

    None where growth costs nothing, or so little that no float holds the growth it would take.

    >>> break_even(9.0, 2.0)
    3.0
    """
    if exponent * _MOST_LOG <= abs(math.log(efficiency)):
        return None
    return math.pow(efficiency, 1 / exponent)


def _factors(logs: Sequence[float]) -> Factors:
    ordered = sorted(logs)
    low, mid, high = (math.exp(quantile(ordered, share)) for share in SHARES)
    return Factors(low=low, mid=mid, high=high)


def _span(factors: Factors) -> str:
    if factors.low == factors.high:
        return _factor(factors.mid)
    return f"{_factor(factors.mid)} ({_factor(factors.low)} to {_factor(factors.high)})"


def _factor(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _share(share: float) -> str:
    """A percentage; one that only rounding would make all or none says so."""
    if 0.995 <= share < 1:
        return "more than 99%"
    return "less than 1%" if 0 < share < 0.005 else f"{share:.0%}"
