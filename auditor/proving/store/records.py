"""What the store writes about its files, and reads back only if it is exactly what was written."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from io import FileIO
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from msgspec import Struct

from auditor.errors import InternalFailure

JSON: TypeAlias = "bool | int | float | str | Sequence[JSON] | Mapping[str, JSON] | None"

FORMAT = 1
"""Part of every digest, so that entries of another format are never found."""

MAX_RECORD_BYTES = 1 << 20

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_GONE_BAD = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO, errno.EIO, errno.EISDIR})


class Damaged(Exception):
    """Something stored is not what was stored. The text is one printable line."""


class FileRecord(Struct, frozen=True, kw_only=True):
    """A stored file: its SHA-256 in lower-case hex, and its size."""

    sha256: str
    bytes: int


class Record(Struct, frozen=True, kw_only=True):
    """An entry: what it is, the files it has and what is to be remembered about them."""

    kind: str
    key: Mapping[str, object]
    files: Mapping[str, FileRecord]
    about: Mapping[str, JSON]


def digest_of(kind: str, key: Mapping[str, object]) -> str:
    """The address of an entry: SHA-256, in hex, of the canonical JSON of what it is made from."""
    return hashlib.sha256(_canonical({"format": FORMAT, "kind": kind, "key": dict(key)})).hexdigest()


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


# --- records -------------------------------------------------------------------------------


def write_record(path: Path, record: Record) -> None:
    """Raises InternalFailure if it is larger than :func:`read_record` would read."""
    files = {name: [file.sha256, file.bytes] for name, file in record.files.items()}
    body = {"kind": record.kind, "key": dict(record.key), "files": files, "about": dict(record.about)}
    write_sealed(path, body)


def read_record(path: Path) -> Record:
    """Raises :class:`Damaged` if it is not a record as :func:`write_record` writes it."""
    match read_sealed(path):
        case {"kind": str(kind), "key": dict(key), "files": dict(files), "about": dict(about)}:
            records = {name: _file_record(name, value) for name, value in files.items()}
            return Record(kind=kind, key=key, files=records, about=about)
    raise Damaged("its record lacks a field")


def _file_record(name: str, value: object) -> FileRecord:
    match value:
        case [str(sha256), int(size)] if (
            _FILE_NAME.fullmatch(name) and _SHA256.fullmatch(sha256) and size >= 0
        ):
            return FileRecord(sha256=sha256, bytes=size)
    raise Damaged("its record describes no file")


def write_sealed(path: Path, body: object) -> None:
    """Writes JSON with its own SHA-256, through to the disk."""
    text = _canonical({"body": body, "seal": hashlib.sha256(_canonical(body)).hexdigest()})
    if len(text) > MAX_RECORD_BYTES:
        raise InternalFailure(f"a record of {len(text):,} bytes is more than the cache keeps")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(path, flags, 0o600), "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def read_sealed(path: Path) -> Any:
    """What :func:`write_sealed` wrote. Raises :class:`Damaged` if it is anything else."""
    with _damage("its record"), _open(path) as file:
        text = file.read(MAX_RECORD_BYTES + 1)
    if len(text) > MAX_RECORD_BYTES:
        raise Damaged("its record is too large")
    try:
        document = json.loads(text.decode("ascii"), parse_constant=_no_number)
        if document["seal"] != hashlib.sha256(_canonical(document["body"])).hexdigest():
            raise Damaged("its record is not what was written")
        return document["body"]
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise Damaged("its record is not what was written") from error


def _no_number(word: str) -> NoReturn:
    raise ValueError(word)


# --- files ---------------------------------------------------------------------------------


def take_stock(directory: Path) -> dict[str, FileRecord]:
    """The files of a directory by name, each made private and written through to the disk.

    Raises:
        InternalFailure: there is something other than regular files of plain names.
    """
    found = {}
    for name in sorted(os.listdir(directory)):
        if not _FILE_NAME.fullmatch(name):
            raise InternalFailure("a step made a file of a name that the cache does not keep")
        try:
            with _damage(name), _open(directory / name) as file:
                os.fchmod(file.fileno(), 0o600)
                os.fsync(file.fileno())
                found[name] = _file_of(file)
        except Damaged as error:
            raise InternalFailure(f"a step left a file that the cache cannot keep: {error}") from error
    return found


def check_files(directory: Path, files: Mapping[str, FileRecord]) -> None:
    """Raises :class:`Damaged` unless each file is there with its size and SHA-256. Others do not matter."""
    for name, expected in files.items():
        with _damage(name), _open(directory / name) as file:
            if os.fstat(file.fileno()).st_size != expected.bytes or _file_of(file) != expected:
                raise Damaged(f"{name} is not what was written")


def _file_of(file: FileIO) -> FileRecord:
    sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return FileRecord(sha256=sha256, bytes=file.tell())


@contextlib.contextmanager
def _open(path: Path) -> Iterator[FileIO]:
    """A regular file, unbuffered; a link is not followed, and a FIFO not waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Damaged(f"{path.name} is not a regular file")
        yield file


@contextlib.contextmanager
def _damage(what: str) -> Iterator[None]:
    """What a disk says of a file that is gone or unreadable. Other errors are not the file's fault."""
    try:
        yield
    except OSError as error:
        if error.errno not in _GONE_BAD:
            raise
        raise Damaged(f"{what} cannot be read: {error.strerror}") from error
