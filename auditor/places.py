"""Where this program keeps what outlives a run, and what is a place at all."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from auditor.errors import UsageError

OWN_CACHE = "set AUDITOR_CACHE to a directory of your own"
"""What to do when the cache cannot be where it is."""


def cache_directory(override: Path | None = None) -> Path:
    """The absolute root of the cache, which need not exist.

    The first of ``override``, ``$AUDITOR_CACHE``, ``$XDG_CACHE_HOME/auditor`` and the system's own place.

    Raises:
        UsageError: none of them is given and there is no home directory.
    """
    given = override or os.environ.get("AUDITOR_CACHE")
    if given:
        return Path(given).absolute()
    return _place("XDG_CACHE_HOME", "Library/Caches", ".cache", "the cache", OWN_CACHE)


def is_path(word: str) -> bool:
    """Whether what is named on the command line or in a configuration is somebody's file of rules, and not
    one that comes with the program."""
    return word.endswith(".toml") or "/" in word


def calibration_path() -> Path:
    """Where the profile of this machine is kept: in ``$XDG_CONFIG_HOME``, or the system's own place.

    Raises:
        UsageError: there is no home directory.
    """
    root = _place(
        "XDG_CONFIG_HOME", "Library/Application Support", ".config", "the profile", "set XDG_CONFIG_HOME"
    )
    return root / "hardware" / "this-machine.toml"


def _place(variable: str, on_macos: str, elsewhere: str, what: str, hint: str) -> Path:
    xdg = Path(os.environ.get(variable, ""))
    if xdg.is_absolute():  # the specification has relative ones ignored
        return xdg / "auditor"
    try:
        home = Path.home()
    except RuntimeError as error:
        raise UsageError(f"there is no home directory to keep {what} in", hint=hint) from error
    return home / (on_macos if sys.platform == "darwin" else elsewhere) / "auditor"
