"""How the numbers of a file are known, and for how long that holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from fnmatch import fnmatchcase
from typing import Any

from msgspec import Struct

from auditor.pricing.tables import Table, bad
from auditor.rules import EVIDENCE

_FIELDS = ("fields", "class", "date", "source")


class Evidence(Struct, frozen=True, kw_only=True):
    """What some fields of a file rest on. ``fields`` are dotted paths, in which ``*`` stands for anything.

    ``kind`` is one of :data:`auditor.rules.EVIDENCE`. After ``valid_days`` it is worth no more than an
    assumption; None is for what does not age.
    """

    fields: tuple[str, ...]
    kind: str
    dated: date
    source: str
    valid_days: int | None = None

    def covers(self, path: str) -> bool:
        return any(fnmatchcase(path, pattern) for pattern in self.fields)

    def days_expired(self, today: date) -> int:
        """How long it has been out of date; 0 when it is not."""
        if self.valid_days is None:
            return 0
        return max(0, (today - self.dated).days - self.valid_days)


def read_evidence(content: Mapping[str, Any], where: str) -> tuple[Evidence, ...]:
    """The tables ``[[evidence]]`` of a file.

    Raises :class:`auditor.pricing.tables.BadProfile` when there is none, one says too little or too much, or
    a number of the file has none.
    """
    tables = content.get("evidence")
    if not isinstance(tables, list) or not tables:
        raise bad(where, "the field evidence is missing")
    found = tuple(_read(table, f"{where}, evidence {index + 1}") for index, table in enumerate(tables))
    for path in numbers({name: value for name, value in content.items() if name != "evidence"}):
        require(found, path, where)
    return found


def require(found: Iterable[Evidence], path: str, where: str) -> None:
    """Raises :class:`auditor.pricing.tables.BadProfile` when nothing is said of a field."""
    if not any(evidence.covers(path) for evidence in found):
        raise bad(where, f"no evidence covers {path}")


def weakest(found: Iterable[Evidence], today: date) -> tuple[str, tuple[str, ...]]:
    """The weakest kind among these, and a warning for each that has expired and is now an assumption.

    What rests on nothing that can be doubted is ``measured``.
    """
    kinds, warnings = [EVIDENCE[0]], []
    for evidence in found:
        days = evidence.days_expired(today)
        kinds.append("assumed" if days else evidence.kind)
        if days:
            warnings.append(
                f"evidence of {evidence.dated} for {', '.join(evidence.fields)} expired {days:,} days ago "
                f"and counts as assumed: {evidence.source}"
            )
    return weaker(*kinds), tuple(dict.fromkeys(warnings))


def weaker(*kinds: str) -> str:
    """The weakest of some kinds.

    >>> weaker("measured", "assumed", "derived")
    'assumed'
    """
    return max(kinds, key=EVIDENCE.index)


def listed(found: Iterable[Evidence]) -> list[dict[str, Any]]:
    """The same as :mod:`auditor.rules` has the sources of any rule."""
    return [
        {
            "evidence": evidence.kind,
            "where": f"{', '.join(evidence.fields)}: {evidence.source}{_validity(evidence)}",
            "date": evidence.dated,
        }
        for evidence in found
    ]


def numbers(content: Mapping[str, Any]) -> Iterator[str]:
    """The dotted path of every number in a table, however deep it lies."""
    left: list[tuple[str, object]] = [*content.items()][::-1]
    while left:
        path, value = left.pop()
        if isinstance(value, dict):
            left += [(f"{path}.{name}", item) for name, item in reversed(value.items())]
        elif isinstance(value, list):
            left += [(path, item) for item in reversed(value)]
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield path


def _read(content: object, where: str) -> Evidence:
    if not isinstance(content, dict):
        raise bad(where, "it is not a table")
    for name in {*_FIELDS} - {*content}:
        raise bad(where, f"{name} is missing")
    for name in {*content} - {*_FIELDS, "valid_days"}:
        raise bad(where, f"{name} is known to nobody")
    fields, day = content["fields"], content["date"]
    if not isinstance(fields, list) or not fields or not all(isinstance(field, str) for field in fields):
        raise bad(where, "fields is not a list of fields")
    if content["class"] not in EVIDENCE:
        raise bad(where, f"class is none of {', '.join(EVIDENCE)}")
    if not isinstance(day, date):
        raise bad(where, "date is not a date, as in 2026-01-31")
    if not isinstance(content["source"], str) or not content["source"]:
        raise bad(where, "source is not text")
    table = Table(content, where)
    return Evidence(
        fields=tuple(fields),
        kind=content["class"],
        dated=day.date() if isinstance(day, datetime) else day,
        source=table.text("source", limit=2_000),
        valid_days=table.whole("valid_days", least=1) if table.has("valid_days") else None,
    )


def _validity(evidence: Evidence) -> str:
    return "" if evidence.valid_days is None else f" (for {evidence.valid_days} days)"
