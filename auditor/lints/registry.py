"""How lints are found: every module of ``rules/FOLDER/``, by its name. A new file is a new lint.

A module is called as its id is, and then something to remember it by: ``sec_004_hard_links`` is AUD-SEC-004.
"""

from __future__ import annotations

import importlib
import inspect
import os
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from auditor.findings import Finding
from auditor.lints.about import About

if TYPE_CHECKING:
    from auditor.lints.subject import Subject

Check = Callable[["Subject"], Iterator[Finding]]

FOLDERS = ("reader", "static", "values", "circuit", "gate")

SECTIONS = ("Finds", "Why", "Do")
"""What a page says after its summary, each in a paragraph that starts with the word and a colon."""

_MODULE = re.compile(r"([a-z]+)_(\d{3})_\w+\.pyc?")


class Lint(Struct, frozen=True, kw_only=True):
    """One lint. ``folder`` says when it is checked; ``check`` is None where other code does.

    ``summary`` is the first line of its docstring, ``sections`` the texts of ``SECTIONS``.
    """

    about: About
    folder: str
    summary: str
    sections: tuple[tuple[str, str], ...]
    check: Check | None

    @property
    def id(self) -> str:
        """The stable id, as in ``AUD-SEC-004``."""
        return self.about.id


def ids() -> dict[str, str]:
    """The id of every lint, in order, and the module that holds it; nothing is imported."""
    found = {}
    for folder in FOLDERS:
        for file in os.listdir(Path(__file__).parent / "rules" / folder):
            if name := _MODULE.fullmatch(file):
                module = f"auditor.lints.rules.{folder}.{file.partition('.')[0]}"
                found[f"AUD-{name[1].upper()}-{name[2]}"] = module
    return dict(sorted(found.items()))


@cache
def load(module: str) -> Lint:
    """The lint of one module.

    Raises:
        ValueError: its docstring lacks a section.
    """
    loaded = importlib.import_module(module)
    summary, *paragraphs = inspect.cleandoc(loaded.__doc__ or "").split("\n\n")
    sections = tuple(_section(paragraph) for paragraph in paragraphs)
    if tuple(name for name, _ in sections) != SECTIONS:
        raise ValueError(f"{module}: the docstring says {', '.join(SECTIONS)}, in this order")
    return Lint(
        about=loaded.ABOUT,
        folder=module.split(".")[-2],
        summary=" ".join(summary.split()),
        sections=sections,
        check=getattr(loaded, "check", None),
    )


def lints_of(folder: str) -> tuple[Lint, ...]:
    """The lints of one folder, by id."""
    return tuple(load(module) for module in ids().values() if module.split(".")[-2] == folder)


def all_lints() -> tuple[Lint, ...]:
    """Every lint, by id."""
    return tuple(load(module) for module in ids().values())


def find(word: str) -> Lint | None:
    """The lint with this id, whatever its case and dashes, with or without the leading AUD."""
    wanted = _plain(word)
    for id_, module in ids().items():
        if wanted and wanted in (_plain(id_), _plain(id_.removeprefix("AUD-"))):
            return load(module)
    return None


def _section(paragraph: str) -> tuple[str, str]:
    name, _, text = paragraph.partition(":")
    return name, " ".join(text.split())


def _plain(word: str) -> str:
    return "".join(letter for letter in word.lower() if letter.isalnum())
