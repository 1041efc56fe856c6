"""A rule or a lint as a page of text: ``auditor explain``. Works for every kind, also those added later."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from auditor.lints import Lint
from auditor.rules import Rule

WIDTH = 80
_INDENT = "  "


def text(rule: Rule) -> str:
    """The whole rule: summary, fields in the order of its file, sources with their evidence and date."""
    parts = [f"{rule.title} ({rule.kind})", _paragraph(rule.summary)]
    for name, value in rule.fields.items():
        if value != rule.title:
            parts.append(f"{_heading(name)}\n{_value(value)}")
    parts.append("Sources\n" + "\n".join(_bullet(_source(source)) for source in rule.sources))
    return "\n\n".join(parts) + "\n"


def lint_text(lint: Lint) -> str:
    """The whole page of a lint: its docstring, and where it is checked."""
    parts = [f"{lint.id} (lint, {lint.about.severity})", _paragraph(lint.summary)]
    for name, said in lint.sections:
        parts.append(f"{_LINT_HEADINGS[name]}\n{_paragraph(said[:1].upper() + said[1:])}")
    where = f" In {lint.about.checked_in}." if lint.about.checked_in else ""
    parts.append(f"Checked\n{_paragraph(_CHECKED[lint.folder] + where)}")
    return "\n\n".join(parts) + "\n"


_LINT_HEADINGS = {"Finds": "Finds", "Why": "Why it matters", "Do": "What to do"}

_CHECKED = {
    "reader": "While the file is read.",
    "static": "On every model that can be read.",
    "values": "On every model that has all its weights.",
    "circuit": "Where a circuit was laid out: `estimate`, `inspect` and `check`.",
    "gate": "Where the configuration is read: `check`.",
}


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "\n".join(_paragraph(line) for line in _lines(value))
    if isinstance(value, list):
        return "\n".join(_bullet(_item(item)) for item in value)
    return _paragraph(str(value))


def _lines(table: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """A line for each value of a table; those of tables within it come after the path to them."""
    for key, item in table.items():
        name = f"{path}{key}"
        if not isinstance(item, Mapping):
            yield f"{name}: {item}"
        elif item.keys() == {"value", "unit"}:
            yield f"{name}: {item['value']} {item['unit']}"
        elif item.keys() == {"low", "high"}:
            yield f"{name}: {item['low']} to {item['high']}"
        else:
            yield from _lines(item, f"{name}, ")


def _item(item: Any) -> str:
    if isinstance(item, Mapping):
        return ". ".join(f"{_heading(key)}: {str(value).rstrip('.')}" for key, value in item.items()) + "."
    return str(item)


def _source(source: Mapping[str, Any]) -> str:
    return f"{source['where']} ({source['evidence']}, {source['date']})"


def _heading(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _paragraph(words: str) -> str:
    return textwrap.fill(" ".join(words.split()), WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT)


def _bullet(words: str) -> str:
    return textwrap.fill(
        " ".join(words.split()), WIDTH, initial_indent=_INDENT + "- ", subsequent_indent=_INDENT + "  "
    )  # fmt: skip
