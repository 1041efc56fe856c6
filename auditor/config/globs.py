"""Globs: ``*`` and ``?`` within a name, ``[abc]``, ``**`` over folders; without a slash, in any folder."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from auditor.config.nouns import Glob

SKIPPED_FOLDERS = ("node_modules", "__pycache__")
"""Folders that are never looked through, beside hidden ones and virtual environments."""


@cache
def pattern(glob: str, *, below: bool = False) -> re.Pattern[str]:
    """What matches the posix paths, relative to its base, that a glob names; and what lies ``below`` them.

    >>> [bool(pattern(glob).fullmatch("models/a.onnx")) for glob in ("models/*.onnx", "*.onnx")]
    [True, True]
    """
    glob = glob.removeprefix("./")
    if glob.endswith("/"):
        glob, below = glob.rstrip("/"), True
    prefix = "" if "/" in glob else "(?:[^/]+/)*"
    return re.compile(prefix + _translated(glob) + ("(?:/.*)?" if below else ""), re.DOTALL)


def _translated(glob: str) -> str:
    parts, at = [], 0
    while at < len(glob):
        if glob.startswith("**/", at):
            parts.append("(?:[^/]+/)*")
            at += 3
        elif glob.startswith("**", at):
            parts.append(".*")
            at += 2
        elif glob[at] == "[" and (end := glob.find("]", at + 2)) > 0:
            inside = glob[at + 1 : end].replace("\\", "\\\\").replace("[", "\\[")
            parts.append(f"(?!/)[{'^' + inside[1:] if inside[0] == '!' else inside}]")
            at = end + 1
        else:
            parts.append({"*": "[^/]*", "?": "[^/]"}.get(glob[at], re.escape(glob[at])))
            at += 1
    return "".join(parts)


def covers(glob: Glob, path: Path, *, below: bool = False) -> bool:
    """Whether a glob names a file, which need not exist; or, with ``below``, a folder it lies in."""
    relative = os.path.relpath(path, glob.base)
    if relative.startswith(".."):
        return False
    return pattern(glob.glob, below=below).fullmatch(relative.replace(os.sep, "/")) is not None


def files_below(folder: Path) -> Iterator[Path]:
    """Every file below a folder, sorted; not in hidden folders, virtual environments or links to folders."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    if any(entry.name == "pyvenv.cfg" for entry in entries):
        return
    for entry in entries:
        if not entry.is_dir(follow_symlinks=False):
            yield Path(entry.path)
        elif not entry.name.startswith(".") and entry.name not in SKIPPED_FOLDERS:
            yield from files_below(Path(entry.path))


def matches(glob: Glob) -> Iterator[Path]:
    """The files that a glob names."""
    fixed = re.match(r"(?:[^*?\[/]+/)*", glob.glob.removeprefix("./"))
    start = glob.base / fixed.group() if fixed else glob.base
    return (path for path in files_below(start) if covers(glob, path))
