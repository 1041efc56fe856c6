"""A file that is there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from auditor.errors import UsageError


def write_whole(path: Path, text: str) -> None:
    """Writes a whole file or none of it.

    Raises:
        UsageError: the file cannot be written there.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
