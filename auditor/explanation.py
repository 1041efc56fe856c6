"""A rule or a lint as a page of text: ``auditor explain``. Works for every kind, also those added later."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from auditor.lints import Lint
from auditor.rules import Rule
from auditor.units import bytes_text, seconds_text

WIDTH = 80
_INDENT = "  "


def text(rule: Rule) -> str:
    """The whole rule: summary, fields in the order of its file, sources with their evidence and date."""
    parts = [f"{rule.title} ({rule.kind})", _paragraph(rule.summary)]
    for name, value in rule.fields.items():
        if value != rule.title and name != "schema":
            parts.append(f"{_heading(name)}\n{_field_text(name, value)}")
    if rule.kind == "systems":
        parts.append(f"How well a row is predicted by the others\n{_fits(rule)}")
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


_RECORDS = ("rows", "scaling")
"""Fields that are tables of records: each is one item, in the units that its fields end with."""

_LEADS = {"dated": "of", "fixed": "for", "hardware": "on", "why": "because:"}
"""What leads to the text of a field, where its name does not."""

_NAMES = ("operators",)
"""Fields that are lists of bare names: a paragraph, and no list."""


def _field_text(name: str, value: Any) -> str:
    if name in _RECORDS and isinstance(value, Mapping):
        return _records(value)
    if name in _NAMES and isinstance(value, list):
        return _paragraph(", ".join(value) or "none are known")
    return _value(value)


def _records(table: Mapping[str, Mapping[str, Any]]) -> str:
    return "\n".join(
        _bullet(f"{name}: {', '.join(_field(field, value) for field, value in record.items())}")
        for name, record in table.items()
    )


def _field(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{name} {line}" for line in _lines(value))
    if isinstance(value, list):
        return f"{name} {' and '.join(str(item) for item in value)}"
    if name == "model":
        return str(value)
    if not isinstance(value, (int, float)):
        return f"{_LEADS.get(name, name.replace('_', ' '))} {str(value).rstrip('.')}"
    if name.endswith("_seconds"):
        return f"{name.removesuffix('_seconds').replace('_', ' ')} {seconds_text(value)}"
    if name.endswith("_bytes"):
        return f"{name.removesuffix('_bytes').replace('_', ' ')} {bytes_text(value)}"
    return f"{value:,} {name}" if name in ("parameters", "macs", "bits", "cores") else f"{name} {value:,}"


def _fits(rule: Rule) -> str:
    """The ratios of predicted to published, each row of a series left out in turn."""
    from auditor.landscape.system_file import shipped_system
    from auditor.landscape.systems import WORDS, fit_errors

    ratios: dict[tuple[str, str], list[float]] = {}
    for error in fit_errors(shipped_system(rule.name)):
        ratios.setdefault((error.series, WORDS[error.quantity]), []).append(error.ratio)
    if not ratios:
        return _paragraph("There is no series of three rows, and nothing is predicted from others.")
    return "\n".join(
        _bullet(f"{series}, {words}: {min(found):.2g} to {max(found):.2g} times what was published")
        for (series, words), found in ratios.items()
    )


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
