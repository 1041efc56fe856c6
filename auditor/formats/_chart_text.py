"""Charts in characters: braille dots and lines where there is Unicode, dots and dashes where there is not.

Each label has a letter, which stands at the points of its curves; colours only help.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from string import ascii_lowercase, ascii_uppercase
from textwrap import wrap

from msgspec import Struct, field

from auditor.formats._plane import Limit, Plane, Stroke, has_markers
from auditor.formats._ticks import Axis
from auditor.views.page import Chart

ROWS = 12
_FEWEST_COLUMNS = 20
_LETTERS = ascii_uppercase + ascii_lowercase
_SEVERAL = "*"
_MOST_LETTERS = 5
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bits of a braille character, by row and column."""

Run = tuple[str, int | None]
"""Characters, and the number of the label whose colour they have: None is that of the axes."""


class _Signs(Struct, frozen=True, kw_only=True):
    """The characters of a chart that are no letters."""

    upright: str
    corner: str
    level: str
    tick_y: str
    tick_x: str
    limit_y: str
    limit_x: str
    band: str


_UNICODE = _Signs(
    upright="│", corner="└", level="─", tick_y="┤", tick_x="┬", limit_y="╌", limit_x="╎", band="░"
)
_ASCII = _Signs(
    upright="|", corner="+", level="-", tick_y="+", tick_x="+", limit_y="-", limit_x="!", band=":"
)


class _Canvas(Struct):
    """Cells with a character and a label's number; dots of lines are gathered and become characters last."""

    columns: int
    unicode: bool
    cells: dict[tuple[int, int], Run] = field(default_factory=dict)
    dots: dict[tuple[int, int], Run] = field(default_factory=dict)

    def column(self, x: float) -> int:
        return round(x * (self.columns - 1))

    def row(self, y: float) -> int:
        return round((1 - y) * (ROWS - 1))

    def put(self, row: int, column: int, sign: str, place: int | None) -> None:
        if 0 <= column < self.columns and 0 <= row < ROWS:
            self.cells[row, column] = (sign, place)

    def dot(self, x: float, y: float, place: int) -> None:
        """A dot of a line. Two columns and four rows of dots make one character of braille, with the place
        itself in their middle."""
        if not self.unicode:
            self.dots[self.row(y), self.column(x)] = (".", place)
            return
        across, down = int(x * 2 * (self.columns - 1) + 1), int((1 - y) * 4 * (ROWS - 1) + 2)
        at = (down // 4, across // 2)
        before = ord(self.dots[at][0]) if at in self.dots else 0x2800
        self.dots[at] = (chr(before | _DOTS[down % 4][across % 2]), place)

    def line(self, row: int) -> Iterator[Run]:
        """A row up to the last character in it."""
        drawn = {**self.dots, **self.cells}
        filled = [column for (line, column), (sign, _) in drawn.items() if line == row and sign != " "]
        found = (drawn.get((row, column), (" ", None)) for column in range(max(filled, default=-1) + 1))
        for place, run in groupby(found, key=lambda cell: cell[1]):
            yield "".join(sign for sign, _ in run), place


def letter(place: int) -> str:
    """The letter of the n-th label."""
    return _LETTERS[place] if place < len(_LETTERS) else "#"


def paint(chart: Chart, drawn: Plane, columns: int, *, unicode: bool) -> Iterator[list[Run]]:
    """The lines of the picture, each as runs of characters, none longer than ``columns``."""
    signs = _UNICODE if unicode else _ASCII
    margin = max(len(words) for _, words in drawn.y.ticks) + 1
    canvas = _Canvas(columns=max(columns - margin - 1, _FEWEST_COLUMNS), unicode=unicode)
    _fill(canvas, drawn, signs)
    others = [
        f"{signs.limit_y if limit.across else signs.limit_x} {limit.label}"
        for limit in drawn.limits
        if not _label(canvas, limit, signs)
    ]
    if any(sign == _SEVERAL for sign, _ in canvas.cells.values()):
        others.append(f"{_SEVERAL} several")
    marks = {canvas.row(drawn.y.at(value)): words for value, words in drawn.y.ticks}
    yield [(chart.y_title[:columns], None)]
    for row in range(ROWS):
        words = marks.get(row, "")
        sign = signs.tick_y if words else signs.upright
        yield [(f"{words:>{margin - 1}} {sign}", None), *canvas.line(row)]
    level, under = _x_axis(drawn.x, canvas, signs)
    yield [(" " * margin + signs.corner + level, None)]
    yield [(" " * (margin + 1) + under, None)]
    yield [(f"{chart.x_title[:columns]:>{columns}}", None)]
    yield from _key(drawn, others, columns)


# --- what is drawn -------------------------------------------------------------------------


def _fill(canvas: _Canvas, drawn: Plane, signs: _Signs) -> None:
    """From the back to the front: bands, limits, lines, whiskers, letters."""
    for stroke in drawn.strokes:
        if stroke.kind == "fan":
            _band(canvas, stroke, signs)
    for limit in drawn.limits:
        _limit(canvas, limit, signs)
    for stroke in drawn.strokes:
        if stroke.kind != "points":
            _line(canvas, stroke)
    # A dot stands before a band or a limit, and behind a letter.
    for at in canvas.dots:
        canvas.cells.pop(at, None)
    for stroke in drawn.strokes:
        _whiskers(canvas, stroke, drawn, signs)
    for stroke in drawn.strokes:
        _letters(canvas, stroke, drawn)


def _band(canvas: _Canvas, stroke: Stroke, signs: _Signs) -> None:
    for run in stroke.runs:
        for one, other in pairwise(run):
            start, end = canvas.column(one.x), canvas.column(other.x)
            for column in range(start, end + 1):
                part = (column - start) / max(end - start, 1)
                top = canvas.row(one.high + part * (other.high - one.high))
                bottom = canvas.row(one.low + part * (other.low - one.low))
                for row in range(top, bottom + 1):
                    canvas.put(row, column, signs.band, stroke.place)


def _limit(canvas: _Canvas, limit: Limit, signs: _Signs) -> None:
    if limit.across:
        for column in range(canvas.columns):
            canvas.put(canvas.row(limit.at), column, signs.limit_y, None)
    else:
        for row in range(ROWS):
            canvas.put(row, canvas.column(limit.at), signs.limit_x, None)


def _line(canvas: _Canvas, stroke: Stroke) -> None:
    for run in stroke.runs:
        corners = list(stroke.path(run))
        for (x, y), (next_x, next_y) in pairwise(corners):
            steps = max(round(abs(next_x - x) * 2 * canvas.columns), round(abs(next_y - y) * 4 * ROWS), 1)
            for at in range(steps + 1):
                canvas.dot(x + (next_x - x) * at / steps, y + (next_y - y) * at / steps, stroke.place)


def _whiskers(canvas: _Canvas, stroke: Stroke, drawn: Plane, signs: _Signs) -> None:
    if stroke.kind == "fan" or not has_markers(stroke, drawn):
        return
    for spot in stroke.spots:
        for row in range(canvas.row(spot.high), canvas.row(spot.low) + 1):
            canvas.put(row, canvas.column(spot.x), signs.upright, stroke.place)


def _letters(canvas: _Canvas, stroke: Stroke, drawn: Plane) -> None:
    """At every point that stands alone, at the end of a line, and at some places of it unless its label has
    points of its own."""
    spots = stroke.spots
    step = -(-len(spots) // _MOST_LETTERS) if stroke.kind != "points" else 1
    if stroke.kind == "line" and not has_markers(stroke, drawn):
        step = len(spots)
    for spot in spots[::-1][::step]:
        at = canvas.row(spot.y), canvas.column(spot.x)
        sign, place = canvas.cells.get(at, (" ", None))
        is_taken = sign == _SEVERAL or (sign.isalpha() and place != stroke.place)
        canvas.put(*at, *((_SEVERAL, None) if is_taken else (letter(stroke.place), stroke.place)))


def _label(canvas: _Canvas, limit: Limit, signs: _Signs) -> bool:
    """Writes the label of a limit where nothing else stands; False where there is no such place."""
    words = f" {limit.label} "
    for row, column in _places(canvas, limit, len(words)):
        cells = [(row, column + at) for at in range(len(words))]
        if (
            all(_is_free(canvas, cell, signs) for cell in cells)
            and column >= 0
            and cells[-1][1] < canvas.columns
        ):
            for cell, sign in zip(cells, words, strict=True):
                canvas.put(*cell, sign, None)
            return True
    return False


def _places(canvas: _Canvas, limit: Limit, length: int) -> Iterator[tuple[int, int]]:
    """Where the label of a limit may begin, best first: on a level line, beside an upright one."""
    if limit.across:
        row = canvas.row(limit.at)
        yield from ((row, canvas.columns - length - 1), (row, 1), (row, (canvas.columns - length) // 2))
        return
    column = canvas.column(limit.at)
    yield from ((row, start) for row in range(ROWS) for start in (column + 1, column - length))


def _is_free(canvas: _Canvas, cell: tuple[int, int], signs: _Signs) -> bool:
    return cell not in canvas.dots and canvas.cells.get(cell, (" ", None))[0] in (" ", signs.limit_y)


# --- around it -----------------------------------------------------------------------------


def _x_axis(axis: Axis, canvas: _Canvas, signs: _Signs) -> tuple[str, str]:
    """The axis with its marks, and the words under them, as far as these leave room to each other."""
    level, under = [signs.level] * canvas.columns, ""
    for value, words in axis.ticks:
        column = canvas.column(axis.at(value))
        start = min(max(column - len(words) // 2, 0), canvas.columns - len(words))
        if start < len(under) + 2 and under:
            continue
        level[column] = signs.tick_x
        under = f"{under:<{start}}{words}"
    return "".join(level), under


def _key(drawn: Plane, others: Sequence[str], columns: int) -> Iterator[list[Run]]:
    entries: list[list[Run]] = [
        [(f"{letter(place)} ", place), (words, None)] for place, words in enumerate(drawn.labels)
    ]
    entries.extend([(words, None)] for words in others)
    line: list[Run] = []
    for entry in entries:
        if line and _length(line) + _length(entry) + 3 > columns:
            yield line
            line = []
        line = [*line, ("   ", None), *entry] if line else entry
    yield line
    for note in drawn.notes:
        for words in wrap(note, columns):
            yield [(words, None)]


def _length(runs: Sequence[Run]) -> int:
    return sum(len(words) for words, _ in runs)
