"""Which models a run is about: those named, those below the folders named, or those the tables name."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from auditor.config.effective import ModelRules, check_globs, claimed_files, excluded_by, rules_for
from auditor.config.find import NAMES
from auditor.config.globs import files_below
from auditor.config.load import find_config, load_config
from auditor.config.nouns import Config, Glob
from auditor.errors import UsageError

SUFFIX = ".onnx"


class Target(Struct, frozen=True, kw_only=True):
    """A model and what holds for it; ``path`` is as it was given."""

    path: Path
    rules: ModelRules


class Gathered(Struct, frozen=True, kw_only=True):
    """The models of a run, each once; and the files that were named and are excluded, with what does that."""

    targets: tuple[Target, ...]
    excluded: tuple[tuple[Path, Glob], ...]
    configs: tuple[Config, ...]


class Configs:
    """The configurations of a run, each folder's looked up once. ``given`` holds for all models."""

    def __init__(self, given: Path | None) -> None:
        self._given = None if given is None else load_config(given)
        self._of: dict[Path, Config] = {}

    def of(self, folder: Path) -> Config:
        """The configuration that holds in a folder."""
        if self._given is not None:
            return self._given
        folder = Path(os.path.abspath(folder))
        if folder not in self._of:
            config = find_config(folder)
            known = next(
                (item for item in self._of.values() if item.files and item.files == config.files), None
            )
            self._of[folder] = known or config
        return self._of[folder]


def gather(paths: Sequence[Path], configs: Configs) -> Gathered:
    """The models that the paths mean; without paths those that the configuration's tables name.

    A folder means the models below it that are not excluded; a file that is named and excluded is told of.

    Raises:
        UsageError: a configuration is wrong, one of its globs names nothing, or no table names a model.
    """
    found: dict[Path, Target] = {}
    excluded: list[tuple[Path, Glob]] = []
    used: dict[int, Config] = {}
    for path, is_named in _meant(paths, configs):
        config = configs.of(path.parent)
        if id(config) not in used:
            used[id(config)] = config
            check_globs(config)
        by = excluded_by(config, path)
        if by is None:
            found.setdefault(Path(os.path.abspath(path)), Target(path=path, rules=rules_for(config, path)))
        elif is_named:
            excluded.append((path, by))
    return Gathered(targets=tuple(found.values()), excluded=tuple(excluded), configs=tuple(used.values()))


def _meant(paths: Sequence[Path], configs: Configs) -> Iterable[tuple[Path, bool]]:
    """Every file, and whether it was named itself."""
    if not paths:
        config = configs.of(Path.cwd())
        check_globs(config)
        named = [path for path in claimed_files(config) if path.suffix == SUFFIX]
        if not named:
            raise UsageError(
                "no model is named, and no table of a configuration names one",
                hint=f'give files or folders, or write [budget."models/*.onnx"] in {NAMES[0]}',
            )
        return [(Path(os.path.relpath(path)), False) for path in named]
    meant: list[tuple[Path, bool]] = []
    for path in paths:
        if path.is_dir():
            below = [file for file in files_below(path) if file.suffix == SUFFIX]
            if not below and len(paths) == 1:
                raise UsageError(f"there is no {SUFFIX} file below {path.as_posix()}", hint="check the path")
            meant += ((file, False) for file in below)
        else:
            meant.append((path, True))
    return meant
