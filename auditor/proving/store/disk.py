"""Where the store lies, whose it is, and what a failing disk means."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from auditor.errors import AuditorError, InternalFailure, UsageError
from auditor.places import OWN_CACHE
from auditor.safe import safe

_LAYOUT = "store-1"
"""The one name under the root that is the store's. Whatever else is there is not touched."""

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def prepare(root: Path) -> Path:
    """The directory of the store under ``root``, made where it is missing.

    Raises:
        UsageError: ``root`` is no directory, cannot be written, or others could change what is stored.
        InternalFailure: the disk is full.
    """
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise UsageError(f"the cache {_shown(root)} is not a directory", hint=OWN_CACHE) from error
    except OSError as error:
        raise trouble(root, error) from error
    base = root / _LAYOUT
    with explained(root):
        mode = root.stat().st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            raise UsageError(f"anyone may replace files in the cache {_shown(root)}", hint=OWN_CACHE)
        with contextlib.suppress(FileExistsError):
            base.mkdir(mode=0o700)
        _require_private(base)
        for name in ("entries", "runs", "facts"):
            (base / name).mkdir(mode=0o700, exist_ok=True)
    return base


def _require_private(base: Path) -> None:
    """Whoever can write here can exchange keys after they were checked."""
    status = base.lstat()
    if not stat.S_ISDIR(status.st_mode):
        raise UsageError(f"{_shown(base)} is not a directory", hint=OWN_CACHE)
    if status.st_uid != os.geteuid():
        raise UsageError(f"the cache {_shown(base)} belongs to another user", hint=OWN_CACHE)
    if status.st_mode & 0o077:
        raise UsageError(
            f"the cache {_shown(base)} is open to other users", hint=f"chmod 700 it, or {OWN_CACHE}"
        )


@contextlib.contextmanager
def explained(root: Path) -> Iterator[None]:
    """Turns what the disk says into one line about the cache."""
    try:
        yield
    except OSError as error:
        raise trouble(root, error) from error


@contextlib.contextmanager
def full_explained(root: Path) -> Iterator[None]:
    """As :func:`explained`, of a full disk only: other errors are about files that are not the store's."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise trouble(root, error) from error


def trouble(root: Path, error: OSError) -> AuditorError:
    """The cache at ``root`` failed with ``error``: what that means and what to do."""
    if error.errno == errno.EFBIG:
        return InternalFailure(
            f"a file in the cache {_shown(root)} is larger than its file system or a limit allows",
            hint="raise the limit (ulimit -f), or set AUDITOR_CACHE to a directory on another disk",
        )
    if error.errno in FULL:
        return no_room(root)
    reason = error.strerror or str(error)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return UsageError(f"the cache {_shown(root)} cannot be written: {reason}", hint=OWN_CACHE)
    return InternalFailure(f"the cache {_shown(root)} cannot be used: {reason}", hint=OWN_CACHE)


def no_room(root: Path) -> InternalFailure:
    """The disk of the cache at ``root`` is full: says how much is free and how to make room."""
    try:
        free = f"{shutil.disk_usage(root).free // 10**6:,} MB free"
    except OSError:
        free = "free space not known"
    return InternalFailure(
        f"the disk of the cache {_shown(root)} is full ({free})",
        hint="make room with `auditor cache prune`, or set AUDITOR_CACHE to a directory on another disk",
    )


def sync_directory(directory: Path) -> None:
    """Makes renames within the directory survive a loss of power."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_tree(path: Path) -> int:
    """Removes whatever is at ``path`` and returns the bytes that went.

    What resists is left for the next sweep: a worker whose parent was killed may be writing there still.
    """
    before_bytes = _tree_bytes(path)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()
    return max(0, before_bytes - _tree_bytes(path))


def _tree_bytes(path: Path) -> int:
    size_bytes = 0
    for directory, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(OSError):
                size_bytes += os.lstat(os.path.join(directory, name)).st_size
    return size_bytes


def _shown(path: Path) -> str:
    return safe(str(path), limit=200)
