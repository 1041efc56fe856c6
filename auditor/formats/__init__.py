"""Output formats: one module each, named like its file, with ``render(view, medium) -> str``, or bytes.

A format is found by listing this folder; a new one is a new file. Rendering is pure: nothing here
prints, reads a clock or knows where its text goes. All names in a report are harmless already
(:func:`auditor.safe.safe`); a format escapes what is special to itself.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from importlib.util import find_spec
from typing import Protocol, cast

from msgspec import Struct

from auditor.errors import UsageError
from auditor.views.page import View


class Medium(Struct, frozen=True, kw_only=True):
    """What the reader's end can show. Formats for programs do not look at it."""

    columns: int = 80
    colour: bool = False
    unicode: bool = True


PLAIN = Medium()
"""A file or a pipe."""


class Format(Protocol):
    """What every module of this package offers."""

    def render(self, view: View, medium: Medium = PLAIN) -> str | bytes:
        """The whole report as text that ends in a newline, or as the bytes of a file that is no text."""
        ...


BINARY = ("png",)
"""The formats that are bytes: not for a terminal."""

PICTURES = ("png", "svg")
"""The formats that show the pictures of a report, and refuse one that has none."""

_LIBRARIES = {"png": ("resvg_py", "ttf_opensans")}
"""What a format needs beyond the package's own dependencies; the extra has the name of the format."""


def names() -> list[str]:
    """The formats there are, sorted; none is imported. A module ``_name`` is what some of them share."""
    return sorted(found.name for found in pkgutil.iter_modules(__path__) if not found.name.startswith("_"))


def reports() -> list[str]:
    """The formats that say a whole report, whichever it is, in text."""
    return [name for name in names() if name not in PICTURES]


_CI_COMMAND = re.compile(r"^(\s*):(?=:)|#(?=#\w*\[)", re.MULTILINE)


def without_ci_commands(text: str) -> str:
    """``text`` in which no line is a workflow command, whatever names it shows.

    GitHub takes a line that begins with ``::`` for one, Azure, TeamCity and older runners a ``##[`` or
    ``##name[`` anywhere; a blank between the two characters makes them text again.
    """
    return _CI_COMMAND.sub(lambda found: f"{found.group()} ", text)


def load(name: str) -> Format:
    """The format of this name.

    Raises:
        UsageError: there is none, or a library it needs is not installed.
    """
    if name not in names():
        raise UsageError.unknown(f"there is no format '{name}'", name, names())
    missing = [library for library in _LIBRARIES.get(name, ()) if find_spec(library) is None]
    if missing:
        raise UsageError(
            f"the format '{name}' needs {' and '.join(missing)}", hint=f"pip install 'auditor[{name}]'"
        )
    return cast(Format, importlib.import_module(f"{__name__}.{name}"))
