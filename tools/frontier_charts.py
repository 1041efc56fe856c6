"""The pictures of ``docs/frontier.md``: one SVG file for each, drawn by the format that draws all others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from auditor.comparing.report import ROLES, Role
from auditor.formats import svg
from auditor.landscape.system_file import shipped_systems
from auditor.trends.forecast import Kind
from auditor.views.growth import ROLE_NAMES
from auditor.views.page import Chart, Column, Curve, Mark, Page, Point, Result, Table, Unit
from tools.frontier_subjects import Found
from tools.frontier_tables import counted

HEADER = "docs/frontier.md, made by make frontier"

SCENARIOS = ("frontier", "frontier-compute", "same-stack-parameters")
"""Whose futures are drawn: the model as it is with the best prover, the fastest growth, and the slowest
prover against growing models."""

_UNITS: Mapping[Kind, tuple[str, Unit]] = {"seconds": ("time", "seconds"), "bytes": ("memory", "bytes")}

_NO_TABLE = Table("", (Column(""),), ())
"""The page has the numbers in tables of its own."""


class _Drawn(Struct, frozen=True):
    """A view with one picture."""

    chart: Chart

    def page(self) -> Page:
        return Page(HEADER, (self.chart,))

    def lines(self) -> Sequence[str]:
        return ()

    def document(self) -> Mapping[str, object]:
        return {}

    def results(self) -> Sequence[Result]:
        return ()


def pictures(all_found: Sequence[Found]) -> Mapping[str, str]:
    """The SVG of each picture, by the name of its file."""
    return {f"{name}.svg": svg.render(_Drawn(chart)) for name, chart in _charts(all_found)}


def _charts(all_found: Sequence[Found]) -> Iterator[tuple[str, Chart]]:
    told = sorted(
        (found for found in all_found if not found.subject.again),
        key=lambda found: found.compared.workload.parameters,
    )
    yield "cost", _cost(told)
    yield "participation", _participation(told)
    for kind in _UNITS:
        yield f"future-{_UNITS[kind][0]}", _future(told, kind)


def _cost(told: Sequence[Found]) -> Chart:
    ours = [found for found in told if found.ezkl.seconds is not None]
    honest = [found for found in ours if not found.proves_another]
    other = [found for found in ours if found.proves_another]
    curves = [Curve("EZKL, from its circuit", _seconds(honest), kind="points", tone="strong")]
    if other:
        curves.append(Curve("EZKL, another function", _seconds(other), kind="points"))
    again = tuple(
        Point(float(found.compared.workload.parameters), way.seconds.mid, way.seconds.low, way.seconds.high)
        for found in told
        for way in found.compared.ways
        if way.id == "vanilla" and way.seconds is not None
    )
    curves.append(Curve("no proof: one inference", again, kind="points"))
    curves.append(Curve("others, as published", tuple(_published()), kind="points", tone="dim"))
    return Chart(
        title="Seconds for one proof against the size of the model",
        x_title="parameters",
        y_title="one proof",
        y_unit="seconds",
        log_x=True,
        log_y=True,
        lines=tuple(curves),
        note="EZKL on the machine of the comparison; other systems on the machines of their authors.",
        table=_NO_TABLE,
    )


def _seconds(told: Sequence[Found]) -> tuple[Point, ...]:
    return tuple(
        Point(float(found.compared.workload.parameters), way.mid, way.low, way.high)
        for found in told
        if (way := found.ezkl.seconds) is not None
    )


def _published() -> Iterator[Point]:
    for system in shipped_systems():
        for row in system.rows:
            if row.parameters and row.prove_seconds and not row.aside and not system.only_for_checks:
                yield Point(float(row.parameters), row.prove_seconds)


def _participation(told: Sequence[Found]) -> Chart:
    def able(role: Role) -> Curve:
        points = (
            Point(
                float(found.compared.workload.parameters),
                counted(found.compared.participants, "feasible")[ROLES.index(role)],
            )
            for found in told
        )
        return Curve(ROLE_NAMES[role], tuple(points), kind="line")

    machines = len(told[0].compared.participants)
    return Chart(
        title=f"Of {machines} machines, those that certainly can, against the size of the model",
        x_title="parameters",
        y_title="machines",
        log_x=True,
        lines=tuple(able(role) for role in ROLES),
        note="A machine counts where it certainly can within its owner's patience and memory, under EZKL.",
        table=_NO_TABLE,
    )


def _future(told: Sequence[Found], kind: Kind) -> Chart:
    """Of the smallest model that no laptop is sure to prove: what it will take there."""
    found = first_out_of_reach(told)
    what, unit = _UNITS[kind]
    assert found.forecast is not None
    curves, limit, machine = [], 0.0, ""
    for scenario in found.forecast.scenarios:
        for fan in scenario.fans:
            if scenario.id in SCENARIOS and fan.kind == kind:
                points = tuple(Point(item.year, item.mid, item.low, item.high) for item in fan.points)
                curves.append(Curve(scenario.id, points, kind="fan"))
                limit, machine = fan.limit, fan.profile
    return Chart(
        title=f"The {what} of a proof of {found.subject.plain_name} on {machine}",
        x_title="years from now",
        y_title=what,
        x_unit="years",
        y_unit=unit,
        log_y=True,
        lines=tuple(curves),
        marks=(Mark("the limit", limit),),
        note="Each band holds nine in ten of the worlds drawn.",
        table=_NO_TABLE,
    )


def first_out_of_reach(told: Sequence[Found]) -> Found:
    """The smallest model with a circuit that no machine is certain to prove; else the largest."""
    made = [found for found in told if found.forecast is not None]
    out = [found for found in made if not counted(found.compared.participants, "feasible")[2]]
    return (out or made[-1:])[0]
