"""Hardware profiles as TOML files: ``rules/hardware/NAME.toml`` or the user's own.

A coefficient stands for each term and says its unit, so that a number for another operation cannot slip in;
every number has its evidence.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, cast

from auditor.errors import UsageError
from auditor.pricing.profile import Factors, Fit, HardwareProfile, Measured
from auditor.pricing.terms import TERMS, Quantity, Step, unit
from auditor.rules import EVIDENCE, rules_dir
from auditor.safe import safe

SCHEMA = "auditor.hardware/1"

REFERENCE = "reference-epyc-2c"
"""The profile whose coefficients were measured for this program."""

KINDS = ("laptop", "workstation", "server", "cloud", "gpu", "mobile", "sbc", "browser")

_COMMON = ("schema", "id", "name", "kind", "summary", "cpu", "memory", "measured", "coefficients", "evidence")
_CPU = ("model", "arch", "logical_cores")
_MEMORY = ("total_bytes",)
_EVIDENCE = ("fields", "class", "date", "source")


_MOST_BYTES = 1 << 20
"""More than this of a file is not read; a profile has a few thousand bytes."""


class BadProfile(UsageError):
    """A profile that lacks something, or has something nobody knows; the message names file and field."""


def shipped(name: str = REFERENCE) -> HardwareProfile:
    """A profile that comes with the program, by the name of its file.

    Raises:
        UsageError: there is none of this name.
        BadProfile: as :func:`load`.
    """
    folder = rules_dir() / "hardware"
    known = {path.stem: path for path in folder.glob("*.toml")}
    if name not in known:
        raise UsageError.unknown(f"there is no hardware profile '{safe(name)}'", name, known)
    return load(known[name])


def load(path: Path) -> HardwareProfile:
    """The profile in a file.

    Raises:
        BadProfile: it cannot be read, or :func:`parse` refuses it.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES).decode("utf-8")
        content = tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise _bad(path.name, f"cannot be read: {error}") from error
    return parse(content, path.name)


def parse(content: Mapping[str, Any], where: str) -> HardwareProfile:
    """The profile in the content of a TOML file; ``where`` names it in complaints.

    Raises:
        BadProfile: a field is missing, unknown, of the wrong kind or without evidence.
    """
    top = _Table(content, where, "")
    top.allow(*_COMMON)
    if top.text("schema") != SCHEMA:
        raise _bad(where, f"schema is '{top.text('schema')}', and this program reads {SCHEMA}")
    kind = top.text("kind")
    if kind not in KINDS:
        raise _bad(where, f"kind is '{kind}' and none of {', '.join(KINDS)}")
    cpu, memory, coefficients = top.table("cpu"), top.table("memory"), top.table("coefficients")
    cpu.allow(*_CPU)
    cpu.text("arch")
    memory.allow(*_MEMORY)
    processors = ("other_processor", "probed_processor")
    general = ("worker", "cache", "parallel_fraction", "thread_memory_bytes", *processors)
    coefficients.allow(*general, *TERMS)
    worker, cache = coefficients.table("worker"), coefficients.table("cache")
    worker.allow("cpu_seconds", "peak_memory_bytes")
    cache.allow("logrows", "growth_per_logrow")
    return HardwareProfile(
        id=top.text("id"),
        name=top.text("name"),
        kind=kind,
        summary=top.text("summary"),
        cpu_model=cpu.text("model"),
        logical_cores=cpu.whole("logical_cores", least=1),
        total_memory_bytes=memory.whole("total_bytes", least=1),
        measured=_measured(top.table("measured")),
        fits={step: _step(step, coefficients.table(step)) for step in TERMS},
        worker_cpu_seconds=worker.number("cpu_seconds"),
        worker_memory_bytes=worker.number("peak_memory_bytes"),
        cached_logrows=cache.whole("logrows"),
        growth_per_logrow=cache.number("growth_per_logrow"),
        parallel_fraction=coefficients.number("parallel_fraction", most=1),
        thread_memory_bytes=coefficients.number("thread_memory_bytes"),
        other_processor=coefficients.factors("other_processor"),
        probed_processor=coefficients.factors("probed_processor"),
        evidence=_evidence(content, where),
    )


def sources(content: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
    """The evidence of a profile as :mod:`auditor.rules` has the sources of any rule.

    Raises :class:`BadProfile`, as :func:`parse` does.
    """
    parse(content, where)
    return [
        {
            "evidence": entry["class"],
            "where": f"{', '.join(entry['fields'])}: {entry['source']}",
            "date": entry["date"],
        }
        for entry in content["evidence"]
    ]


# --- the parts of a file -------------------------------------------------------------------


def _bad(where: str, complaint: str) -> BadProfile:
    """Names of files and fields may be anybody's."""
    return BadProfile(f"{safe(where)}: {safe(complaint, limit=400)}")


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of the file, which complains in terms of file and field."""

    content: Mapping[str, Any]
    where: str
    path: str

    def allow(self, *names: str) -> None:
        """Refuses fields that are none of these."""
        for name in self.content:
            if name not in names:
                raise self.bad(f"nobody knows the field {self._at(name)}")

    def table(self, name: str) -> _Table:
        value = self._get(name, dict, "a table")
        return _Table(value, self.where, self._at(name))

    def text(self, name: str) -> str:
        value: str = self._get(name, str, "text")
        if not value:
            raise self.bad(f"{self._at(name)} is empty")
        return safe(value, limit=400)

    def whole(self, name: str, least: int = 0) -> int:
        value: int = self._get(name, int, "a whole number")
        if value < least:
            raise self.bad(f"{self._at(name)} is {value}, and never below {least}")
        return value

    def number(self, name: str, most: float = float("inf")) -> float:
        value = float(self._get(name, (int, float), "a number"))
        if not 0 <= value <= most or value == float("inf"):
            raise self.bad(f"{self._at(name)} is {value}, which it cannot be")
        return value

    def factors(self, name: str) -> Factors:
        table = self.table(name)
        table.allow("low", "high")
        factors = Factors(low=table.number("low"), high=table.number("high"))
        if not factors.low <= 1 <= factors.high:
            raise self.bad(f"1 is not within {self._at(name)}")
        return factors

    def bad(self, complaint: str) -> BadProfile:
        return _bad(self.where, complaint)

    def _at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def _get(self, name: str, kind: type | tuple[type, ...], what: str) -> Any:
        if name not in self.content:
            raise self.bad(f"the field {self._at(name)} is missing")
        value = self.content[name]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self.bad(f"{self._at(name)} is not {what}")
        return value


def _measured(table: _Table) -> Measured:
    names = tuple(Measured.__dataclass_fields__)
    table.allow(*names)
    counts = {name: table.whole(name, least=1) for name in names if name != "error_per_doubling"}
    measured = Measured(**counts, error_per_doubling=table.number("error_per_doubling", most=1))
    if measured.least_logrows > measured.most_logrows:
        raise table.bad("measured.least_logrows is above measured.most_logrows")
    return measured


def _step(step: Step, table: _Table) -> Mapping[Quantity, Fit]:
    table.allow(*TERMS[step])
    return {quantity: _fit(step, quantity, table.table(quantity)) for quantity in TERMS[step]}


def _fit(step: Step, quantity: Quantity, table: _Table) -> Fit:
    terms = TERMS[step][quantity]
    table.allow(*terms, "error", "freivalds_error")
    coefficients = {}
    for name, counted in terms.items():
        entry = table.table(name)
        entry.allow("value", "unit")
        expected = unit(quantity, counted)
        if entry.text("unit") != expected:
            raise table.bad(f"{entry.path}.unit is not '{expected}'")
        coefficients[name] = entry.number("value")
    return Fit(
        coefficients=coefficients,
        error=table.factors("error"),
        freivalds_error=table.factors("freivalds_error"),
    )


def _evidence(content: Mapping[str, Any], where: str) -> str:
    """The weakest evidence of a coefficient, when every number of the file has some.

    What is only used for other processors does not count, see :func:`for_processor`.
    """
    entries = content.get("evidence")
    if not isinstance(entries, list) or not entries:
        raise _bad(where, "the field evidence is missing")
    for index, entry in enumerate(entries):
        _check_evidence(entry, f"{where}, evidence {index + 1}")
    weakest = 0
    for path in _numbers({name: value for name, value in content.items() if name != "evidence"}, ""):
        classes = [
            EVIDENCE.index(entry["class"])
            for entry in entries
            if any(fnmatchcase(path, pattern) for pattern in entry["fields"])
        ]
        if not classes:
            raise _bad(where, f"no evidence covers {path}")
        if path.startswith("coefficients.") and "_processor." not in path:
            weakest = max(weakest, *classes)
    return EVIDENCE[weakest]


def _check_evidence(entry: object, where: str) -> None:
    if not isinstance(entry, dict):
        raise _bad(where, "it is not a table")
    for name in {*_EVIDENCE} ^ {*entry}:
        raise _bad(where, f"{name} is {'missing' if name in _EVIDENCE else 'known to nobody'}")
    fields = cast("object", entry["fields"])
    if not isinstance(fields, list) or not fields or not all(isinstance(field, str) for field in fields):
        raise _bad(where, "fields is not a list of fields")
    if entry["class"] not in EVIDENCE:
        raise _bad(where, f"class is none of {', '.join(EVIDENCE)}")
    if not isinstance(entry["date"], date):
        raise _bad(where, "date is not a date, as in 2026-01-31")
    if not isinstance(entry["source"], str) or not entry["source"]:
        raise _bad(where, "source is not text")


def _numbers(value: object, path: str) -> Iterator[str]:
    """The dotted path of every number."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _numbers(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for item in value:
            yield from _numbers(item, path)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield path
