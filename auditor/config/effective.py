"""What the configuration says of one model: of the tables that name it, the first that sets a key decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from auditor.config.globs import covers, matches
from auditor.config.nouns import Budget, Config, Glob, Setting, Suppression, Table
from auditor.errors import UsageError
from auditor.safe import safe


class ModelRules(Struct, frozen=True, kw_only=True):
    """All that holds for one model: the ``settings`` of ``[models]``, its budgets and suppressions.

    ``claimed`` says that some table names it.
    """

    config: Config
    settings: Mapping[str, Setting]
    budgets: tuple[Budget, ...]
    suppressions: tuple[Suppression, ...]
    claimed: bool

    def get(self, key: str) -> object:
        """The value of a key of ``[models]``, or None."""
        found = self.settings.get(key)
        return None if found is None else found.value


def rules_for(config: Config, path: Path) -> ModelRules:
    """What holds for the model at a path."""
    models = [table for table in config.models if covers(_glob(table), path)]
    limits = [table for table in config.budgets if covers(_glob(table), path)]
    settings: dict[str, Setting] = {}
    for table in models:
        for key, setting in table.settings.items():
            settings.setdefault(key, setting)
    budgets: dict[str, tuple[Budget, ...]] = {}
    for table in limits:
        for key, setting in table.settings.items():
            budgets.setdefault(key, tuple(replace(budget, message=table.message) for budget in setting.value))
    return ModelRules(
        config=config,
        settings=settings,
        budgets=tuple(budget for group in budgets.values() for budget in group),
        suppressions=tuple(item for item in config.suppressions if concerns(item, path)),
        claimed=bool(models or limits),
    )


def concerns(suppression: Suppression, path: Path) -> bool:
    """Whether a suppression is about the model at a path."""
    return not suppression.models or any(covers(glob, path) for glob in suppression.models)


def excluded_by(config: Config, path: Path) -> Glob | None:
    """The pattern of ``exclude`` that keeps a file out."""
    return next((glob for glob in config.exclude if covers(glob, path, below=True)), None)


def claimed_files(config: Config) -> Iterator[Path]:
    """The files that the tables of a configuration name, each once."""
    found: dict[Path, None] = {}
    for table in (*config.models, *config.budgets):
        found.update(dict.fromkeys(matches(_glob(table))))
    yield from found


def check_globs(config: Config) -> None:
    """Refuses globs that name no file: most often a typing error, and the model is then not checked.

    Raises:
        UsageError: there is one.
    """
    named = (_glob(table) for table in (*config.models, *config.budgets))
    for glob in (*named, *(glob for item in config.suppressions for glob in item.models)):
        if next(matches(glob), None) is None:
            raise UsageError(
                f"{glob.origin}: no file is named by '{safe(glob.glob)}'",
                hint="correct the glob or remove it; it is relative to the configuration file",
            )


def _glob(table: Table) -> Glob:
    return Glob(glob=table.glob, base=table.base, origin=table.origin)
