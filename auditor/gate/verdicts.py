"""What was said of a model the last time, and whether all it was said from is still the same.

This is all the hook does where nothing changed, so it loads nothing that is not needed for that: no
structs, no TOML, no numpy. An entry holds a stamp of every file that was read: its size, times and inode,
and the SHA-256 that decides where those differ or are too young to be trusted. A cache that is damaged,
read-only or not there is as good as an empty one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import time
from collections.abc import Iterable
from typing import Any, TypedDict

SCHEMA = "auditor.verdict/1"

_MAX_ENTRIES, _KEPT = 4096, 2048
_MAX_ENTRY_BYTES = 1 << 20
_YOUNG_NS = 2_000_000_000
"""A file changed so shortly before it was stamped may be changed again without a trace in its times."""
_BLOCK_BYTES = 1 << 20

Stamp = list[Any]
"""[path, size, mtime, inode, ctime, sha256]."""


class Remembered(TypedDict):
    """An entry: what was printed, the exit code, and how many checks passed, failed and were skipped.

    ``absent`` are paths that must still not exist, ``until`` the last day it holds (ISO), or ''.
    """

    schema: str
    taken_ns: int
    stamps: list[Stamp]
    absent: list[str]
    until: str
    exit_code: int
    lines: list[str]
    counts: list[int]


def recall(folder: str, key: str) -> Remembered | None:
    """What is remembered under a key, if all of it still holds."""
    try:
        place = _place(folder, key)
        if os.stat(place).st_size > _MAX_ENTRY_BYTES:
            return None
        with open(place, "rb") as file:
            entry: Remembered = json.loads(file.read())
        if not _is_usable(entry):
            return None
        if entry["until"] and time.strftime("%Y-%m-%d") > entry["until"]:
            return None
        if any(os.path.lexists(path) for path in entry["absent"]):
            return None
        same, renewed = _same(entry)
        if renewed:
            _write(folder, key, {**entry, "stamps": renewed, "taken_ns": time.time_ns()})
        return entry if same else None
    except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError):
        return None


def remember(
    folder: str,
    key: str,
    *,
    files: Iterable[str],
    absent: Iterable[str],
    until: str,
    exit_code: int,
    lines: list[str],
    counts: list[int],
    before_ns: int,
) -> None:
    """Remembers a verdict. ``before_ns`` is the time before the first of the files was read.

    A file that has changed since then may not be what the verdict is about: nothing is remembered.
    """
    try:
        stamps = [stamp(path) for path in sorted(set(files))]
        if any(item[2] >= before_ns or item[4] >= before_ns for item in stamps):
            return
        entry: Remembered = {
            "schema": SCHEMA,
            "taken_ns": before_ns,
            "stamps": stamps,
            "absent": sorted(set(absent)),
            "until": until,
            "exit_code": exit_code,
            "lines": lines,
            "counts": counts,
        }
        _write(folder, key, entry)
        _prune(folder)
    except OSError:
        return


def stamp(path: str) -> Stamp:
    """The stamp of a regular file. Raises OSError where it is none."""
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(f"{path} is no regular file")
    return [path, status.st_size, status.st_mtime_ns, status.st_ino, status.st_ctime_ns, _sha256(path)]


def key_of(*parts: str) -> str:
    """The key of what these words say."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def program_stamp(folders: Iterable[str]) -> str:
    """Changes with every file of the program and of its rules: names, sizes and times are looked at."""
    total = hashlib.sha256()
    waiting = list(folders)
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in sorted(entries, key=lambda item: item.name):
                if entry.is_dir(follow_symlinks=False):
                    if entry.name != "__pycache__":
                        waiting.append(entry.path)
                    continue
                status = entry.stat(follow_symlinks=False)
                total.update(f"{entry.path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return total.hexdigest()


def _is_usable(entry: Remembered) -> bool:
    """Whether what is to be printed and returned is of the right kind; the rest fails where it is used."""
    lines, counts = entry["lines"], entry["counts"]
    return (
        entry["schema"] == SCHEMA
        and entry["exit_code"] in (0, 1)
        and isinstance(lines, list)
        and all(isinstance(line, str) for line in lines)
        and isinstance(counts, list)
        and len(counts) == 3
        and all(isinstance(number, int) for number in counts)
    )


def _same(entry: Remembered) -> tuple[bool, list[Stamp]]:
    """Whether all files have the content they had; and new stamps, where only that was still the same."""
    stamps, stale = [], False
    for old in entry["stamps"]:
        path, size, sha256 = old[0], old[1], old[5]
        status = os.stat(path)
        now = [status.st_size, status.st_mtime_ns, status.st_ino, status.st_ctime_ns]
        if not stat.S_ISREG(status.st_mode) or status.st_size != size:
            return False, []
        if now == old[1:5] and max(old[2], old[4]) < entry["taken_ns"] - _YOUNG_NS:
            stamps.append(old)
            continue
        if _sha256(path) != sha256:
            return False, []
        stamps.append([path, *now, sha256])
        stale = True
    return True, stamps if stale else []


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _place(folder: str, key: str) -> str:
    return os.path.join(folder, f"{key}.json")


def _write(folder: str, key: str, entry: Remembered) -> None:
    """Whole or not at all, whoever else writes the same."""
    part = os.path.join(folder, f".{key}.{os.urandom(8).hex()}.part")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        with open(part, "w", encoding="utf-8", errors="surrogateescape") as file:
            json.dump(entry, file)
        os.replace(part, _place(folder, key))
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(part)


def _prune(folder: str) -> None:
    """Forgets the oldest where there are too many."""
    names = [entry.path for entry in os.scandir(folder)]
    if len(names) <= _MAX_ENTRIES:
        return
    dated = sorted(names, key=lambda path: os.stat(path).st_mtime_ns, reverse=True)
    for path in dated[_KEPT:]:
        with contextlib.suppress(OSError):
            os.unlink(path)
