"""Git-LFS pointers: small text files that stand for a large one kept elsewhere.

Source: git-lfs ``docs/spec.md``.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from msgspec import Struct

from auditor.errors import LfsPointer
from auditor.safe import safe

MAX_POINTER_BYTES = 1024
_VERSIONS = (
    b"version https://git-lfs.github.com/spec/v1",
    b"version https://hawser.github.com/spec/v1",
    b"version http://git-media.io/v/2",
)
_OID = re.compile(rb"^oid sha256:([0-9a-f]{64})\r?$", re.MULTILINE)
_SIZE = re.compile(rb"^size (\d{1,19})\r?$", re.MULTILINE)
_MAX_GIT_FILE_BYTES = 4096


class Pointer(Struct, frozen=True, kw_only=True):
    """What a pointer stands for: the SHA-256 of the content and its size."""

    oid: str
    size_bytes: int


def parse_pointer(head: bytes) -> Pointer | None:
    """The pointer in ``head`` (the whole file); None when it is none."""
    if len(head) >= MAX_POINTER_BYTES or not head.startswith(_VERSIONS):
        return None
    oid, size = _OID.search(head), _SIZE.search(head)
    if oid is None or size is None:
        return None
    return Pointer(oid=oid[1].decode(), size_bytes=int(size[1]))


def stored_object(pointer: Pointer, path: Path) -> Path | None:
    """Where this clone keeps the content, if it has it: ``.git/lfs/objects/aa/bb/<oid>``."""
    directory = _git_directory(path)
    if directory is None:
        return None
    candidate = directory / "lfs" / "objects" / pointer.oid[:2] / pointer.oid[2:4] / pointer.oid
    try:
        status = os.lstat(candidate)
    except OSError:
        return None
    return candidate if stat.S_ISREG(status.st_mode) and status.st_size == pointer.size_bytes else None


def refuse(pointer: Pointer, path: Path, what: str = "") -> LfsPointer:
    """The error that names the content and the command that fetches it.

    ``what`` says which file is the pointer, where it is not the model itself.
    """
    root = _work_tree(path)
    absolute = Path(os.path.abspath(path))
    name = absolute.relative_to(root).as_posix() if root is not None else path.name
    return LfsPointer(
        f"{what and what + ' '}is a Git-LFS pointer; "
        f"its content ({pointer.size_bytes:,} bytes, sha256 {pointer.oid}) is not here",
        f'run: git lfs pull --include="{safe(name)}"',
        oid=pointer.oid,
        size_bytes=pointer.size_bytes,
    )


def _work_tree(path: Path) -> Path | None:
    start = Path(os.path.abspath(path)).parent
    return next((folder for folder in (start, *start.parents) if (folder / ".git").exists()), None)


def _git_directory(path: Path) -> Path | None:
    """The common git directory: ``.git`` itself, or what the ``.git`` file of a worktree leads to."""
    root = _work_tree(path)
    if root is None:
        return None
    git = root / ".git"
    if git.is_dir():
        return git
    named = _line(git, "gitdir: ")
    if named is None:
        return None
    git = root / named
    common = _line(git / "commondir", "")
    return git if common is None else git / common


def _line(path: Path, prefix: str) -> str | None:
    """The rest of the one line of a small file of git's, if it starts with ``prefix``."""
    try:
        if not path.is_file() or path.stat().st_size > _MAX_GIT_FILE_BYTES:
            return None
        text = path.read_text("utf-8", "surrogateescape").strip()
    except OSError:
        return None
    return text.removeprefix(prefix) if text.startswith(prefix) else None
