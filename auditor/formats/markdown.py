"""Markdown for the comment of a pull request or a job summary, in what GitHub and GitLab both render.

Every text stands behind markup of ours on its line, so that none can begin a heading, a quick action or a
workflow command; within a line, what is special becomes a character reference, and a zero-width space keeps
names from being mentions, references or links.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from auditor.formats import PLAIN, Medium, without_ci_commands
from auditor.safe import harmless
from auditor.views.page import (
    Bullets,
    Cell,
    Line,
    Part,
    Rows,
    Table,
    Tone,
    View,
    Words,
    without_pictures,
)

MARKER = "<!-- auditor -->"
"""Stands first, so that whoever posts the text finds its last comment again."""

_MOST = 60_000
"""Characters; a comment on GitHub has at most 65,536."""

_OPEN_ROWS = 12
"""A longer table is folded away behind its title."""

_MOST_ROWS = 200

_MARKS: Mapping[Tone, str] = {"good": "✅ ", "bad": "❌ ", "warning": "⚠️ "}

_BREAK = "&#8203;"
_SPECIAL = re.compile(
    r"""
      [\\`*\[\]<>|]                        # markup wherever it stands
    | (?<![^\W_])_ | _(?![^\W_])           # emphasis, but not inside of a word
    | [@\#!$~%&](?=[\w"])                  # mentions and references: @name, #1, !1 and GitLab's others
    | [$~&]
    | :(?=//) | \bwww(?=\.) | \bGH(?=-\d)  # links without markup
    """,
    re.VERBOSE | re.IGNORECASE,
)
_LEADING = re.compile(r"^(?:[-+=#]|\d{1,9}(?=[.)]))")


def render(view: View, medium: Medium = PLAIN) -> str:
    """The page, with what no longer fits a comment left off at its end."""
    page = view.page()
    blocks = [MARKER]
    room = _MOST - len(page.header)
    left_off = 0
    for part in page.parts:
        block = "\n".join(_block(part, medium))
        room -= len(block) + 2
        if room > 0 and not left_off:
            blocks.append(block)
        else:
            left_off += 1
    if left_off:
        blocks.append(f"_{left_off} more parts are left off: a comment has no room for them._")
    blocks.append(f"<sub>{_text(page.header)}</sub>")
    text = without_ci_commands("\n\n".join(block for block in blocks if block) + "\n")
    return text if medium.unicode else text.encode("ascii", "xmlcharrefreplace").decode()


def escape(text: str) -> str:
    """``text`` as Markdown that shows just that, anywhere within a line."""
    return _SPECIAL.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    special, after = found[0], found.string[found.end() : found.end() + 1]
    if len(special) > 1 or special == ":":
        return special + _BREAK
    reference = special if special in "@#!%" else f"&#{ord(special)};"
    is_name = special in "@#!$~%&" and (after == '"' or after == "_" or after.isalnum())
    return reference + _BREAK if is_name else reference


# --- parts ---------------------------------------------------------------------------------


def _block(part: Part, medium: Medium) -> Iterator[str]:
    match without_pictures(part):
        case Line() as line:
            yield _line(line)
        case Rows() as listed if listed.rows:
            yield from _grid(("", ""), [(Words(name, "strong"), said) for name, said in listed.rows])
        case Bullets() as bullets:
            yield from _title(bullets.title)
            yield from (f"- {_item(text)}" for text in bullets.items)
        case Table() as table:
            yield from _table(table)


def _line(line: Line) -> str:
    """A headline where the first words are strong, otherwise a paragraph."""
    if line.words and line.words[0].tone == "strong":
        return "### " + " · ".join(_MARKS.get(words.tone, "") + _text(words.text) for words in line.words)
    shown = " · ".join(_cell(words) for words in line.words)
    # A letter, or a star of ours, begins a paragraph and nothing else.
    return shown if shown[:1].isalpha() or shown.startswith("**") else _BREAK + shown


def _title(title: str) -> Iterator[str]:
    if shown := _text(title):
        yield f"**{shown}**\n"


def _table(table: Table) -> Iterator[str]:
    rows = [tuple(row) for row in table.rows[:_MOST_ROWS]]
    hidden = len(table.rows) - len(rows)
    names = tuple(column.name for column in table.columns)
    right = tuple(column.kind == "number" for column in table.columns)
    folded = len(table.rows) > _OPEN_ROWS
    title = _text(table.title)
    if folded:
        yield f"<details><summary>{title} ({len(table.rows):,})</summary>\n"
    else:
        yield from _title(table.title)
    yield from _grid(names, rows, right)
    if hidden:
        yield f"\n_and {hidden:,} more_"
    if folded:
        yield "\n</details>"


def _grid(names: Sequence[str], rows: Sequence[Sequence[Cell]], right: Sequence[bool] = ()) -> Iterator[str]:
    yield f"| {' | '.join(map(_text, names))} |"
    yield "|" + "|".join("---:" if at < len(right) and right[at] else "---" for at in range(len(names))) + "|"
    for row in rows:
        yield f"| {' | '.join(map(_cell, row))} |"


# --- texts ---------------------------------------------------------------------------------


def _text(text: str) -> str:
    lines = (" ".join(line.split()) for line in harmless(text).split("\n"))
    return "<br>".join(escape(line) for line in lines)


def _cell(cell: Cell) -> str:
    if not isinstance(cell, Words):
        return _text(cell)
    shown = _text(cell.text)
    return f"**{shown}**" if shown and cell.tone not in ("plain", "dim") else shown


def _item(text: str) -> str:
    """Without a sign at its beginning that would open a list or a heading in the item."""
    shown = _text(text)
    opening = _LEADING.match(shown)
    return shown if opening is None else f"{_BREAK}{shown}"
