"""Charts as SVG: the same marks at any width (places in per cent, for HTML) or at a fixed one (for a file).

A curve differs from the others by its colour, its dashes and its markers, so that it is told apart without
colour too. Curves in HTML lie in an inner picture that is stretched to the width, with lines that are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from auditor.formats._pictures import percentage, text
from auditor.formats._plane import Limit, Plane, Spot, Stroke, has_markers, is_emptier_right

COLOURS = 6
_DASHES = ("", "7 4", "2 3", "9 3 2 3", "4 2")
_MARKERS = (
    "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
    "M-3.6-3.6h7.2v7.2h-7.2z",
    "M0-4.8L4.6 3.6H-4.6z",
    "M0-5L4.6 0L0 5L-4.6 0z",
    "M0 4.8L4.6-3.6H-4.6z",
    "M-4.4-2.8L-2.8-4.4L0-1.6L2.8-4.4L4.4-2.8L1.6 0L4.4 2.8L2.8 4.4L0 1.6L-2.8 4.4L-4.4 2.8L-1.6 0z",
    "M-1.4-4.8h2.8v3.4h3.4v2.8h-3.4v3.4h-2.8v-3.4h-3.4v-2.8h3.4z",
)
_MOST_MARKERS = 12
"""A line of more points has a marker only at some of them, beginning and end among these."""

RULES = """
.grid{stroke:var(--line);stroke-width:1px}
.axis{stroke:var(--dim);stroke-width:1px}
.curve{fill:none;stroke-width:2px;stroke-linejoin:round;stroke-linecap:round}
.curve.strong{stroke-width:3px}
.curve.dim{stroke-width:1.2px;stroke-opacity:.7}
.band{stroke:none;fill-opacity:.16}
.whisker{fill:none;stroke-width:1.4px;stroke-opacity:.75}
.marker{stroke:var(--card);stroke-width:1px}
.limit{stroke:var(--text);stroke-width:1.2px;stroke-dasharray:6 4}
.halo{paint-order:stroke;stroke:var(--card);stroke-width:4px;stroke-linejoin:round}
""" + "".join(
    f".l{at}{{stroke:var(--c{at})}}.f{at}{{fill:var(--c{at})}}\n" for at in range(COLOURS)
)  # fmt: skip
"""The style of a chart, in the colours that the sheet around it names."""


class Paper(Struct, frozen=True, kw_only=True):
    """What a plot is drawn on: ``height`` pixels, and ``width`` pixels or, where that is None, any width."""

    height: float
    width: float | None = None

    def x(self, share: float) -> str:
        return percentage(share) if self.width is None else number(share * self.width)

    def y(self, share: float) -> str:
        return number((1 - share) * self.height)

    def inner(self, share_x: float, share_y: float) -> str:
        """A corner of a path. A path knows no per cent: its picture is stretched where the width is any."""
        return f"{number(share_x * (self.width or 1000))} {self.y(share_y)}"

    def stretched(self, paths: str) -> str:
        if self.width is not None or not paths:
            return paths
        return (
            f'<svg class="free" width="100%" height="{self.height:g}" viewBox="0 0 1000 {self.height:g}" '
            f'preserveAspectRatio="none">{paths}</svg>'
        )

    def placed(self, spot: tuple[float, float], what: str) -> str:
        """A small thing at a place, in pixels around it."""
        x, y = self.x(spot[0]), self.y(spot[1])
        if self.width is not None:
            return f'<g transform="translate({x},{y})">{what}</g>'
        return f'<svg class="free" x="{x}" y="{y}">{what}</svg>'


def number(value: float) -> str:
    """A coordinate, to a hundredth of a pixel."""
    shown = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if shown == "-0" else shown


def plot(drawn: Plane, paper: Paper) -> str:
    """The grid, the curves and the limits; labels of the axes stand left of it and below."""
    curves = [stroke for stroke in drawn.strokes if stroke.kind != "points"]
    paths = "".join(_band(stroke, paper) for stroke in curves if stroke.kind == "fan")
    paths += "".join(_line(stroke, paper) for stroke in curves)
    return "".join(
        (
            *_grid(drawn, paper),
            *(_limit_line(limit, paper) for limit in drawn.limits),
            paper.stretched(paths),
            *(
                piece
                for stroke in drawn.strokes
                if has_markers(stroke, drawn)
                for piece in _markers(stroke, paper)
            ),
            *_limit_labels(drawn, paper),
        )
    )


def key(place: int, drawn: Plane) -> str:
    """The sign of a label in the key, 34 pixels wide and centred at height zero."""
    strokes = [stroke for stroke in drawn.strokes if stroke.place == place]
    line = next((stroke for stroke in strokes if stroke.kind != "points"), None)
    sign = ""
    if any(stroke.kind == "fan" for stroke in strokes):
        sign += f'<path class="band f{place % COLOURS}" d="M1-6h32v12h-32z"/>'
    if line is not None:
        sign += f'<path class="{_class(line)}" d="M2 0H32"{_dash(place)}/>'
    if any(has_markers(stroke, drawn) for stroke in strokes):
        sign += f'<g transform="translate(17,0)">{_shape(place)}</g>'
    return sign


# --- axes and limits -----------------------------------------------------------------------


def _grid(drawn: Plane, paper: Paper) -> Iterator[str]:
    across = f'x1="0" x2="{paper.x(1)}"'
    for value, words in drawn.y.ticks:
        y = paper.y(drawn.y.at(value))
        yield f'<line class="grid" {across} y1="{y}" y2="{y}"/>'
        yield f'<text class="quiet" x="-8" y="{number(float(y) + 4)}" text-anchor="end">{text(words)}</text>'
    bottom = number(paper.height)
    yield f'<line class="axis" {across} y1="{bottom}" y2="{bottom}"/>'
    for value, words in drawn.x.ticks:
        x = paper.x(drawn.x.at(value))
        yield f'<line class="axis" x1="{x}" x2="{x}" y1="{bottom}" y2="{number(paper.height + 5)}"/>'
        y = number(paper.height + 19)
        yield f'<text class="quiet" x="{x}" y="{y}" text-anchor="middle">{text(words)}</text>'


def _limit_line(limit: Limit, paper: Paper) -> str:
    if limit.across:
        y = paper.y(limit.at)
        return f'<line class="limit" x1="0" x2="{paper.x(1)}" y1="{y}" y2="{y}"/>'
    x = paper.x(limit.at)
    return f'<line class="limit" x1="{x}" x2="{x}" y1="0" y2="{number(paper.height)}"/>'


def _limit_labels(drawn: Plane, paper: Paper) -> Iterator[str]:
    """Those of level lines stand on them at the emptier end, those of upright ones beside them, each lower
    than the one before."""
    upright = 0
    for limit in drawn.limits:
        if limit.across:
            height = (1 - limit.at) * paper.height
            y = height - 6 if height > 20 else height + 15
            x, shift, anchor = (
                (paper.x(1), -6, "end") if is_emptier_right(drawn, limit) else ("0", 6, "start")
            )
        else:
            x, shift, anchor = (
                (paper.x(limit.at), 6, "start") if limit.at < 0.5 else (paper.x(limit.at), -6, "end")
            )
            y = 14 + 17 * upright
            upright += 1
        place = f'x="{x}" dx="{shift}" y="{number(y)}" text-anchor="{anchor}"'
        yield f'<text class="halo" {place}>{text(limit.label)}</text>'


# --- curves --------------------------------------------------------------------------------


def _class(stroke: Stroke) -> str:
    tone = f" {stroke.tone}" if stroke.tone in ("strong", "dim") else ""
    return f"curve l{stroke.place % COLOURS}{tone}"


def _dash(place: int) -> str:
    dashes = _DASHES[place % len(_DASHES)]
    return f' stroke-dasharray="{dashes}"' if dashes else ""


def _shape(place: int) -> str:
    return f'<path class="marker f{place % COLOURS}" d="{_MARKERS[place % len(_MARKERS)]}"/>'


def _line(stroke: Stroke, paper: Paper) -> str:
    ways = "".join(
        f"M{'L'.join(paper.inner(x, y) for x, y in stroke.path(run))}" for run in stroke.runs if len(run) > 1
    )
    if not ways:
        return ""
    return (
        f'<path class="{_class(stroke)}" vector-effect="non-scaling-stroke" d="{ways}"{_dash(stroke.place)}/>'
    )


def _band(stroke: Stroke, paper: Paper) -> str:
    ways = "".join(f"M{'L'.join(_around(run, paper.inner))}z" for run in stroke.runs if len(run) > 1)
    return f'<path class="band f{stroke.place % COLOURS}" d="{ways}"/>' if ways else ""


def _around(run: Sequence[Spot], corner: Callable[[float, float], str]) -> Iterator[str]:
    yield from (corner(spot.x, spot.high) for spot in run)
    yield from (corner(spot.x, spot.low) for spot in reversed(run))


def _markers(stroke: Stroke, paper: Paper) -> Iterator[str]:
    for at, spot in enumerate(stroke.spots):
        if not _has_marker(stroke, at):
            continue
        told = f"<title>{text(f'{stroke.label}: {spot.said}')}</title>"
        whisker = _whisker(stroke, spot, paper)
        yield paper.placed((spot.x, spot.y), f"{told}{whisker}{_shape(stroke.place)}")


def _has_marker(stroke: Stroke, at: int) -> bool:
    """Every point that stands alone; of a line the last one, and a few before it."""
    last = len(stroke.spots) - 1
    if stroke.kind != "line" or last < _MOST_MARKERS:
        return True
    return at == last or at % -(-last // (_MOST_MARKERS - 1)) == 0


def _whisker(stroke: Stroke, spot: Spot, paper: Paper) -> str:
    if spot.high <= spot.low:
        return ""
    top, bottom = (number((spot.y - end) * paper.height) for end in (spot.high, spot.low))
    return f'<path class="whisker l{stroke.place % COLOURS}" d="M0 {top}V{bottom}M-3 {top}h6M-3 {bottom}h6"/>'
