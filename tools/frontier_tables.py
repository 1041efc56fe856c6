"""Markdown for ``docs/frontier.md``: cells, tables and folded lists, and the sections on the models."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from auditor.comparing.report import AXES, ROLES, Growth, Participant, Size
from auditor.forecasting.report import Outlook, ScenarioOutlook
from auditor.landscape.nouns import Amount, Way
from auditor.landscape.systems import count_text
from auditor.trends.forecast import HORIZON_YEARS, Crossing, Kind
from auditor.units import bytes_range_text, bytes_text, seconds_range_text
from tools.frontier_subjects import MACHINES, Found

Form = Callable[[float, float], str]

LETTERS = {"measured": "m", "published": "p", "derived": "d", "assumed": "a"}

_KINDS: dict[Kind, str] = {"seconds": "T", "bytes": "M", "usd": "$"}

_WORTH_TELLING = 0.005
"""Of all worlds."""


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """A table; the columns whose places are in ``numbers`` stand at the right."""
    marks = ["--:" if place in numbers else "---" for place in range(len(heads))]
    cells = [heads, marks, *rows]
    return "\n".join(f"| {' | '.join(_flat(cell) for cell in row)} |" for row in cells) + "\n"


def folded(title: str, content: str) -> str:
    """What is shown when somebody asks for it."""
    return f"<details><summary>{title}</summary>\n\n{content.strip()}\n\n</details>\n"


def bullets(items: Iterable[str]) -> str:
    """A list of sentences, each once."""
    return "".join(f"- {' '.join(item.split())}\n" for item in dict.fromkeys(items))


def _flat(cell: str) -> str:
    return " ".join(cell.replace("|", r"\|").split())


def amount(found: Amount | None, form: Form) -> str:
    """A range with the letter of its evidence, and a star where it was extrapolated."""
    if found is None:
        return "unknown"
    star = r"\*" if found.extrapolated else ""
    return f"{form(found.low, found.high)} <sup>{LETTERS[found.evidence]}{star}</sup>"


# --- the circuit ---------------------------------------------------------------------------


def circuits(all_found: Sequence[Found]) -> str:
    """One row for each model: what EZKL would prove, or why it would not."""
    heads = ("model", "parameters", "rows", "k", "proving key", "memory", "time of a proof", "EZKL proves it")
    return table(heads, (_circuit(found) for found in all_found), numbers=range(1, 7))


def _circuit(found: Found) -> Iterator[str]:
    sized, way = found.sized, found.ezkl
    yield found.subject.name
    yield count_text(found.compared.workload.parameters)
    yield _rows(found)
    yield "none" if sized.system is None else str(sized.logrows)
    yield "" if sized.artifacts is None else bytes_text(sized.artifacts.proving_key_bytes)
    yield "" if way.seconds is None else amount(way.peak_memory_bytes, bytes_range_text)
    yield "" if way.seconds is None else amount(way.seconds, seconds_range_text)
    yield _answer(found)


def _rows(found: Found) -> str:
    """Of the circuit, or of the layout that finds no place in one."""
    if found.sized.size is not None:
        return f"{found.sized.size.num_rows:,}"
    once = (size for growth in found.compared.growth for size in growth.sizes if size.factor == 1)
    rows = next((size.num_rows for size in once if size.num_rows is not None), None)
    return "" if rows is None else f"{rows:,}"


def _answer(found: Found) -> str:
    if found.ezkl.supported == "yes":
        return "yes"
    if found.proves_another:
        return "no, another function"
    return "no circuit" if found.ezkl.supported == "no" else "unknown"


def refusals(all_found: Sequence[Found]) -> Iterator[str]:
    """Why EZKL does not prove a model, in full."""
    for found in all_found:
        if found.ezkl.supported != "yes":
            yield f"{found.subject.name}: {'; '.join(found.ezkl.unsupported) or 'not known'}"


# --- ways ----------------------------------------------------------------------------------


def ways_summary(all_found: Sequence[Found]) -> str:
    """One row for each model: the quickest known proof, what is executed again, and what nobody knows."""
    heads = (
        "model",
        "EZKL",
        "quickest other proof",
        "its time",
        "re-execution",
        "known",
        "unknown",
        "not supported",
    )
    return table(heads, (_ways_row(found) for found in all_found), numbers=(1, 3, 4, 5, 6, 7))


def quickest(found: Found) -> Way | None:
    """The system beside EZKL whose time is known and expected to be the least."""
    timed = [way for way in _systems(found) if way.seconds is not None]
    return min(timed, key=lambda way: way.seconds.mid if way.seconds else 0.0, default=None)


def named(way: Way) -> str:
    """A system, and that it convinces only whom it is made for."""
    return way.name if way.public else f"{way.name} (one verifier)"


def _systems(found: Found) -> Sequence[Way]:
    return [way for way in found.compared.ways[1:] if way.kind == "proof"]


def _ways_row(found: Found) -> Iterator[str]:
    systems, best = _systems(found), quickest(found)
    again = next(way for way in found.compared.ways if way.id == "re_execution")
    yield found.subject.name
    yield _time_or(found.ezkl, "another function" if found.proves_another else "no circuit")
    yield "none known" if best is None else named(best)
    yield "" if best is None else amount(best.seconds, seconds_range_text)
    yield amount(again.seconds, seconds_range_text)
    yield str(sum(way.seconds is not None for way in systems))
    yield str(sum(way.seconds is None and way.supported != "no" for way in systems))
    yield str(sum(way.supported == "no" for way in systems))


def _time_or(way: Way, otherwise: str) -> str:
    return otherwise if way.supported == "no" else amount(way.seconds, seconds_range_text)


def ways(found: Found) -> str:
    """Every way for one model: those with an amount in a table, the others with the reason."""
    rows = found.compared.ways
    known = [way for way in rows if _has_amount(way) and way.supported != "no"]
    silent = [way for way in rows if not _has_amount(way) and way.supported != "no"]
    refused = [way for way in rows if way.supported == "no"]
    heads = ("way", "rests on", "time", "memory", "verifying", "proof")
    text = table(heads, (_way(way) for way in known), numbers=range(2, 6))
    text += "\nWhere the times are from:\n\n"
    text += bullets(_from(way) for way in known if way.seconds is not None)
    if refused:
        text += "\nNot supported:\n\n"
        text += bullets(
            f"{way.name}: {'; '.join(way.unsupported) or 'not for this model'}" for way in refused
        )
    if silent:
        text += "\nUnknown:\n\n"
        text += bullets(f"{way.name}: {_why(way)}" for way in silent)
    return folded(found.subject.plain_name, text)


def _has_amount(way: Way) -> bool:
    found = (way.seconds, way.peak_memory_bytes, way.verify_seconds, way.proof_bytes)
    return any(each is not None for each in found)


def _way(way: Way) -> Iterator[str]:
    yield way.name + (" (support unknown)" if way.supported == "unknown" else "")
    yield way.assurance
    yield amount(way.seconds, seconds_range_text)
    yield amount(way.peak_memory_bytes, bytes_range_text)
    yield amount(way.verify_seconds, seconds_range_text)
    yield amount(way.proof_bytes, bytes_range_text)


def _from(way: Way) -> str:
    assert way.seconds is not None
    on = f", on {way.seconds.on}" if way.seconds.on else ""
    return f"{way.name}: {way.seconds.how}{on} ({way.seconds.source})"


def _why(way: Way) -> str:
    return way.unknown.get("seconds") or way.unknown.get("prove_seconds") or "; ".join(way.unsupported)


# --- participation -------------------------------------------------------------------------


def participation(all_found: Sequence[Found]) -> str:
    """One row for each model: machines that certainly verify / re-execute / prove, today and as it grows."""
    heads = ("model", "today", "certainly not", *AXES)
    return table(heads, (_participation(found) for found in all_found if found.compared.growth))


def counted(found: Sequence[Participant], status: str) -> tuple[int, ...]:
    """How many machines have this status in each role."""
    return tuple(sum(item.roles[role].status == status for item in found) for role in ROLES)


def _participation(found: Found) -> Iterator[str]:
    yield found.subject.name
    yield _slashed(counted(found.compared.participants, "feasible"))
    yield _slashed(counted(found.compared.participants, "infeasible"))
    grown = {growth.axis: growth for growth in found.compared.growth}
    yield from (_shrinking(grown[axis]) for axis in AXES)


def _slashed(numbers: Iterable[int]) -> str:
    return "/".join(map(str, numbers))


def _shrinking(growth: Growth) -> str:
    if not growth.sizes:
        return "cannot"
    return "<br>".join(f"{size.factor}x {_able(size)}" for size in growth.sizes)


def _able(size: Size) -> str:
    if not size.able:
        return "cannot"
    circuit = "" if size.logrows is not None else ", no circuit"
    return _slashed(size.able[role] for role in ROLES) + circuit


def growth_reasons(all_found: Sequence[Found]) -> Iterator[str]:
    """Why a model cannot be made larger along an axis, or has no circuit then."""
    for found in all_found:
        for growth in found.compared.growth:
            if growth.reason:
                yield f"{found.subject.name}, {growth.axis}: {growth.reason}"
            for reason in dict.fromkeys(size.reason for size in growth.sizes if size.reason):
                factors = ", ".join(f"{size.factor}x" for size in growth.sizes if size.reason == reason)
                yield f"{found.subject.name}, {growth.axis} {factors}: {reason}"


def growth_exponents(all_found: Sequence[Found]) -> str:
    """One row for each model and axis that it can grow along."""
    names = ("parameters", "macs", "num_rows", "proving_key_bytes", "prove_seconds", "peak_memory_bytes")
    heads = ("model", "axis", "parameters", "products", "rows", "key", "time", "memory")
    rows = (
        (found.subject.name, growth.axis, *(_power(growth.exponents.get(name)) for name in names))
        for found in all_found
        for growth in found.compared.growth
        if growth.sizes
    )
    return table(heads, rows, numbers=range(2, 8))


def _power(exponent: float | None) -> str:
    # A negative zero is a zero.
    return "" if exponent is None else f"{round(exponent, 2) + 0.0:.2f}"


# --- forecasts -----------------------------------------------------------------------------


def races(all_found: Sequence[Found]) -> str:
    """One row for each model: who is faster in each scenario, in how many worlds, and where that flips."""
    told = [found for found in all_found if found.forecast is not None]
    names = [item.id for item in told[0].forecast.scenarios] if told and told[0].forecast else []
    return table(("model", *names), ((found.subject.name, *map(_race, _scenarios(found))) for found in told))


def _scenarios(found: Found) -> Sequence[ScenarioOutlook]:
    return () if found.forecast is None else found.forecast.scenarios


def _race(item: ScenarioOutlook) -> str:
    race = item.race
    ahead = max(race.share_efficiency, race.share_complexity)
    flips = "never" if race.break_even is None else f"{race.break_even:.3g}x"
    return f"{race.winner} {ahead:.0%}<br>flips at {flips}"


def outlooks(all_found: Sequence[Found]) -> Iterator[str]:
    """For each scenario a table: one row for each model, a column for each machine."""
    told = [found for found in all_found if found.forecast is not None]
    for place, scenario in enumerate(_scenarios(told[0]) if told else ()):
        heads = ("model", *MACHINES.values())
        rows = ((found.subject.name, *_machines(_scenarios(found)[place])) for found in told)
        yield folded(f"{scenario.id}: {scenario.name}", f"{scenario.summary}\n\n{table(heads, rows)}")


def _machines(scenario: ScenarioOutlook) -> Iterator[str]:
    found = {item.profile: item for item in scenario.outlooks}
    for machine in MACHINES:
        item = found[machine]
        yield "<br>".join(f"{letter} {_years(item, kind)}" for kind, letter in _KINDS.items())


def _years(item: Outlook, kind: Kind) -> str:
    if kind in item.unknown:
        return "unknown"
    found = next((crossing for crossing in item.crossings if crossing.kind == kind), None)
    return "no limit" if found is None else years_text(found)


def years_text(crossing: Crossing) -> str:
    """The expected year, with those by which 5 % and 95 % of the worlds are there."""
    never = f">{HORIZON_YEARS:.0f}"
    lost = crossing.share_outgrown
    said = f", lost in {lost:.0%}" if lost >= _WORTH_TELLING else ""
    if crossing.high == 0:
        return f"today{said}"
    if crossing.low is None:
        return never
    low, mid, high = (
        never if year is None else f"{year:.1f}" if year else "0"
        for year in (crossing.low, crossing.mid, crossing.high)
    )
    return f"{mid} ({low}-{high}){said}"


def bases(all_found: Sequence[Found]) -> str:
    """One row for each model: the exponents of its forecast, and where they are from."""
    rows = (
        (
            found.subject.name,
            f"{found.forecast.exponents['seconds']:.2f}",
            f"{found.forecast.exponents['bytes']:.2f}",
            found.forecast.exponent_source,
        )
        for found in all_found
        if found.forecast is not None
    )
    return table(("model", "time", "memory", "from"), rows, numbers=(1, 2))


def unforecast(all_found: Sequence[Found]) -> Iterator[str]:
    """The models without a forecast: what has no circuit costs nothing that could fall."""
    for found in all_found:
        if found.forecast is None:
            yield f"{found.subject.name}: {'; '.join(found.ezkl.unsupported)}"
