"""Locks between processes that cannot outlive their holder."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

SHARED, EXCLUSIVE = fcntl.LOCK_SH, fcntl.LOCK_EX

_SILENT_SECONDS = 1.0


class Lock:
    """An flock on a file of its own. Letting go of it twice does nothing."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor: int | None = descriptor

    def share(self) -> bool:
        """Lets others share an exclusive lock. False if another had it in between and removed its file."""
        assert self._descriptor is not None
        fcntl.flock(self._descriptor, SHARED)
        return _is_file(self._descriptor, self._path)

    def release(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def remove(self) -> None:
        """Releases the lock, and removes its file if nobody shares it."""
        if self._descriptor is None:
            return
        try:
            fcntl.flock(self._descriptor, EXCLUSIVE | fcntl.LOCK_NB)
            if _is_file(self._descriptor, self._path):
                self._path.unlink()
        except BlockingIOError:
            pass
        finally:
            self.release()


def take(path: Path, how: int, waiting: Callable[[], None] | None = None) -> Lock | None:
    """The lock, made where it is missing. Without ``waiting``, None where another holds it; else waits, and
    calls ``waiting`` once if that takes longer than a second."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            taken = _flock(descriptor, how, waiting)
            # Its last holder may have removed it while we waited: nobody else would find this lock.
            current = taken and _is_file(descriptor, path)
        except BaseException:
            os.close(descriptor)
            raise
        if current:
            return Lock(path, descriptor)
        os.close(descriptor)
        if not taken:
            return None


def is_held(path: Path) -> bool:
    """Whether anyone holds the lock, in either way."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not _flock(descriptor, EXCLUSIVE, None)
    finally:
        os.close(descriptor)


def _flock(descriptor: int, how: int, waiting: Callable[[], None] | None) -> bool:
    silent_until = time.monotonic() + _SILENT_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if waiting is None:
                return False
        if time.monotonic() >= silent_until:
            break
        time.sleep(0.02)
    waiting()
    fcntl.flock(descriptor, how)
    return True


def _is_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False
