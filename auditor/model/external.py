"""External tensor data: found only under the model's directory, mapped, never copied.

Source of the checks: onnx ``docs/ExternalDataSecurity.md`` (containment, links, key list, ranges).
"""

from __future__ import annotations

import mmap
import os
import re
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from auditor.errors import BadModel
from auditor.findings import Finding
from auditor.model.lfs import MAX_POINTER_BYTES, parse_pointer, refuse
from auditor.model.wire import Buffer
from auditor.safe import safe

_KNOWN_KEYS = frozenset({"location", "offset", "length", "checksum", "basepath"})
_ORT_KEY_PREFIX = "prepacked_"  # written by ONNX Runtime when it saves pre-packed weights
_DRIVE = re.compile(r"^[A-Za-z]:")
_MAX_DIGITS = 19  # of 2^63 - 1
_SLACK_BYTES = 1 << 16


class ExternalRange(Struct, frozen=True, kw_only=True):
    """Where one tensor's bytes stand. ``data`` is None when the file is missing."""

    location: str
    start: int
    end: int
    data: Buffer | None


class _ExternalFile(Struct):
    data: Buffer
    bytes: int
    ranges: list[tuple[int, int]]


class ExternalStore:
    """The external files of one model, each opened once."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._files: dict[str, _ExternalFile | None] = {}
        self._without_checksum: set[str] = set()
        self._hard_linked: set[str] = set()

    def locate(self, entries: Sequence[Mapping[str, str]], expected_bytes: int, tensor: str) -> ExternalRange:
        """The bytes that a tensor's ``external_data`` names.

        Raises BadModel when the location leaves the directory, a key is unknown, or the range does
        not lie in the file or is not exactly ``expected_bytes`` long.
        """
        fields = _fields(entries, tensor)
        location = fields["location"]
        offset = _number(fields, "offset", tensor) or 0
        length = _number(fields, "length", tensor)
        if "checksum" not in fields:
            self._without_checksum.add(location)
        file = self._open(location, tensor)
        if file is None:
            if length is not None and length != expected_bytes:
                raise _size_mismatch(tensor, length, expected_bytes)
            return ExternalRange(location=location, start=offset, end=offset + expected_bytes, data=None)
        found = length if length is not None else max(0, file.bytes - offset)
        if offset + found > file.bytes:
            raise BadModel(
                f"tensor '{safe(tensor)}' wants bytes {offset:,} to {offset + found:,} of external file "
                f"'{safe(location)}', which has {file.bytes:,}",
                rule="AUD-SEC-006",
            )
        if found != expected_bytes:
            raise _size_mismatch(tensor, found, expected_bytes)
        file.ranges.append((offset, offset + found))
        return ExternalRange(location=location, start=offset, end=offset + found, data=file.data)

    @property
    def missing(self) -> tuple[str, ...]:
        """Locations that tensors name and that do not exist, sorted."""
        return tuple(sorted(location for location, file in self._files.items() if file is None))

    @property
    def present(self) -> tuple[str, ...]:
        """Locations that were opened, sorted."""
        return tuple(sorted(location for location, file in self._files.items() if file is not None))

    def findings(self) -> list[Finding]:
        """What is worth knowing about the files as wholes."""
        found = [
            Finding(
                rule="AUD-SEC-004",
                severity="medium",
                message=f"external file '{safe(location)}' has other hard links, which may change it",
            )
            for location in sorted(self._hard_linked)
        ]
        for location in self.present:
            file = self._files[location]
            if file is not None and (reason := _layout_fault(file)):
                message = f"external file '{safe(location)}' {reason}"
                found.append(Finding(rule="AUD-SEC-007", severity="low", message=message))
        for location in sorted(self._without_checksum):
            message = (
                f"external file '{safe(location)}' has no checksum: its content can be swapped unnoticed"
            )
            found.append(Finding(rule="AUD-SEC-008", severity="info", message=message))
        return found

    def _open(self, location: str, tensor: str) -> _ExternalFile | None:
        if location not in self._files:
            self._files[location] = self._map(location, tensor)
        return self._files[location]

    def _map(self, location: str, tensor: str) -> _ExternalFile | None:
        path = _contained(self._directory, location, tensor)
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        try:
            descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
        except FileNotFoundError:
            return None
        except OSError as error:
            reason = error.strerror or "unknown reason"
            raise BadModel(f"external file '{safe(location)}' cannot be opened: {reason}") from error
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise BadModel(f"external file '{safe(location)}' is not a regular file", rule="AUD-SEC-003")
            if status.st_nlink > 1:
                self._hard_linked.add(location)
            size = status.st_size
            data: Buffer = mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) if size else b""
        finally:
            os.close(descriptor)
        # It is text, which would else be read as the values of a small enough tensor.
        if size < MAX_POINTER_BYTES and (pointer := parse_pointer(bytes(data))) is not None:
            raise refuse(pointer, path, f"external file '{safe(location)}'")
        return _ExternalFile(data, size, [])


def _fields(entries: Sequence[Mapping[str, str]], tensor: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for entry in entries:
        key = entry.get("key", "")
        if key not in _KNOWN_KEYS and not key.startswith(_ORT_KEY_PREFIX):
            raise BadModel(
                f"tensor '{safe(tensor)}' has the unknown external_data key '{safe(key)}'", rule="AUD-SEC-005"
            )
        fields[key] = entry.get("value", "")
    if not fields.get("location"):
        raise BadModel(f"tensor '{safe(tensor)}' is external but names no location", rule="AUD-SEC-005")
    return fields


def _number(fields: Mapping[str, str], key: str, tensor: str) -> int | None:
    text = fields.get(key)
    if text is None:
        return None
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _MAX_DIGITS):
        raise BadModel(
            f"tensor '{safe(tensor)}' has external_data {key} '{safe(text)}', not a size in bytes",
            rule="AUD-SEC-006",
        )
    return int(digits)


def _contained(directory: Path, location: str, tensor: str) -> Path:
    """The path of ``location`` under ``directory``, with no way out of it and no link on the way."""
    where = f"external data of tensor '{safe(tensor)}' at '{safe(location)}'"
    if location.startswith(("/", "\\")) or _DRIVE.match(location):
        raise BadModel(f"{where}: an absolute path", rule="AUD-SEC-002")
    if "\0" in location:
        raise BadModel(f"{where}: a path with a NUL character", rule="AUD-SEC-001")
    parts = [part for part in re.split(r"[/\\]", location) if part not in ("", ".")]
    if ".." in parts or not parts:
        raise BadModel(f"{where}: outside the model's directory", rule="AUD-SEC-001")
    path = directory
    for part in parts:
        path = path / part
        try:
            status = os.lstat(path)
        except OSError:
            return path  # missing or unreadable: opening it will say so
        if stat.S_ISLNK(status.st_mode):
            raise BadModel(f"{where}: a symbolic link", rule="AUD-SEC-003")
    return path


def _layout_fault(file: _ExternalFile) -> str | None:
    position = 0
    for start, end in sorted(file.ranges):
        if start < position:
            return "has tensors whose bytes overlap"
        position = end
    if file.bytes - position > _SLACK_BYTES:
        return f"has {file.bytes - position:,} bytes after the last tensor"
    return None


def _size_mismatch(tensor: str, found_bytes: int, expected_bytes: int) -> BadModel:
    return BadModel(
        f"tensor '{safe(tensor)}' has {found_bytes:,} bytes of external data, "
        f"its shape needs {expected_bytes:,}",
        rule="AUD-SEC-009",
    )
