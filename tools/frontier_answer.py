"""The answer of ``docs/frontier.md`` in a few sentences, each made from what was found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditor.comparing.report import ROLES, Role
from auditor.forecasting.report import Outlook
from auditor.landscape.systems import count_text
from auditor.trends.forecast import HORIZON_YEARS, Crossing, Kind
from auditor.units import seconds_range_text
from tools.frontier_charts import SCENARIOS, first_out_of_reach
from tools.frontier_subjects import LAPTOP, Found
from tools.frontier_tables import amount, counted, named, quickest

_LIMITS: dict[Kind, str] = {"seconds": "time", "bytes": "memory"}


def answer(all_found: Sequence[Found]) -> Iterator[str]:
    """Who can today, how cost grows, what grows faster, and for whom it becomes affordable when."""
    told = sorted(
        (found for found in all_found if not found.subject.again),
        key=lambda found: found.compared.workload.parameters,
    )
    yield _today(told)
    yield from _without_circuit(told)
    yield from _elsewhere(told)
    yield _others(told)
    yield _growth(told)
    yield from _races(told)
    yield from _years(told)
    yield _kept_out(told)


def _able(found: Found, role: Role) -> int:
    return counted(found.compared.participants, "feasible")[ROLES.index(role)]


def _named(found: Found) -> str:
    return f"{found.subject.name} ({count_text(found.compared.workload.parameters)} parameters)"


def _today(told: Sequence[Found]) -> str:
    machines = len(told[0].compared.participants)
    proved = [found for found in told if _able(found, "prove") and found.ezkl.supported == "yes"]
    made = [found for found in told if found.ezkl.seconds is not None and found not in proved]
    without = len(told) - len(proved) - len(made)
    text = (
        f"Of these {len(told)} models, EZKL certainly proves {len(proved)} on some of {machines} machines "
        f"today, has a circuit for {len(made)} more that no machine is certain to prove, and none for "
        f"{without}."
    )
    if not proved:
        return text
    largest = proved[-1]
    on = _able(largest, "prove")
    return f"{text} The largest that is certainly proved is {_named(largest)}, on {on} machines."


def _elsewhere(told: Sequence[Found]) -> Iterator[str]:
    """Of the models that EZKL proves nowhere for certain, the quickest proof that is known of others."""
    out = [found for found in told if not _able(found, "prove") or found.ezkl.supported != "yes"]
    known = [(found, best) for found in out if (best := quickest(found)) is not None]
    said = [
        f"{found.subject.name} in {amount(best.seconds, seconds_range_text)} by {named(best)}"
        for found, best in known
    ]
    if said:
        yield f"Of the others the quickest known proofs are by other systems: {'; '.join(said)}."
    none = [found.subject.name for found in out if quickest(found) is None]
    if none:
        yield f"Of {_listed(none)} no system is known to have a time."


def _without_circuit(told: Sequence[Found]) -> Iterator[str]:
    without = [found.subject.name for found in told if found.ezkl.seconds is None]
    another = [found.subject.name for found in told if found.proves_another]
    if without:
        yield f"EZKL has no circuit at all for {_listed(without)}, whatever the machine."
    if another:
        yield f"At EZKL's default scale its circuit of {_listed(another)} computes another function."


def _others(told: Sequence[Found]) -> str:
    machines, largest = len(told[0].compared.participants), told[-1]
    proof = max((found for found in told if found.ezkl.seconds is not None), key=_parameters)
    return (
        f"Without a proof, {_able(largest, 're_execute')} of {machines} machines are certain to execute "
        f"{_named(largest)} again; {_able(proof, 'verify')} are certain to verify EZKL's proof of "
        f"{_named(proof)}, if somebody made one."
    )


def _parameters(found: Found) -> int:
    return found.compared.workload.parameters


def _growth(told: Sequence[Found]) -> str:
    made = [found.forecast.exponents for found in told if found.forecast is not None]
    time, memory = ([each[name] for each in made] for name in ("seconds", "bytes"))
    return (
        f"With the size of a model EZKL's time grows to the power {min(time):.2f} to {max(time):.2f}, its "
        f"memory to the power {min(memory):.2f} to {max(memory):.2f}, over {len(made)} models; to the "
        "power 1, a model twice as large costs twice as much."
    )


def _races(told: Sequence[Found]) -> Iterator[str]:
    made = [found.forecast for found in told if found.forecast is not None]
    won: dict[str, list[str]] = {"for every model": [], "for some": [], "for none": []}
    for place, scenario in enumerate(made[0].scenarios):
        wins = sum(each.scenarios[place].race.winner == "efficiency" for each in made)
        won["for every model" if wins == len(made) else "for some" if wins else "for none"].append(
            scenario.id
        )
    said = "; ".join(f"{where} in {_listed(names)}" for where, names in won.items() if names)
    yield f"Verification gets cheaper faster than models grow {said}."


def _years(told: Sequence[Found]) -> Iterator[str]:
    found = first_out_of_reach(told)
    assert found.forecast is not None
    for scenario in found.forecast.scenarios:
        if scenario.id in SCENARIOS:
            item = next(item for item in scenario.outlooks if item.profile == LAPTOP)
            yield f"Scenario {scenario.id}: {LAPTOP} is within its limits for {_named(found)}: {_when(item)}."


def _when(item: Outlook) -> str:
    found = {crossing.kind: crossing for crossing in item.crossings}
    return "; ".join(f"{name} {_year(found[kind])}" for kind, name in _LIMITS.items())


def _year(crossing: Crossing) -> str:
    """The expected year in words, with nine in ten worlds where they differ."""
    never = f"not within {HORIZON_YEARS:.0f} years"
    if crossing.high == 0:
        return "today"
    if crossing.mid is None:
        return never if crossing.low is None else f"{never} in most worlds"
    late = "never" if crossing.high is None else f"{crossing.high:.1f}"
    return f"in {crossing.mid:.1f} years ({crossing.low:.1f} to {late})"


def _kept_out(told: Sequence[Found]) -> str:
    last = [
        item.last
        for found in told
        if found.forecast is not None
        for scenario in found.forecast.scenarios
        for item in scenario.outlooks
        if item.last is not None
    ]
    kinds = {**_LIMITS, "usd": "money"}
    counts = {name: sum(each == kind for each in last) for kind, name in kinds.items()}
    said = ", ".join(f"{name} in {count}" for name, count in counts.items())
    return f"Of {len(last)} forecasts that are not met today for certain, what is met last is {said}."


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
