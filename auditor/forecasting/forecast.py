"""``auditor forecast``, from a file to its report. It reads top to bottom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from auditor import rules
from auditor._version import __version__
from auditor.comparing.compare import MACHINE
from auditor.comparing.grounds import Grounds, grounds
from auditor.comparing.growth import exponents, grow
from auditor.comparing.report import Axis, Growth
from auditor.comparing.workload import workload_of
from auditor.describe import model_facts
from auditor.forecasting.outlook import Judge, outlook
from auditor.forecasting.report import Fan, ForecastReport, ScenarioOutlook
from auditor.options import Request
from auditor.pricing.evidence import weakest
from auditor.pricing.hardware import resolve
from auditor.rules import names
from auditor.safe import safe, shown_path
from auditor.trends.draws import DRAWS, SEED
from auditor.trends.forecast import MOST_EXPONENT, FanPoint, Need, fan
from auditor.trends.race import race
from auditor.trends.scenario_file import Scenario, replaced, resolve_scenario
from auditor.trends.trend_file import parse_rate

FACTORS = (1, 2, 4, 8, 16)
"""The sizes that are tried for an exponent."""

READ_OFF = 3
"""Largest sizes with a circuit that the exponents are read off: small ones have a floor that no growth
shows."""

LEAST_EXPONENT = 0.05
"""What grows less than this with a factor does not grow."""

_MEASURES = {"parameters": "parameters", "macs": "multiply-accumulates"}

ORDER: tuple[Axis, ...] = ("width", "depth", "sequence")
"""Which axis is taken where nobody says: the first along which the model can be made larger."""

EXIT_UNDETERMINED = 3

_FAN_YEARS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0)
"""No rate has been seen to hold for longer."""
FANNED = "laptop-8c-16g"
"""Whose costs are drawn over the years, unless machines are named: more would be a wall of pictures."""

FANNED_SCENARIOS = ("frontier-parameters", "same-stack-parameters")
"""In which, unless scenarios are named: models grow in both, and the proof system is changed or is not."""


class ForecastOptions(Struct, frozen=True, kw_only=True):
    """What ``forecast`` is asked beside the circuit. ``scenarios`` and ``machines`` are all where none are
    named; ``rates`` are the user's own, as ``NAME=LOW,MID,HIGH``."""

    scenarios: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()
    rates: tuple[str, ...] = ()
    policy: str = "batch"
    budget_usd: float | None = None
    axis: Axis | None = None
    seed: int = SEED
    draws: int = DRAWS


def forecast(path: Path, request: Request, options: ForecastOptions) -> ForecastReport:
    """When a model becomes affordable to prove on each machine, in each scenario.

    Raises:
        UsageError: a name that nobody knows, a rate without an interval, or a size that is open.
        AuditorError: the file cannot be read.
    """
    scenarios = _scenarios(options)
    notes: list[str] = []
    ground = grounds(path, request, MACHINE, options.policy, notes)
    if options.machines:
        ground = _on(ground, options.machines)
    studied = ground.studied
    if studied.sized.system is None:
        # What does not exist gets no cheaper, and has no exponents to look for.
        growth = Growth(axis=options.axis or ORDER[0], reason=ground.made.reason)
    else:
        growth = _growth(ground, options.axis, request)
    powers, source = _exponents(growth)
    found: tuple[ScenarioOutlook, ...] = ()
    why_not = ""
    if studied.sized.system is None:
        why_not = ground.made.reason
    else:
        judge = Judge.of(ground, options.budget_usd)
        found = tuple(_outlook(item, judge, powers, source, options) for item in scenarios)
    return ForecastReport(
        path=shown_path(path),
        sha256=studied.source.model.sha256,
        model=model_facts(studied.model, studied.bound, studied.laid_out.circuit),
        workload=workload_of(studied, None),
        axis=growth.axis if growth.sizes else "",
        growth=growth,
        exponents=powers,
        exponent_source=source,
        policy=ground.policy.id,
        budget_usd=options.budget_usd,
        seed=options.seed,
        draws=options.draws,
        scenarios=found,
        why_not=why_not,
        notes=tuple(safe(note, limit=400) for note in (*studied.notes, *notes)),
        exit_code=0 if found else EXIT_UNDETERMINED,
        version=__version__,
        rules=rules.digest(),
    )


def _scenarios(options: ForecastOptions) -> list[Scenario]:
    today = date.today()
    own = [parse_rate(word, today) for word in options.rates]
    wanted = [resolve_scenario(word) for word in dict.fromkeys(options.scenarios or names("scenarios"))]
    return [replaced(scenario, own) for scenario in wanted]


def _on(ground: Grounds, machines: Sequence[str]) -> Grounds:
    return replace(ground, others=resolve(machines, ground.prices.this_machine))


def _growth(ground: Grounds, axis: Axis | None, request: Request) -> Growth:
    """The model at larger sizes: along the axis that was asked for, or the first that can be made."""
    reasons = []
    given = "logrows" in request.given
    for each in [axis] if axis else ORDER:
        found = grow(ground.studied, each, FACTORS, ground.priced, given=given, quiet=request.quiet)
        if _law(found) is not None:
            return found
        why = found.reason or next((size.reason for size in found.sizes if size.reason), "")
        reasons.append(f"{each}: {why or 'fewer than two sizes have a circuit'}")
    return Growth(axis=axis or ORDER[0], reason="; ".join(reasons))


def _law(growth: Growth) -> tuple[Mapping[str, float], str] | None:
    """By which powers of the size cost grows, and where that is from; None with fewer than two sizes.

    A longer sequence leaves the parameters as they are, and is measured in multiply-accumulates.
    """
    largest = [size for size in growth.sizes if size.prove_seconds is not None][-READ_OFF:]
    found = exponents(largest)
    for measure in ("parameters", "macs"):
        size = found.get(measure, 0.0)
        if size > LEAST_EXPONENT:
            time, memory = (
                min(max(found[name] / size, 0.0), MOST_EXPONENT)
                for name in ("prove_seconds", "peak_memory_bytes")
            )
            told = f"{', '.join(f'{each.factor}x' for each in largest)} its {growth.axis}"
            source = f"the exact circuit at {told}, against its {_MEASURES[measure]}"
            return {"seconds": time, "bytes": memory, "usd": time}, source
    return None


def _exponents(growth: Growth) -> tuple[Mapping[str, float], str]:
    """By which power of the model's size time, memory and money grow, and where that is from."""
    return _law(growth) or (
        {"seconds": 1.0, "bytes": 1.0, "usd": 1.0},
        f"assumed, cost grows as the model does: {growth.reason}",
    )


def _outlook(
    scenario: Scenario, judge: Judge, powers: Mapping[str, float], source: str, options: ForecastOptions
) -> ScenarioOutlook:
    trends = scenario.trends()
    evidence, warnings = weakest((item for trend in trends for item in trend.evidence), judge.today)
    outlooks = tuple(
        outlook(judge, machine, scenario, powers, seed=options.seed, draws=options.draws)
        for machine in judge.machines
    )
    return ScenarioOutlook(
        id=scenario.id,
        name=scenario.name,
        summary=scenario.summary,
        rates={trend.id: trend.per_year for trend in trends},
        evidence=evidence,
        race=race(scenario, powers["seconds"], source, seed=options.seed, draws=options.draws),
        outlooks=outlooks,
        fans=tuple(_fans(judge, scenario, powers, options)),
        warnings=warnings,
    )


def _fans(
    judge: Judge, scenario: Scenario, powers: Mapping[str, float], options: ForecastOptions
) -> Iterator[Fan]:
    """Of one machine, the first that was named: what its costs become, with the limits they have to meet."""
    if not options.scenarios and scenario.id not in FANNED_SCENARIOS:
        return
    named = [machine for machine in judge.machines if options.machines or machine.id == FANNED]
    for machine in (named or list(judge.machines))[:1]:
        for kind, need in judge.needs(machine, powers).items():
            yield Fan(profile=machine.id, kind=kind, limit=need.limit, points=_fan(need, scenario, options))


def _fan(need: Need, scenario: Scenario, options: ForecastOptions) -> tuple[FanPoint, ...]:
    return fan(need, scenario, _FAN_YEARS, seed=options.seed, draws=options.draws)
