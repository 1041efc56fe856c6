"""Scenarios: which trends hold together. ``rules/scenarios/NAME.toml`` or the user's own file.

A scenario names trends and holds no numbers, so that each number stands in one file, with its evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from auditor.errors import UsageError
from auditor.pricing.evidence import listed, numbers, read_evidence
from auditor.pricing.shelf import Shelf
from auditor.pricing.tables import Table, read_toml
from auditor.trends.trend import ANYTHING, Of, Trend
from auditor.trends.trend_file import resolve_trend

SCHEMA = "auditor.scenario/1"

FIELDS: Mapping[str, Of] = {
    "prover": "prover_time",
    "memory": "prover_memory",
    "price": "hardware_price",
    "memory_price": "memory_price",
    "growth": "model_growth",
}
"""The fields of a scenario, and what a trend that is named there has to be of."""


class Scenario(Struct, frozen=True, kw_only=True):
    """Trends that hold together.

    ``memory_price`` is None where a limit of memory is a machine, which stays what it is. Where it is a
    budget, the trend says how much more memory the same money buys.
    """

    id: str
    name: str
    summary: str
    prover: Trend
    memory: Trend
    price: Trend
    growth: Trend
    memory_price: Trend | None = None

    def trends(self) -> tuple[Trend, ...]:
        """Each trend once, in the order of the fields."""
        found = (getattr(self, name) for name in FIELDS)
        return tuple({trend.id: trend for trend in found if trend is not None}.values())


def replaced(scenario: Scenario, trends: Iterable[Trend]) -> Scenario:
    """The scenario with these trends in the place of its own, each of one of
    :data:`auditor.trends.trend.OF`: what ``--rate`` asks for.

    Raises :class:`UsageError` when two are of the same thing.
    """
    fields: dict[str, str] = {of: name for name, of in FIELDS.items()}
    changes: dict[str, Any] = {}
    for trend in trends:
        name = fields[trend.of]
        if name in changes:
            raise UsageError(f"two rates are given for {trend.of}", hint="give one")
        changes[name] = trend
    return replace(scenario, **changes)


def parse_scenario(content: Mapping[str, Any], where: str, folder: Path | None = None) -> Scenario:
    """The scenario in the content of a TOML file; ``where`` names it in complaints.

    Raises:
        UsageError: it names a trend that does not exist.
        BadProfile: a field is missing, unknown or of the wrong kind, holds a number, or names a trend of
            something else; there is no evidence; or a trend is refused.
    """
    top = Table(content, where)
    top.allow("schema", "id", "name", "summary", *FIELDS, "evidence")
    top.of_schema(SCHEMA)
    for path in numbers({name: content[name] for name in FIELDS if name in content}):
        raise top.bad(f"{path} is a number, and a scenario names trends")
    read_evidence(content, where)
    return Scenario(
        id=top.text("id"),
        name=top.text("name"),
        summary=top.text("summary"),
        prover=_trend(top, "prover", folder),
        memory=_trend(top, "memory", folder),
        price=_trend(top, "price", folder),
        growth=_trend(top, "growth", folder),
        memory_price=_trend(top, "memory_price", folder) if top.has("memory_price") else None,
    )


def sources(content: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
    """Why a scenario joins these trends, as :mod:`auditor.rules` has the sources of any rule.

    Raises :class:`auditor.errors.UsageError`, as :func:`parse_scenario` does.
    """
    parse_scenario(content, where)
    return listed(read_evidence(content, where))


def _trend(top: Table, name: str, folder: Path | None) -> Trend:
    trend = resolve_trend(top.text(name), folder)
    if trend.of not in (FIELDS[name], ANYTHING):
        raise top.bad(f"{name} is '{trend.id}', a trend of {trend.of} and not of {FIELDS[name]}")
    return trend


class _Scenarios(Shelf[Scenario]):
    """Scenarios; the trends that one names as files are looked for beside it."""

    def load(self, path: Path) -> Scenario:
        return parse_scenario(read_toml(path), path.name, path.parent)


SCENARIOS = _Scenarios("scenarios", "scenario", parse_scenario)
load_scenario, shipped_scenario, resolve_scenario = SCENARIOS.load, SCENARIOS.shipped, SCENARIOS.resolve
