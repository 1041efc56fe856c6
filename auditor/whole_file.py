"""A file that is there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from auditor.errors import UsageError


def write_whole(path: Path, content: str | bytes) -> None:
    """Writes a whole file or none of it; text in UTF-8.

    Raises:
        UsageError: the file cannot be written there.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
