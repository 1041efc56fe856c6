"""Where the parts of a chart lie, from 0 to 1 along each axis, for whatever draws it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from msgspec import Struct

from auditor.formats._axes import axis_around, can_show, label
from auditor.formats._results import one_line
from auditor.formats._ticks import Axis
from auditor.safe import safe
from auditor.views.page import Chart, Curve, Mark, Point, Tone

_LONGEST_LABEL = 40
_MOST_POINTS = 2000
"""Of a curve: beyond that no eye tells them apart, and a file grows."""


class Spot(Struct, frozen=True, kw_only=True):
    """A point with its place, from the left and from the bottom; ``said`` is its amounts in words."""

    x: float
    y: float
    low: float
    high: float
    said: str


class Stroke(Struct, frozen=True, kw_only=True):
    """A curve with its places; ``runs`` are its unbroken pieces, and ``place`` the number of its label."""

    label: str
    place: int
    kind: str
    tone: Tone
    runs: tuple[tuple[Spot, ...], ...]

    @property
    def spots(self) -> tuple[Spot, ...]:
        return tuple(spot for run in self.runs for spot in run)

    def path(self, run: Sequence[Spot]) -> Iterator[tuple[float, float]]:
        """The corners of a run: ``steps`` keep each height until the next point."""
        for at, spot in enumerate(run):
            if at and self.kind == "steps":
                yield spot.x, run[at - 1].y
            yield spot.x, spot.y


class Limit(Struct, frozen=True, kw_only=True):
    """A mark with its place along its axis."""

    label: str
    at: float
    across: bool
    """A level line, as a limit of y is."""


class Plane(Struct, frozen=True, kw_only=True):
    """A chart whose parts have their places. ``labels`` are those of its curves, each once, in order."""

    x: Axis
    y: Axis
    labels: tuple[str, ...]
    strokes: tuple[Stroke, ...]
    limits: tuple[Limit, ...]
    notes: tuple[str, ...]


def plane(chart: Chart) -> Plane | None:
    """The chart with places; None where no point of it can be shown."""
    shown = [(curve, list(_shown(chart, curve))) for curve in chart.lines]
    points = [point for _, found in shown for point in found if point is not None]
    marks = [mark for mark in chart.marks if _has_place(chart, mark)]
    xs = [point.x for point in points] + [mark.value for mark in marks if mark.axis == "x"]
    ys = [value for point in points for value in (point.y, point.low, point.high) if value is not None]
    ys += [mark.value for mark in marks if mark.axis == "y"]
    x = axis_around(xs, chart.x_unit, log=chart.log_x)
    y = axis_around(ys, chart.y_unit, log=chart.log_y)
    if x is None or y is None or not points:
        return None
    labels = tuple(dict.fromkeys(_name(curve.label) for curve, found in shown if any(found)))
    return Plane(
        x=x,
        y=y,
        labels=labels,
        strokes=tuple(
            _stroke(chart, curve, found, (x, y), labels.index(_name(curve.label)))
            for curve, found in shown
            if any(found)
        ),
        limits=tuple(_limit(mark, x, y) for mark in marks),
        notes=tuple(_notes(chart, shown, len(chart.marks) - len(marks))),
    )


def summary(chart: Chart, drawn: Plane) -> str:
    """The chart in a few words, for those who cannot see it; the table beside it has the numbers."""
    said = [f"{chart.y_title} against {chart.x_title}"]
    for stroke in drawn.strokes:
        first, last = stroke.spots[0], stroke.spots[-1]
        said.append(
            f"{stroke.label}: {first.said}"
            if first is last
            else f"{stroke.label}: from {first.said} to {last.said}"
        )
    said.extend(f"limit: {limit.label}" for limit in drawn.limits)
    return "; ".join(said)


def has_markers(stroke: Stroke, drawn: Plane) -> bool:
    """Points have; so has a line whose label has no points of its own, and whatever is no line for want of
    a second point."""
    if stroke.kind == "points" or all(len(run) == 1 for run in stroke.runs):
        return True
    return stroke.kind == "line" and not any(
        other.kind == "points" and other.place == stroke.place for other in drawn.strokes
    )


def is_emptier_right(drawn: Plane, limit: Limit) -> bool:
    """Whether the label of a level line is farther from any curve at its right end than at its left."""
    left, right = (
        min((abs(spot.y - limit.at) for spot in _near(drawn, ends)), default=1.0)
        for ends in ((0.0, 0.3), (0.7, 1.0))
    )
    return right > left


def _near(drawn: Plane, ends: tuple[float, float]) -> Iterator[Spot]:
    spots = (spot for stroke in drawn.strokes for spot in stroke.spots)
    return (spot for spot in spots if ends[0] <= spot.x <= ends[1])


def _name(words: str) -> str:
    return safe(one_line(words), limit=_LONGEST_LABEL)


def _shown(chart: Chart, curve: Curve) -> Iterator[Point | None]:
    """The points of a curve that have a place; None for one that has not, where a line is broken."""
    for point in curve.points[:_MOST_POINTS]:
        fits = can_show(point.x, chart.x_unit, log=chart.log_x) and can_show(
            point.y, chart.y_unit, log=chart.log_y
        )
        yield point if fits else None


def _has_place(chart: Chart, mark: Mark) -> bool:
    unit, log = (chart.x_unit, chart.log_x) if mark.axis == "x" else (chart.y_unit, chart.log_y)
    return can_show(mark.value, unit, log=log)


def _limit(mark: Mark, x: Axis, y: Axis) -> Limit:
    axis = x if mark.axis == "x" else y
    return Limit(label=_name(mark.label), at=axis.at(mark.value), across=mark.axis == "y")


def _stroke(
    chart: Chart, curve: Curve, found: Sequence[Point | None], axes: tuple[Axis, Axis], place: int
) -> Stroke:
    runs: list[list[Spot]] = [[]]
    for point in found:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(_spot(chart, point, axes))
    whole = tuple(tuple(run) for run in runs if run)
    return Stroke(label=_name(curve.label), place=place, kind=curve.kind, tone=curve.tone, runs=whole)


def _spot(chart: Chart, point: Point, axes: tuple[Axis, Axis]) -> Spot:
    """An end of a range lies where the axis ends if it is infinite, and at y if it is no number."""
    x, y = axes
    low, high = (point.y if end is None or math.isnan(end) else end for end in (point.low, point.high))
    said = f"{label(point.x, chart.x_unit)}, {label(point.y, chart.y_unit)}"
    if low < high:
        said += f" ({_end(low, chart)} to {_end(high, chart)})"
    return Spot(x=x.at(point.x), y=y.at(point.y), low=y.at(low), high=y.at(high), said=said)


def _end(value: float, chart: Chart) -> str:
    return label(value, chart.y_unit) if math.isfinite(value) else "no limit"


def _notes(chart: Chart, shown: Sequence[tuple[Curve, list[Point | None]]], marks: int) -> Iterator[str]:
    if chart.note:
        yield one_line(chart.note)
    points = sum(point is None for _, found in shown for point in found)
    if points:
        yield f"{points} {'point has' if points == 1 else 'points have'} no place on these axes."
    if marks:
        yield f"{marks} {'limit has' if marks == 1 else 'limits have'} no place on these axes."
    cut = sum(len(curve.points) > _MOST_POINTS for curve, _ in shown)
    if cut:
        yield f"Of {cut} curves only the first {_MOST_POINTS:,} points are drawn."
