"""The chart of what a proof takes against the size of the model: ours and others', as published."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.comparing.report import CompareReport, Growth
from auditor.landscape.nouns import Amount
from auditor.landscape.systems import count_text
from auditor.units import seconds_range_text
from auditor.views.page import Chart, Column, Curve, Mark, Point, Table

_COLUMNS = (Column("System"), Column("Model"), Column("Parameters", "number"), Column("Proof", "number"))


def cost_chart(report: CompareReport) -> Chart | None:
    """None where there are no two points to show."""
    curves = [*_ours(report), *_others(report)]
    if sum(len(curve.points) for curve in curves) < 2:
        return None
    return Chart(
        title="Seconds for one proof against the size of the model",
        x_title="parameters",
        y_title="one proof",
        y_unit="seconds",
        log_x=True,
        log_y=True,
        lines=tuple(curves),
        marks=(Mark("this model", float(report.workload.parameters), "x"),),
        note=(
            f"EZKL on {report.machine}, from the exact circuit of each size; the others on the machines of "
            "their authors, and for their models."
        ),
        table=_table(report),
    )


def _ours(report: CompareReport) -> Iterator[Curve]:
    for along in report.growth:
        points = tuple(_points(along))
        if points:
            yield Curve(f"EZKL, {along.axis}", points, kind="fan", tone="strong")
    row = next((row for row in report.ways if row.id == "ezkl"), None)
    if row is not None and row.seconds is not None and not any(along.sizes for along in report.growth):
        yield Curve("EZKL", (_point(report.workload.parameters, row.seconds),), kind="points", tone="strong")


def _points(along: Growth) -> Iterator[Point]:
    for size in along.sizes:
        if size.prove_seconds is not None and size.parameters:
            yield _point(size.parameters, size.prove_seconds)


def _point(parameters: int, seconds: Amount) -> Point:
    return Point(float(parameters), seconds.mid, seconds.low, seconds.high)


def _others(report: CompareReport) -> Iterator[Curve]:
    for system in dict.fromkeys(item.system for item in report.published):
        points = tuple(
            Point(float(item.parameters), item.prove_seconds)
            for item in sorted(report.published, key=lambda item: item.parameters)
            if item.system == system
        )
        yield Curve(system, points, kind="points", tone="dim")


def _table(report: CompareReport) -> Table:
    rows = [
        (f"EZKL, {along.axis}", f"{size.factor}x", f"{size.parameters:,}", _seconds(size.prove_seconds))
        for along in report.growth
        for size in along.sizes
        if size.parameters and size.prove_seconds is not None
    ]
    rows += [
        (item.system, item.model, count_text(item.parameters), _exact(item.prove_seconds))
        for item in report.published
    ]
    return Table("Seconds for one proof", _COLUMNS, tuple(rows))


def _seconds(amount: Amount | None) -> str:
    return "" if amount is None else seconds_range_text(amount.low, amount.high)


def _exact(seconds: float) -> str:
    return seconds_range_text(seconds, seconds)
