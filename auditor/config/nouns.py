"""The nouns of the configuration: every value with the place it was set in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from msgspec import Struct

from auditor.safe import safe


class Origin(Struct, frozen=True, kw_only=True):
    """Where a value was set: a line of a file, or what ``words`` say (``default``, ``command line``)."""

    file: Path | None = None
    line: int = 0
    words: str = ""

    def __str__(self) -> str:
        if self.file is None:
            return self.words
        return f"{shown(self.file)}:{self.line}"


DEFAULT = Origin(words="default")
COMMAND_LINE = Origin(words="command line")


class Setting(Struct, frozen=True, kw_only=True):
    """A checked value and its origin. ``base`` is the directory that its relative paths start from."""

    value: Any
    origin: Origin
    base: Path | None = None


class Table(Struct, frozen=True, kw_only=True):
    """``[models."GLOB"]`` or ``[budget."GLOB"]``: what is said of the models a glob names below ``base``.

    ``message`` is what a budget table has to say to whoever exceeds it.
    """

    glob: str
    base: Path
    origin: Origin
    settings: Mapping[str, Setting]
    message: str = ""


class Glob(Struct, frozen=True, kw_only=True):
    """A pattern of paths below ``base``."""

    glob: str
    base: Path
    origin: Origin


class Suppression(Struct, frozen=True, kw_only=True):
    """``[[ignore]]``: findings nobody shall be bothered with, for a reason, until a day.

    Without ``models`` it is about all of them, without ``nodes`` (regular expressions of whole names) about
    all nodes. ``expires`` is the last day it holds; None is for ever.
    """

    rules: tuple[str, ...]
    models: tuple[Glob, ...]
    nodes: tuple[str, ...]
    reason: str
    expires: date | None
    origin: Origin


class Config(Struct, frozen=True, kw_only=True):
    """What one configuration file says, with what it extends.

    ``root`` is the directory of the file. ``files`` are all that were read, ``skipped`` those that say
    nothing of us.
    """

    root: Path
    files: tuple[Path, ...] = ()
    skipped: tuple[Path, ...] = ()
    settings: Mapping[str, Setting]
    models: tuple[Table, ...] = ()
    budgets: tuple[Table, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    exclude: tuple[Glob, ...] = ()


class Budget(Struct, frozen=True, kw_only=True):
    """One limit. ``amount`` is what it limits (``rows``), ``name`` how the file spells it (``max_rows``).

    ``profile`` is the machine or chain the amount is asked of, '' for the model's own. ``limit`` is in the
    unit of the amount; of an ``increase`` over a baseline it is a share where ``relative``.
    """

    name: str
    amount: str
    limit: float
    profile: str = ""
    increase: bool = False
    relative: bool = False
    message: str = ""
    origin: Origin


def shown(path: Path) -> str:
    """A path as reports show it: relative to where the command runs, posix and harmless."""
    return safe(Path(os.path.relpath(path)).as_posix(), limit=400)
