"""One HTML file that needs nothing else: no script, no font, no network, as its own policy says.

Pictures are computed here (:mod:`auditor.formats._pictures`); what they show stands in tables too.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct, field

from auditor.formats import PLAIN, Medium
from auditor.formats._chart_svg import Paper, key, plot
from auditor.formats._html_style import STYLE
from auditor.formats._pictures import colour, groups, icicle, percent, ranges, text
from auditor.formats._plane import Plane, plane, summary
from auditor.views.page import (
    Bullets,
    Cell,
    Chart,
    Column,
    Line,
    Part,
    Ranges,
    Rows,
    Scale,
    Share,
    Shares,
    Table,
    View,
    Words,
)

_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'"
_LAYERS_LISTED = 100
_QUOTED = re.compile(r"`([^`<]+)`")
_FOOTNOTE = (
    "Of ranges, nine in ten true values lie within; the dot is what is expected. "
    "This file loads nothing from the network."
)
_PLOT = Paper(height=300)
_NUMBERS = "The numbers of this chart"
_TONES = ("good", "bad", "warning")


class _Section(Struct):
    """A headline and what stands below it, up to the next one."""

    headline: Line | None
    parts: list[Part] = field(default_factory=list)


def render(view: View, medium: Medium = PLAIN) -> str:
    """The document, in ASCII with references for all else, so that no server can get its encoding wrong."""
    page = view.page()
    sections = _sections(page.parts)
    named = [section.headline for section in sections if section.headline is not None]
    body = "\n".join(_section(section, number) for number, section in enumerate(sections))
    document = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{_title(named)}</title>
<style>{STYLE}</style>
</head>
<body>
<header>
<h1>auditor report</h1>
<p>{_text(page.header)}</p>
{_contents(sections)}</header>
<main>
{body}
</main>
<footer><p>{_FOOTNOTE}</p></footer>
</body>
</html>
"""
    return document.encode("ascii", "xmlcharrefreplace").decode()


# --- sections ------------------------------------------------------------------------------


def _sections(parts: Iterable[Part]) -> list[_Section]:
    found: list[_Section] = []
    for part in parts:
        if isinstance(part, Line) and _is_headline(part):
            found.append(_Section(headline=part))
        elif found and not (isinstance(part, Line) and part.above and found[-1].headline is not None):
            found[-1].parts.append(part)
        else:
            found.append(_Section(headline=None, parts=[part]))
    return found


def _is_headline(line: Line) -> bool:
    return len(line.words) > 1 and line.words[0].tone == "strong"


def _title(named: Sequence[Line]) -> str:
    if len(named) != 1:
        return "auditor report"
    return " · ".join(text(words.text) for words in named[0].words)


def _contents(sections: Sequence[_Section]) -> str:
    named = [(at, section.headline) for at, section in enumerate(sections) if section.headline is not None]
    if len(named) < 2:
        return ""
    items = "".join(
        f'<li><a href="#s{at}">{_text(line.words[0].text)}</a> {_badges(line.words[1:])}</li>'
        for at, line in named
    )
    return f'<nav aria-label="Contents"><ul>{items}</ul></nav>\n'


def _section(section: _Section, number: int) -> str:
    head = ""
    if section.headline is not None:
        name, *rest = section.headline.words
        head = f'<h2><span class="name">{_text(name.text)}</span> {_badges(rest)}</h2>'
    parts = "\n".join(_part(part) for part in section.parts)
    return f'<section id="s{number}">\n{head}\n{parts}\n</section>'


def _badges(words: Sequence[Words]) -> str:
    return " ".join(
        f'<span class="badge {one.tone if one.tone in _TONES else "plain"}">{_text(one.text)}</span>'
        for one in words
    )


# --- parts ---------------------------------------------------------------------------------


def _part(part: Part) -> str:
    match part:
        case Line():
            return f"<p>{' '.join(_cell(words) for words in part.words)}</p>"
        case Rows():
            rows = "".join(f"<dt>{_text(name)}</dt><dd>{_text(said)}</dd>" for name, said in part.rows)
            return f"<dl>{rows}</dl>" if rows else ""
        case Bullets():
            return _bullets(part)
        case Table():
            return _heading(part.title) + _table(part)
        case Shares():
            return _shares(part)
        case Ranges():
            return _heading(part.table.title) + _table(part.table) + _charts(part.scales)
        case Chart():
            return _heading(part.title) + _chart(part)


def _bullets(part: Bullets) -> str:
    items = "".join(f"<li>{_text(item)}</li>" for item in part.items)
    if not items:
        return ""
    said = f'<ul class="said">{items}</ul>'
    return f'<div class="next">{_heading(part.title)}{said}</div>' if part.title else said


def _charts(scales: Sequence[Scale]) -> str:
    drawn = [(scale.title, picture) for scale in scales if (picture := ranges(scale))]
    figures = "".join(f"<figure><h4>{_text(title)}</h4>{picture}</figure>" for title, picture in drawn)
    return f'<div class="charts of{len(drawn)}">{figures}</div>' if drawn else ""


def _chart(part: Chart) -> str:
    """The picture with its key, and its numbers as a table that opens; the table alone if nothing fits."""
    drawn = plane(part)
    if drawn is None:
        return _table(part.table)
    picture = (
        f'<svg class="plot" height="{_PLOT.height + 28:g}" role="img" '
        f'aria-label="{text(f"{part.title}: {summary(part, drawn)}")}">{plot(drawn, _PLOT)}</svg>'
    )
    notes = "".join(f'<p class="note">{_text(note)}</p>' for note in drawn.notes)
    numbers = f'<details class="more"><summary>{_NUMBERS}</summary>{_table(part.table)}</details>'
    return (
        f'<figure>{_key(drawn)}<p class="axes">{_text(part.y_title)}</p>{picture}'
        f'<p class="axes below">{_text(part.x_title)}</p>{notes}</figure>{numbers}'
    )


def _key(drawn: Plane) -> str:
    items = "".join(
        f'<li><svg width="34" height="16" viewBox="0 -8 34 16" aria-hidden="true">{key(place, drawn)}</svg>'
        f"<span>{_text(label)}</span></li>"
        for place, label in enumerate(drawn.labels)
    )
    return f'<ul class="key">{items}</ul>'


def _shares(part: Shares) -> str:
    found = groups(part.items)
    total = sum(amount for _, amount, _ in found)
    opened = "".join(
        _group(name, amount, layers, total, number) for number, (name, amount, layers) in enumerate(found)
    )
    drill = f'<div class="groups">{opened}</div>' if opened else ""
    largest = f'<details class="more"><summary>The largest layers</summary>{_table(part.table)}</details>'
    picture = f"<figure>{icicle(part.table.title, part.items)}</figure>"
    return _heading(part.table.title) + picture + drill + largest


def _group(name: str, amount: int, layers: Sequence[Share], total: int, number: int) -> str:
    """One operator, which opens to its layers."""
    shown = layers[:_LAYERS_LISTED]
    columns = (Column("Share", "number"), Column("Size", "number"), Column("Node", "prose"))
    rows: list[tuple[Cell, ...]] = [(percent(layer.amount, total), layer.text, layer.name) for layer in shown]
    if len(layers) > len(shown):
        rest = sum(layer.amount for layer in layers[len(shown) :])
        more = Words(f"{len(layers) - len(shown):,} smaller layers", "dim")
        rows.append((Words(percent(rest, total), "dim"), "", more))
    square = f'<rect class="{colour(number)}" width="14" height="14"/>'
    swatch = f'<svg width="14" height="14" aria-hidden="true">{square}</svg>'
    count = f"{len(layers):,} layers" if len(layers) != 1 else "1 layer"
    summary = (
        f'{swatch}<span>{_text(name)} <span class="dim">{count}</span></span>'
        f'<span class="number">{percent(amount, total)}</span>'
    )
    listed = _table(Table(f"Layers: {name}", columns, tuple(rows)))
    return f"<details><summary>{summary}</summary>{listed}</details>"


def _heading(title: str) -> str:
    return f"<h3>{_text(title)}</h3>" if title else ""


def _table(table: Table) -> str:
    head = "".join(
        f'<th scope="col"{_class(column)}>{_text(column.name)}</th>' if column.name else "<td></td>"
        for column in table.columns
    )
    body = "".join(f"<tr>{''.join(_cells(table.columns, row))}</tr>" for row in table.rows)
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{text(table.title)}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cells(columns: Sequence[Column], row: Sequence[Cell]) -> Iterator[str]:
    for column, cell in zip(columns, row, strict=False):
        yield f'<td class="{column.kind}">{_cell(cell)}</td>'


def _class(column: Column) -> str:
    return ' class="number"' if column.kind == "number" else ""


# --- texts ---------------------------------------------------------------------------------


def _cell(cell: Cell) -> str:
    if not isinstance(cell, Words):
        return _text(cell)
    shown = _text(cell.text)
    if not shown or cell.tone == "plain":
        return shown
    if cell.tone == "strong":
        return f"<strong>{shown}</strong>"
    return f'<span class="{"dim" if cell.tone == "dim" else f"badge {cell.tone}"}">{shown}</span>'


def _text(words: str) -> str:
    shown = "<br>".join(map(text, words.split("\n")))
    return _QUOTED.sub(r"<code>\1</code>", shown)
