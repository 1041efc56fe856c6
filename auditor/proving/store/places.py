"""Where entries lie on the disk, and how what is there is told from what is whole."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from auditor.proving.store.disk import remove_tree
from auditor.proving.store.locks import EXCLUSIVE, SHARED, take
from auditor.proving.store.records import Damaged, Record, check_files, digest_of, read_record

_KIND = re.compile(r"[a-z][a-z0-9-]{0,63}", re.ASCII)
_ENTRY = re.compile(r"([0-9a-f]{64})(\.lock|\.\w+\.partial)?", re.ASCII)


class Place(Struct, frozen=True):
    """Where the entry of this digest lies, whether it is there or not."""

    folder: Path
    digest: str

    @property
    def kind(self) -> str:
        return self.folder.name

    @property
    def entry(self) -> Path:
        return self.folder / self.digest

    @property
    def record(self) -> Path:
        return self.entry / "record.json"

    @property
    def files(self) -> Path:
        return self.entry / "files"

    @property
    def lock(self) -> Path:
        return self.folder / f"{self.digest}.lock"

    def new_partial(self) -> Path:
        """A name never used before: a worker of a killed run may still be writing under the last one."""
        return self.folder / f"{self.digest}.{secrets.token_hex(8)}.partial"

    def partials(self) -> list[Path]:
        return sorted(self.folder.glob(f"{self.digest}.*.partial"))

    def __str__(self) -> str:
        return f"{self.kind} {self.digest[:12]}"


def place_of(entries: Path, kind: str, digest: str) -> Place:
    if not _KIND.fullmatch(kind):
        raise ValueError(f"{kind!r} names no kind of entry")
    return Place(entries / kind, digest)


def places(entries: Path) -> list[Place]:
    """Every digest that has anything on the disk: an entry, a lock or something half-made."""
    found = set()
    for folder in entries.iterdir():
        if _KIND.fullmatch(folder.name) and folder.is_dir():
            names = (_ENTRY.fullmatch(name) for name in os.listdir(folder))
            found |= {Place(folder, name[1]) for name in names if name}
    return sorted(found, key=lambda place: (place.kind, place.digest))


def look(place: Place) -> Record:
    """The record of an entry that is whole: its files are what was written. Raises :class:`Damaged` else."""
    record = read_record(place.record)
    if (record.kind, digest_of(record.kind, record.key)) != (place.kind, place.digest):
        raise Damaged("its record is that of another entry")
    check_files(place.files, record.files)
    return record


def discard(place: Place) -> int:
    """Removes the entry, at once as others see it, and returns its bytes. The caller holds its lock alone.

    It needs no room: on a full disk a directory could not be made.
    """
    removed = place.new_partial()
    with contextlib.suppress(FileNotFoundError):
        place.entry.rename(removed)
    return remove_tree(removed)


def remove_partials(place: Place) -> int:
    """Removes what was half-made and returns its bytes. The caller holds the lock of the place in either way:
    who was making no longer does."""
    return sum(remove_tree(partial) for partial in place.partials())


def sweep(place: Place, note: Callable[[str], None]) -> int:
    """Removes what is of no use to anyone and returns its bytes."""
    swept_bytes = 0
    if place.partials():
        lock = take(place.lock, SHARED)
        if lock is not None:
            swept_bytes += remove_partials(place)
            lock.release()
    if _has_record(place):
        return swept_bytes
    lock = take(place.lock, EXCLUSIVE)
    if lock is None:
        return swept_bytes
    if not _has_record(place):
        if os.path.lexists(place.entry):
            note(f"{place} has no sound record and is removed")
        swept_bytes += discard(place)
    lock.remove()
    return swept_bytes


def _has_record(place: Place) -> bool:
    try:
        read_record(place.record)
    except Damaged:
        return False
    return True
