"""The pictures of a page in one SVG file: charts, ranges, and where a whole goes, below one another.

Light, of a fixed width, and complete in itself: no script, no font of its own, nothing loaded. In ASCII with
references for all else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import wrap

from msgspec import Struct

from auditor.errors import UsageError
from auditor.formats import PLAIN, Medium
from auditor.formats._chart_svg import Paper, key, number, plot
from auditor.formats._html_style import PICTURES, STYLE
from auditor.formats._pictures import ICICLE_HEIGHT, icicle, ranges, ranges_height, text
from auditor.formats._plane import Plane, plane, summary
from auditor.safe import safe
from auditor.views.page import Chart, Line, Part, Ranges, Shares, View

WIDTH = 1000
_SIDE, _LEFT, _RIGHT = 28, 96, 232
_PLOT_HEIGHT, _KEY_ROW = 320, 19
_KEY_LETTERS = 24
_NOTE_LETTERS = 135
_FOOT = 34


def render(view: View, medium: Medium = PLAIN) -> str:
    """The pictures of the view.

    Raises:
        UsageError: its page has no picture.
    """
    return drawing(view)[0]


def drawing(view: View) -> tuple[str, float]:
    """The pictures of the view as SVG, and how many pixels that is high.

    Raises:
        UsageError: its page has no picture.
    """
    page = view.page()
    blocks = list(_blocks(page.parts))
    if not blocks:
        raise UsageError("this report has no chart", hint="the formats html and terminal have its tables")
    top, drawn = 20.0, ""
    for block in blocks:
        drawn += f'<g transform="translate(0,{number(top)})">{block.markup}</g>\n'
        top += block.height
    told = text(page.header)
    whole = f"""<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{number(top + _FOOT)}" \
viewBox="0 0 {WIDTH} {number(top + _FOOT)}" role="img">
<title>{told}</title>
<style>{_STYLE}</style>
<rect width="100%" height="100%" fill="{_COLOURS["card"]}"/>
{drawn}<text class="quiet" x="{_SIDE}" y="{number(top + 14)}">{told}</text>
</svg>
"""
    return whole.encode("ascii", "xmlcharrefreplace").decode(), top + _FOOT


class _Block(Struct, frozen=True):
    """A picture with its titles, and how many pixels of the file it takes."""

    markup: str
    height: float


def _blocks(parts: tuple[Part, ...]) -> Iterator[_Block]:
    """The pictures in order, the first below a headline under its words."""
    headline = ""
    for part in parts:
        if isinstance(part, Line) and len(part.words) > 1 and part.words[0].tone == "strong":
            headline = " · ".join(words.text for words in part.words)
            continue
        found = list(_pictures(part))
        if found and headline:
            yield _Block(f'<text class="quiet" x="{_SIDE}" y="16">{text(headline)}</text>', 26)
            headline = ""
        yield from found


def _pictures(part: Part) -> Iterator[_Block]:
    match part:
        case Chart():
            drawn = plane(part)
            if drawn is not None:
                yield _chart(part, drawn)
        case Shares():
            if picture := icicle(part.table.title, part.items):
                yield _framed(part.table.title, picture, ICICLE_HEIGHT)
        case Ranges():
            for scale in part.scales:
                if picture := ranges(scale):
                    yield _framed(scale.title, picture, ranges_height(scale))


def _framed(title: str, picture: str, height: float) -> _Block:
    """A picture of any width, in a frame of ours."""
    width = WIDTH - 2 * _SIDE
    frame = f'<svg x="{_SIDE}" y="34" width="{width}" height="{height}" overflow="visible">{picture}</svg>'
    return _Block(f'<text class="title" x="{_SIDE}" y="20">{text(title)}</text>{frame}', height + 66)


# --- charts --------------------------------------------------------------------------------


def _chart(part: Chart, drawn: Plane) -> _Block:
    paper = Paper(width=WIDTH - _LEFT - _RIGHT, height=max(_PLOT_HEIGHT, _KEY_ROW * len(drawn.labels)))
    bottom = 62 + paper.height
    said = [line for note in drawn.notes for line in wrap(note, _NOTE_LETTERS)]
    notes = "".join(
        f'<text class="quiet" x="{_SIDE}" y="{number(bottom + 62 + 17 * at)}">{text(note)}</text>'
        for at, note in enumerate(said)
    )
    markup = (
        f"<title>{text(f'{part.title}: {summary(part, drawn)}')}</title>"
        f'<text class="title" x="{_SIDE}" y="20">{text(part.title)}</text>'
        f'<text class="quiet" x="{_SIDE}" y="43">{text(part.y_title)}</text>'
        f'<g transform="translate({_LEFT},62)">{plot(drawn, paper)}</g>'
        f'<g transform="translate({WIDTH - _RIGHT},62)">{"".join(_key(drawn, paper.height))}</g>'
        f'<text class="quiet" x="{WIDTH - _RIGHT}" y="{number(bottom + 40)}" text-anchor="end">'
        f"{text(part.x_title)}</text>{notes}"
    )
    return _Block(markup, bottom + 76 + 17 * len(said))


def _key(drawn: Plane, height: float) -> Iterator[str]:
    """Each label beside the end of its curve, as far as they leave room to each other."""
    ends = {place: _end(drawn, place) for place in range(len(drawn.labels))}
    order = sorted(ends, key=lambda place: (-ends[place], place))
    rows = _apart([(1 - ends[place]) * height for place in order], height)
    for place, y in zip(order, rows, strict=True):
        label = safe(drawn.labels[place], limit=_KEY_LETTERS)
        told = f"<title>{text(drawn.labels[place])}</title>"
        yield (
            f'<g transform="translate(14,{number(y)})">{told}{key(place, drawn)}'
            f'<text x="42" y="4">{text(label)}</text></g>'
        )


def _end(drawn: Plane, place: int) -> float:
    """How high the curve of a label is at its right end."""
    spots = [spot for stroke in drawn.strokes if stroke.place == place for spot in stroke.spots]
    return max(spots, key=lambda spot: spot.x).y


def _apart(wished: list[float], height: float) -> list[float]:
    """The places from above to below, moved until none is nearer to the next than a row, none outside."""
    rows: list[float] = []
    for y in wished:
        rows.append(max(y, rows[-1] + _KEY_ROW) if rows else y)
    limit = height
    for at in range(len(rows) - 1, -1, -1):
        rows[at] = min(rows[at], limit)
        limit = rows[at] - _KEY_ROW
    return rows


# --- style ---------------------------------------------------------------------------------

_COLOURS = dict(re.findall(r"--([\w-]+):(#\w+)", STYLE.partition("@media")[0]))
_STYLE = re.sub(
    r"var\(--([\w-]+)\)",
    lambda found: _COLOURS[found[1]],
    "text{font:13px sans-serif}\n.title{font-size:16px;font-weight:600}" + PICTURES,
)
"""What the report's own sheet says of pictures, in its light colours and for any sans-serif font."""
