"""The view of ``auditor forecast``: when a model becomes affordable to prove, and for whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct, to_builtins

from auditor._version import EZKL_VERSION
from auditor.forecasting.report import Fan, ForecastReport, Outlook, ScenarioOutlook
from auditor.landscape.systems import count_text
from auditor.trends.forecast import HORIZON_YEARS, Crossing, Kind
from auditor.units import bytes_text, seconds_text, usd_text
from auditor.views.page import (
    Bullets,
    Cell,
    Chart,
    Column,
    Curve,
    Line,
    Mark,
    Page,
    Part,
    Point,
    Result,
    Rows,
    Table,
    Tone,
    Unit,
    Words,
    fingerprint,
)

SCHEMA = "auditor.forecast/1"

KINDS: Mapping[Kind, str] = {"seconds": "Time", "bytes": "Memory", "usd": "Money"}

_UNITS: Mapping[Kind, Unit] = {"seconds": "seconds", "bytes": "bytes", "usd": "usd"}

_AMOUNTS: Mapping[Kind, Callable[[float], str]] = {
    "seconds": seconds_text, "bytes": bytes_text, "usd": usd_text,
}  # fmt: skip

_MACHINES = (
    Column("Machine"), *(Column(name, "number") for name in KINDS.values()), Column("Kept out by", "prose"),
)  # fmt: skip


class ForecastView(Struct, frozen=True):
    """One forecast."""

    report: ForecastReport

    def page(self) -> Page:
        """Each scenario: who wins the race, when each machine can prove, what is expected over the years."""
        report = self.report
        header = f"auditor {report.version} · rules {report.rules} · sizes as in EZKL {EZKL_VERSION}"
        return Page(header, tuple(self._parts()))

    def _parts(self) -> Iterator[Part]:
        report = self.report
        size = f"{count_text(report.workload.parameters)} parameters"
        yield Line((Words(report.path, "strong"), Words(size)), above=1)
        if report.why_not:
            yield Bullets((f"no forecast: EZKL has no circuit for it: {report.why_not}",))
            return
        yield Rows(tuple(_basis(report)))
        yield Table("Which grows faster", _RACE, tuple(_race_row(item) for item in report.scenarios))
        yield Bullets(
            tuple(f"{item.id}, {item.evidence}: {item.race.verdict()}" for item in report.scenarios)
        )
        for scenario in report.scenarios:
            yield from _scenario(scenario)
        yield Bullets(tuple(_remarks(report)))

    def lines(self) -> list[str]:
        """A line for each scenario and machine: years until time, memory and money are within limits."""
        report = self.report
        if report.why_not:
            return [f"{report.path}: no forecast: {report.why_not}"]
        return [
            f"{report.path}: {scenario.id} {item.profile} "
            + " ".join(f"{kind}={_years(item, kind)}" for kind in KINDS)
            for scenario in report.scenarios
            for item in scenario.outlooks
        ]

    def document(self) -> dict[str, object]:
        """The schema ``auditor.forecast/1``."""
        report = self.report
        document: dict[str, object] = to_builtins(report)
        document["scenarios"] = [
            {**to_builtins(item), "sentence": item.race.sentence()} for item in report.scenarios
        ]
        tool = {"name": "auditor", "version": document.pop("version"), "rules": document.pop("rules")}
        return {"schema": SCHEMA, "tool": tool, **document, "horizon_years": HORIZON_YEARS}

    def results(self) -> list[Result]:
        """Whether there is a forecast."""
        report = self.report
        return [
            Result(
                rule="forecast",
                outcome="skip" if report.why_not else "pass",
                level="warning" if report.why_not else "note",
                message=report.why_not or "forecast made",
                path=report.path,
                fingerprint=fingerprint("forecast", report.path),
            )
        ]


_RACE = (
    Column("Scenario", "prose"), Column("Cheaper/year", "number"), Column("Larger/year", "number"),
    Column("Faster"), Column("in", "number"), Column("Flips at", "number"),
)  # fmt: skip


def _race_row(item: ScenarioOutlook) -> tuple[Cell, ...]:
    race = item.race
    ahead = max(race.share_efficiency, race.share_complexity)
    flips = "never" if race.break_even is None else f"{race.break_even:.3g}x"
    return (
        item.id,
        f"{race.efficiency.mid:.3g}x",
        f"{race.complexity.mid:.3g}x",
        race.winner,
        f"{ahead:.0%}",
        flips,
    )


def _basis(report: ForecastReport) -> Iterator[tuple[str, str]]:
    exponents = report.exponents
    yield (
        "Growth",
        f"time as size to the power {exponents['seconds']:.2f}, memory {exponents['bytes']:.2f}",
    )
    yield "from", report.exponent_source
    yield (
        "Limits",
        f"patience as in policy {report.policy}"
        + ("" if report.budget_usd is None else f", {usd_text(report.budget_usd)} a proof"),
    )
    yield "Worlds", f"{report.draws:,} drawn, seed {report.seed}"


def _scenario(scenario: ScenarioOutlook) -> Iterator[Part]:
    rows = tuple(_machine(item) for item in scenario.outlooks)
    yield Table(f"{scenario.name}: years until a proof is within the limit", _MACHINES, rows)
    for fan in scenario.fans:
        yield _fan_chart(scenario, fan)


def _machine(item: Outlook) -> tuple[Cell, ...]:
    kept_out = "" if item.last is None else KINDS[item.last].lower()
    if not item.runs:
        kept_out = ", ".join(filter(None, (kept_out, "EZKL unseen")))
    return (item.profile, *(Words(_years(item, kind), _tone(item, kind)) for kind in KINDS), kept_out)


def _years(item: Outlook, kind: Kind) -> str:
    """Years in words: today, a range, or beyond the horizon."""
    if kind in item.unknown:
        return "unknown"
    found = next((crossing for crossing in item.crossings if crossing.kind == kind), None)
    return "no limit" if found is None else years_text(found)


_WORTH_TELLING = 0.005

_FLAT = 0.5
"""An exponent that no system has where its circuit is full: cost then grows about as the model does."""


def years_text(crossing: Crossing) -> str:
    """When a limit is met: nine in ten worlds, and the expected year."""
    never = f">{HORIZON_YEARS:.0f}"
    lost = f", {crossing.share_outgrown:.0%} lost" if crossing.share_outgrown >= _WORTH_TELLING else ""
    if crossing.high == 0:
        return f"today{lost}"
    low, mid, high = (
        never if year is None else f"{year:.1f}" if year else "0"
        for year in (crossing.low, crossing.mid, crossing.high)
    )
    return never if low == never else f"{mid} ({low}-{high})"


def _tone(item: Outlook, kind: Kind) -> Tone:
    found = next((crossing for crossing in item.crossings if crossing.kind == kind), None)
    if found is None:
        return "dim"
    if found.high == 0:
        return "good"
    return "bad" if found.low is None else "warning"


def _fan_chart(scenario: ScenarioOutlook, fan: Fan) -> Chart:
    what, amount = KINDS[fan.kind].lower(), _AMOUNTS[fan.kind]
    points = tuple(Point(item.year, item.mid, item.low, item.high) for item in fan.points)
    columns = (Column("Years", "number"), *(Column(name, "number") for name in ("5 %", "50 %", "95 %")))
    rows = tuple(
        (f"{item.year:g}", amount(item.low), amount(item.mid), amount(item.high)) for item in fan.points
    )
    title = f"{scenario.name}: {what} of a proof on {fan.profile}"
    return Chart(
        title=title,
        x_title="years from now",
        y_title=what,
        x_unit="years",
        y_unit=_UNITS[fan.kind],
        log_y=True,
        lines=(Curve(what, points, kind="fan"),),
        marks=(Mark("the limit", fan.limit),),
        note="The band holds nine in ten of the worlds drawn.",
        table=Table(title, columns, rows),
    )


def _crossings(report: ForecastReport) -> Iterator[Crossing]:
    for scenario in report.scenarios:
        for item in scenario.outlooks:
            yield from item.crossings


def _remarks(report: ForecastReport) -> Iterator[str]:
    yield ("memory has rates of its own: a prover that is faster is not for that smaller")
    yield "each limit is met for itself; a machine proves once the last of them is"
    yield (
        "a rate holds for all the years, and no floor is known below which a cost cannot fall: "
        "read what is more than a few years off as a direction"
    )
    if report.axis and min(report.exponents.values()) < _FLAT:
        yield (
            "at the sizes that were tried the cost hardly grows with the model, as small circuits have room "
            "to spare: for a model that grows far beyond them these years are too hopeful"
        )
    if any(found.share_outgrown >= _WORTH_TELLING for found in _crossings(report)):
        yield (
            "lost: in so many worlds the limit is met today, and no longer within "
            f"{HORIZON_YEARS:.0f} years: model or prover grow faster than the rates make up for"
        )
    yield from dict.fromkeys(warning for item in report.scenarios for warning in item.warnings)
    yield from report.notes
