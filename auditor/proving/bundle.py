"""Proof bundles on disk: a directory with a manifest and four files, written whole and read once."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from auditor.errors import InternalFailure, UsageError
from auditor.proving import strict_json
from auditor.proving.manifest import (
    FILES,
    MANIFEST,
    MAX_MANIFEST_BYTES,
    PROOF,
    SCHEMA,
    SETTINGS,
    VERIFIER_SRS,
    VERIFYING_KEY,
    Manifest,
    encode,
)
from auditor.safe import safe

_ELSEWHERE = "give another --bundle"

MAX_BYTES = {
    MANIFEST: MAX_MANIFEST_BYTES,
    SETTINGS: 64 << 20,
    VERIFYING_KEY: 512 << 20,
    PROOF: 64 << 20,
    VERIFIER_SRS: 516,
}
"""The most a file of a bundle may take, as it is held in memory. The largest keys we know take a tenth."""


class BadBundle(Exception):
    """The directory is no bundle; the message says which file of it is wrong and how."""


class Bundle(Struct, frozen=True, kw_only=True):
    """The content of a bundle: every file was read once, so nothing changes under who looks at it."""

    manifest: bytes
    files: Mapping[str, bytes]


def canonical_proof(data: bytes) -> bytes:
    """EZKL's proof.json in one spelling, without the time it was made; EZKL accepts it as well.

    Raises :class:`auditor.proving.strict_json.Malformed` when it is not a JSON object.
    """
    proof = strict_json.parse(data)
    if not isinstance(proof, dict):
        raise strict_json.Malformed("not an object")
    return strict_json.dump_compact(proof | {"timestamp": None})


# --- reading -------------------------------------------------------------------------------


def read_bundle(directory: Path) -> Bundle:
    """Reads a bundle: regular files of these very names and of sane size. Links are not followed.

    Raises:
        BadBundle: something is missing, too many, too large, or no regular file.
        UsageError: there is no such directory, or it may not be read.
    """
    try:
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except ValueError as error:  # a NUL in the name
        raise UsageError(f"{safe(str(directory))}: is not a usable path") from error
    except OSError as error:
        reason = "is not a directory" if error.errno == errno.ENOTDIR else _why(error)
        raise UsageError(f"{safe(str(directory))}: {reason}", "give the directory of a bundle") from error
    try:
        _require_names(handle)
        contents = {name: _read(handle, name) for name in (MANIFEST, *FILES)}
    finally:
        os.close(handle)
    return Bundle(manifest=contents.pop(MANIFEST), files=contents)


def _require_names(handle: int) -> None:
    expected = {MANIFEST, *FILES}
    found = set()
    with os.scandir(handle) as entries:
        for entry in entries:
            if entry.name not in expected:
                raise BadBundle(f"holds {safe(entry.name)}, which is no file of a bundle")
            found.add(entry.name)
    for name in sorted(expected - found):
        raise BadBundle(f"lacks {name}")


def _read(handle: int, name: str) -> bytes:
    limit = MAX_BYTES[name]
    try:
        # Opening a named pipe would wait for its writer, if it did not say so.
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=handle)
    except OSError as error:
        reason = "is a symbolic link" if error.errno == errno.ELOOP else _why(error)
        raise BadBundle(f"{name} {reason}") from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise BadBundle(f"{name} is not a regular file")
        if status.st_size > limit:
            raise BadBundle(f"{name} takes {status.st_size:,} bytes, and the limit is {limit:,}")
        data = _read_all(descriptor, status.st_size)
    except OSError as error:
        raise BadBundle(f"{name} {_why(error)}") from error
    finally:
        os.close(descriptor)
    if len(data) != status.st_size:
        raise BadBundle(f"{name} changed while it was read")
    return data


def _read_all(descriptor: int, size_bytes: int) -> bytes:
    """``size_bytes`` of a file, fewer where it ends before, and one more where it does not end there."""
    chunks, left = [], size_bytes + 1
    while left and (chunk := os.read(descriptor, min(left, 1 << 24))):
        chunks.append(chunk)
        left -= len(chunk)
    return b"".join(chunks)


def _why(error: OSError) -> str:
    return f"cannot be read: {error.strerror or type(error).__name__}"


# --- writing -------------------------------------------------------------------------------


def write_bundle(directory: Path, manifest: Manifest, files: Mapping[str, Path | bytes]) -> Manifest:
    """Writes a bundle of ``files`` (content, or where it lies), and returns its manifest with their hashes.

    The bundle appears at ``directory`` at once and whole. A bundle that is there already is exchanged with
    it; whatever else is there stays, and is an error.

    Raises:
        UsageError: the place is taken by something else, or cannot be written to.
        InternalFailure: the disk is full, or the system failed.
        BadManifest: the manifest holds a value that is out of place.
    """
    directory = Path(os.path.abspath(directory))
    require_free(directory)
    contents = {
        name: source if isinstance(source, bytes) else source.read_bytes() for name, source in files.items()
    }
    manifest = manifest.with_files(contents)
    contents[MANIFEST] = encode(manifest)
    for name, data in contents.items():
        if len(data) > MAX_BYTES[name]:
            raise InternalFailure(f"{name} takes {len(data):,} bytes, and a bundle holds {MAX_BYTES[name]:,}")
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        _remove_remains(directory)
        partial = Path(tempfile.mkdtemp(prefix=f"{_prefix(directory)}{os.getpid()}-", dir=directory.parent))
        try:
            _fill(partial, contents)
            _put_in_place(partial, directory)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise _cannot_write(directory, error) from error
    return manifest


def require_free(directory: Path) -> None:
    """Raises :class:`UsageError` when a bundle cannot be put at ``directory``: something else stands there,
    or nothing may be written beside it.

    To be asked before a proof is made, and again when it is written.
    """
    parent = next(place for place in Path(os.path.abspath(directory)).parents if place.exists())
    if not os.access(parent, os.W_OK | os.X_OK) or not parent.is_dir():
        raise UsageError(
            f"{safe(str(directory))} cannot be written: {safe(str(parent))} is closed to writing", _ELSEWHERE
        )
    try:
        status = os.lstat(directory)
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise UsageError(f"{safe(str(directory))}: is not a usable path", _ELSEWHERE) from error
    if not stat.S_ISDIR(status.st_mode) or not _is_bundle(directory):
        raise UsageError(
            f"{safe(str(directory))} is there already, and is not a bundle",
            "remove it, or give another place",
        )


def _is_bundle(directory: Path) -> bool:
    """Whether it holds the files of a bundle and nothing else, with a manifest of our schema."""
    try:
        if set(os.listdir(directory)) != {MANIFEST, *FILES}:
            return False
        with (directory / MANIFEST).open("rb") as file:
            document = strict_json.parse(file.read(MAX_MANIFEST_BYTES))
    except (OSError, strict_json.Malformed):
        return False
    return isinstance(document, dict) and document.get("schema") == SCHEMA


def _fill(partial: Path, contents: Mapping[str, bytes]) -> None:
    """Files that everybody may read, on the disk when this returns."""
    for name, data in contents.items():
        descriptor = os.open(partial / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(descriptor, 0o644)
            os.fsync(descriptor)
    os.chmod(partial, 0o755)
    _sync(partial)


def _put_in_place(partial: Path, directory: Path) -> None:
    """After this ``partial`` is gone, or holds the bundle that was replaced."""
    try:
        os.rename(partial, directory)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        require_free(directory)
        _exchange(partial, directory)
    _sync(directory.parent)


def _exchange(one: Path, other: Path) -> None:
    """Swaps two directories in one step of the file system, or in three where it has none."""
    if _swap(one, other):
        return
    # Between these renamings both bundles are whole, under their other names.
    aside = one.with_name(f"{one.name}.old")
    os.rename(other, aside)
    os.rename(one, other)
    os.rename(aside, one)


def _swap(one: Path, other: Path) -> bool:
    """Whether the file system swapped them; some network file systems cannot."""
    libc = ctypes.CDLL(None, use_errno=True)
    at_cwd, exchange_linux, swap_macos = -100, 2, 2
    names = (os.fsencode(one), os.fsencode(other))
    if sys.platform == "darwin":
        return bool(libc.renamex_np(*names, swap_macos) == 0)
    if hasattr(libc, "renameat2"):
        return bool(libc.renameat2(at_cwd, names[0], at_cwd, names[1], exchange_linux) == 0)
    return False


def _prefix(directory: Path) -> str:
    return f".{directory.name[:100]}.partial-"


def _remove_remains(directory: Path) -> None:
    """What writers of this bundle left that were killed."""
    prefix = _prefix(directory)
    for entry in directory.parent.iterdir():
        if not entry.name.startswith(prefix):
            continue
        writer = entry.name.removeprefix(prefix).partition("-")[0]
        if writer.isdigit() and not _is_alive(int(writer)):
            shutil.rmtree(entry, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # another user's
        return True
    return True


def _sync(directory: Path) -> None:
    """The entries of a directory, to the disk; some file systems cannot, and need not."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)


def _cannot_write(directory: Path, error: OSError) -> UsageError | InternalFailure:
    where = safe(str(directory))
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return InternalFailure(f"no room on the disk for the bundle {where}", "free some, and run again")
    reason = error.strerror or type(error).__name__
    return UsageError(f"the bundle {where} cannot be written: {reason}", "give another place")
