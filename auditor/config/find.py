"""Where the configuration of a file is: in the nearest folder above it that has one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

NAMES = ("auditor.toml", ".auditor.toml", "pyproject.toml")
"""In the order in which they are taken within one folder."""


def candidates(start: Path) -> Iterator[Path]:
    """The files that may be the configuration for a folder, nearest first, up to the repository's root."""
    folder = Path(os.path.abspath(start))
    for above in (folder, *folder.parents):
        yield from (above / name for name in NAMES)
        if (above / ".git").exists():
            return
