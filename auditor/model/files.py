"""Opening a model file: a regular file of sane size, mapped, recognised by its first bytes."""

from __future__ import annotations

import errno
import hashlib
import mmap
import os
import stat
from pathlib import Path

from msgspec import Struct

from auditor.errors import BadModel, UsageError
from auditor.model import lfs
from auditor.model.limits import MAX_FILE_BYTES
from auditor.model.sniff import HEAD_BYTES, sniff
from auditor.model.wire import Buffer

_COPY_BELOW_BYTES = 1 << 22
"""Small files are read rather than mapped: faster to index, and safe when someone shortens them."""

_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class OpenedFile(Struct, frozen=True, kw_only=True):
    """The bytes of a model file. ``from_lfs`` says they come from the clone's Git-LFS store."""

    path: Path
    data: Buffer
    from_lfs: bool

    def sha256(self) -> str:
        """The SHA-256 of the bytes, in hex."""
        return hashlib.sha256(self.data).hexdigest()


def open_model(path: Path, max_bytes: int = MAX_FILE_BYTES) -> OpenedFile:
    """Opens ``path`` without ever blocking on it.

    Raises UsageError when there is no such file, LfsPointer for a pointer whose content is not in
    the clone, and BadModel for anything that is not a regular file, is too large, or is evidently
    another format. A symbolic link is followed when it ends at a regular file.
    """
    data = _read(path, max_bytes)
    head = data[:HEAD_BYTES]
    pointer = lfs.parse_pointer(head)
    if pointer is not None:
        stored = lfs.stored_object(pointer, path)
        if stored is None:
            raise lfs.refuse(pointer, path)
        opened = OpenedFile(path=path, data=_read(stored, max_bytes), from_lfs=True)
        if opened.sha256() != pointer.oid:
            raise BadModel("is a Git-LFS pointer, and its stored content is damaged", "run: git lfs fsck")
        head, data = opened.data[:HEAD_BYTES], opened.data
    if not head:
        raise BadModel("is empty", "export the model again")
    sniffed = sniff(head)
    if sniffed is not None:
        raise BadModel(f"is {sniffed.kind}, not an ONNX model", sniffed.hint)
    return OpenedFile(path=path, data=data, from_lfs=pointer is not None)


def _read(path: Path, max_bytes: int) -> Buffer:
    """The content of a regular file of at most ``max_bytes``; b'' when it is empty."""
    descriptor = _open(path)
    try:
        # The file may have been exchanged since it was looked at, so it is looked at again.
        status = os.fstat(descriptor)
        _require_regular(status.st_mode)
        size = status.st_size
        if size > max_bytes:
            raise BadModel(f"is too large: {size:,} bytes, the limit is {max_bytes:,}")
        if size == 0:
            return b""
        if size <= _COPY_BELOW_BYTES:
            with os.fdopen(os.dup(descriptor), "rb") as file:
                return file.read(size)
        try:
            return mmap.mmap(descriptor, size, access=mmap.ACCESS_READ)
        except OSError as error:
            raise MemoryError(f"there is no room for a file of {size:,} bytes") from error
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        _require_regular(os.stat(path).st_mode)
        return os.open(path, flags)
    except ValueError as error:  # a NUL in the name
        raise UsageError(f"is not a usable path: {error}") from error
    except OSError as error:
        if error.errno == errno.ENOENT:
            dangling = os.path.islink(path)
            reason = "is a symbolic link to nothing" if dangling else "does not exist"
            raise UsageError(reason, "check the path") from error
        raise UsageError(f"cannot be opened: {error.strerror or error}") from error


def _require_regular(mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = next((name for test, name in _KINDS if test(mode)), "no regular file")
        raise BadModel(f"is {kind}, not a file", "give a .onnx file")
