"""The effective configuration in words: every key with its value and where that was set."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from msgspec import Struct

from auditor.config.effective import excluded_by, rules_for
from auditor.config.nouns import Budget, Config, Suppression, shown
from auditor.config.values import UNLIMITED
from auditor.safe import safe


class Said(Struct, frozen=True, kw_only=True):
    """One key, its value as TOML would spell it, and where it was set."""

    key: str
    value: str
    where: str


class ConfigReport(Struct, frozen=True, kw_only=True):
    """What holds for a model, or in a folder where ``path`` is one."""

    path: str
    files: tuple[str, ...]
    excluded_by: str | None
    said: tuple[Said, ...]


def describe(config: Config, path: Path, *, is_model: bool) -> ConfigReport:
    """What a configuration says of a model; of a folder, what all its tables say."""
    said = [*_general(config), *(_of_model(config, path) if is_model else _of_tables(config))]
    by = excluded_by(config, path) if is_model else None
    return ConfigReport(
        path=safe(shown(path)),
        files=tuple(safe(shown(file)) for file in config.files),
        excluded_by=None if by is None else str(by.origin),
        said=tuple(said),
    )


def _general(config: Config) -> Iterator[Said]:
    for key, setting in sorted(config.settings.items()):
        yield Said(key=key, value=_spelled(setting.value), where=str(setting.origin))
    for glob in config.exclude:
        yield Said(key="exclude", value=_spelled(glob.glob), where=str(glob.origin))


def _of_model(config: Config, path: Path) -> Iterator[Said]:
    rules = rules_for(config, path)
    for key, setting in sorted(rules.settings.items()):
        yield Said(key=f"models.{key}", value=_spelled(setting.value), where=str(setting.origin))
    for budget in rules.budgets:
        yield _budget(f"budget.{budget.name}", budget)
    for suppression in rules.suppressions:
        yield _suppression(suppression)


def _of_tables(config: Config) -> Iterator[Said]:
    for table in config.models:
        for key, setting in table.settings.items():
            name = f'models."{safe(table.glob)}".{key}'
            yield Said(key=name, value=_spelled(setting.value), where=str(setting.origin))
    for table in config.budgets:
        for key, setting in table.settings.items():
            if not setting.value:
                name = f'budget."{safe(table.glob)}".{key}'
                yield Said(key=name, value=_spelled(UNLIMITED), where=str(setting.origin))
            for budget in setting.value:
                yield _budget(f'budget."{safe(table.glob)}".{budget.name}', budget)
    for suppression in config.suppressions:
        yield _suppression(suppression)


def _budget(key: str, budget: Budget) -> Said:
    limit = f"{100 * budget.limit:.6g}%" if budget.relative else f"{budget.limit:.12g}"
    on = f" on {safe(budget.profile)}" if budget.profile else ""
    return Said(key=key, value=f"{limit}{on}", where=str(budget.origin))


def _suppression(item: Suppression) -> Said:
    until = "permanent" if item.expires is None else f"until {item.expires}"
    return Said(key="ignore", value=f"{', '.join(item.rules)} {until}: {item.reason}", where=str(item.origin))


def _spelled(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    return safe(json.dumps(value, ensure_ascii=False, default=str), limit=200)
