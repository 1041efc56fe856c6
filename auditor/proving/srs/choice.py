"""What the user said about the SRS: the words of ``--srs`` and ``--srs-sha256``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from msgspec import Struct

from auditor.errors import UsageError
from auditor.safe import safe

_WORDS = "the words are 'public' and 'unsafe-local', anything else is the path of a file"


class SrsChoice(Struct, frozen=True, kw_only=True):
    """Where the SRS is to come from. A "file" has its absolute ``path``, and ``sha256`` if pinned."""

    kind: Literal["public", "file", "unsafe-local"]
    path: Path | None = None
    sha256: str | None = None


def parse_srs(text: str, sha256: str | None = None) -> SrsChoice:
    """The choice in ``--srs TEXT`` and ``--srs-sha256 SHA256`` (64 hexadecimal digits of any case).

    Raises:
        UsageError: there is no such file, or the hash is none, or goes with no file.
    """
    if sha256 is not None and not re.fullmatch("[0-9a-fA-F]{64}", sha256):
        raise UsageError(f"--srs-sha256 {safe(sha256)} is no SHA-256", "it has 64 hexadecimal digits")
    if text in ("public", "unsafe-local"):
        if sha256 is not None:
            raise UsageError(
                f"--srs-sha256 pins a file, and --srs {text} is none", "leave it out, or give a path"
            )
        return SrsChoice(kind="public" if text == "public" else "unsafe-local")
    try:
        # A link of the user's own may be followed: here, once.
        path = Path(text).resolve(strict=True) if text else None
    except (
        OSError,
        RuntimeError,
        ValueError,
    ):  # RuntimeError: links in a circle; ValueError: a NUL in the name
        path = None
    if path is None:
        raise UsageError(f"--srs: there is no file '{safe(text)}'", _WORDS)
    return SrsChoice(kind="file", path=path, sha256=sha256 and sha256.lower())
