"""The nouns of a forecast's report."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from auditor.comparing.report import Growth
from auditor.landscape.nouns import Amount, Workload
from auditor.report import ModelFacts
from auditor.trends.forecast import Crossing, FanPoint, Kind
from auditor.trends.race import Race
from auditor.trends.trend import Rate


class Outlook(Struct, frozen=True, kw_only=True):
    """When one machine can prove the model in one scenario, each limit for itself.

    ``now`` and ``limits`` are by kind (seconds, bytes, usd); a kind without a limit, or whose cost nobody
    knows, is missing, and ``unknown`` says why. ``last`` is the kind that is met last: what keeps it out.
    ``runs`` says whether anyone has seen EZKL run on such a machine.
    """

    profile: str
    name: str
    now: Mapping[Kind, Amount]
    limits: Mapping[Kind, float]
    crossings: tuple[Crossing, ...]
    last: Kind | None
    unknown: Mapping[Kind, str] = {}
    runs: bool = True


class Fan(Struct, frozen=True, kw_only=True):
    """What a cost is expected to be over the years on one machine, with the limit it has to meet."""

    profile: str
    kind: Kind
    limit: float
    points: tuple[FanPoint, ...]


class ScenarioOutlook(Struct, frozen=True, kw_only=True):
    """One scenario: its rates, who wins the race between efficiency and complexity, and each machine."""

    id: str
    name: str
    summary: str
    rates: Mapping[str, Rate]
    evidence: str
    race: Race
    outlooks: tuple[Outlook, ...]
    fans: tuple[Fan, ...]
    warnings: tuple[str, ...] = ()


class ForecastReport(Struct, frozen=True, kw_only=True):
    """When one model becomes affordable. ``growth`` is where the exponents are from; ``why_not`` says why
    there is no forecast: a model without a circuit costs nothing that could fall."""

    path: str
    sha256: str | None
    model: ModelFacts
    workload: Workload
    axis: str
    growth: Growth | None
    exponents: Mapping[str, float]
    exponent_source: str
    policy: str
    budget_usd: float | None
    seed: int
    draws: int
    scenarios: tuple[ScenarioOutlook, ...]
    why_not: str
    notes: tuple[str, ...]
    exit_code: int
    version: str
    rules: str
