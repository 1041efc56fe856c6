"""Where a report goes: to stdout and to files, each whole or not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from auditor.whole_file import write_whole

if TYPE_CHECKING:
    from auditor.formats import Format, Medium
    from auditor.views.page import View

Target = tuple["Format", Path | None]


def targets(format_: str, outputs: Sequence[str]) -> list[Target]:
    """Where the report goes and how it looks there, checked before any work is done; None is stdout.

    Raises:
        UsageError: a format is not known or cannot be used here, or it is bytes and stdout a terminal.
    """
    from auditor import formats
    from auditor.errors import UsageError
    from auditor.options import split_assignment

    if format_ in formats.BINARY and sys.stdout.isatty():
        raise UsageError(
            f"the format '{format_}' is not for a terminal", hint=f"use --output {format_}=FILE, or redirect"
        )

    files = [split_assignment("--output", output) for output in outputs]
    return [(formats.load(name), Path(path)) for name, path in files] + [(formats.load(format_), None)]


def deliver(view: View, where: Sequence[Target]) -> None:
    """Writes the report to every file asked for, then to stdout."""
    for form, path in where:
        if path is None:
            write(form.render(view, _medium(sys.stdout)))
        else:
            write_whole(path, form.render(view))


def write(content: str | bytes) -> None:
    """Writes to stdout. A reader that has gone (``| head``) is no error: the answer stands without it."""
    try:
        if isinstance(content, str):
            sys.stdout.write(content)
        else:
            sys.stdout.buffer.write(content)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def complain(message: str) -> None:
    """One line on stderr."""
    from auditor.safe import safe

    print(f"auditor: {safe(message, limit=1000)}", file=sys.stderr)


def _medium(stream: TextIO) -> Medium:
    import shutil

    from auditor.formats import Medium

    unicode = (stream.encoding or "ascii").lower().replace("-", "") in ("utf8", "utf16", "utf32")
    if not stream.isatty():
        return Medium(unicode=unicode)
    columns = min(max(shutil.get_terminal_size().columns, 60), 120)
    return Medium(columns=columns, colour=not os.environ.get("NO_COLOR"), unicode=unicode)
