"""The store itself: entries that are made once, workspaces that die with their run, and small facts."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias, cast

from msgspec import Struct

from auditor.errors import UsageError
from auditor.proving.store import facts, places, runs
from auditor.proving.store.disk import explained, full_explained, prepare, remove_tree, sync_directory
from auditor.proving.store.locks import EXCLUSIVE, SHARED, Lock, is_held, take
from auditor.proving.store.places import Place, place_of
from auditor.proving.store.records import (
    JSON,
    Damaged,
    FileRecord,
    Record,
    digest_of,
    read_record,
    take_stock,
    write_record,
)

Make: TypeAlias = Callable[[Path], Mapping[str, object]]


class Stored(Struct, frozen=True, kw_only=True):
    """A finished entry whose files are those its record names; ``about`` is what its maker had to say."""

    kind: str
    digest: str
    directory: Path
    files: Mapping[str, FileRecord]
    about: Mapping[str, JSON]
    reused: bool

    def path(self, name: str) -> Path:
        """Where a file of the entry lies, to be read only. Raises KeyError if there is none of that name."""
        if name not in self.files:
            raise KeyError(name)
        return self.directory / name


class Entry(Struct, frozen=True, kw_only=True):
    """An entry as the cache lists it: ``bytes`` of its files, ``last_used`` in seconds since the epoch.

    ``in_use`` is also true for the moment in which another process asks the same question.
    """

    kind: str
    digest: str
    bytes: int
    last_used: float
    about: Mapping[str, JSON]
    in_use: bool


class Pruned(Struct, frozen=True, kw_only=True):
    """How many entries went, and how many bytes with them and with what killed runs had left."""

    count: int
    bytes: int


class Store:
    """The cache under ``root``. What is obtained or found stays in use, and is not pruned, until ``close``.

    A process needs one, in one thread; any number of processes may share a root. ``note`` is told, in one
    printable line each, what takes long or was found damaged.
    Every method raises UsageError where the cache cannot be written, InternalFailure where its disk is full.
    """

    def __init__(self, root: Path, *, note: Callable[[str], None] | None = None) -> None:
        self.root = root.absolute()
        self._note = note or (lambda line: None)
        base = prepare(self.root)
        self._entries, self._runs, self._facts = base / "entries", base / "runs", base / "facts"
        self._held: dict[Place, Lock] = {}

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of every entry, as the end of the process does too."""
        while self._held:
            self._held.popitem()[1].release()

    # --- entries ---------------------------------------------------------------------------

    def obtain(self, kind: str, key: Mapping[str, object], make: Make) -> Stored:
        """The entry that ``make`` makes from what ``key`` names, made only if it is not there whole.

        ``key`` is JSON and holds all that the result depends on. ``make(directory)`` writes regular files
        into an empty private directory on the cache's file system, and returns, as JSON, what to remember
        about them. It runs in one process at a time per entry; the others wait, and reuse its result.

        Raises what ``make`` raises, after which nothing of the entry is there; InternalFailure for a full
        disk, also when ``make`` meets it, and for anything in ``directory`` but regular files.
        """
        place = self._place(kind, key)
        with explained(self.root):
            place.folder.mkdir(mode=0o700, exist_ok=True)
        while True:
            found = self._use(place, lambda: self._note(f"waiting for another run to make {place}"))
            if found is not None:
                return found
            made = self._make_alone(place, key, make)
            if made is not None:
                return made

    def find(self, kind: str, key: Mapping[str, object]) -> Stored | None:
        """The entry if it is there whole and nobody is making it just now."""
        place = self._place(kind, key)
        return self._use(place, None) if os.path.lexists(place.entry) else None

    def entries(self) -> tuple[Entry, ...]:
        """Every entry with a sound record, the least recently used first. Its files are not read."""
        with explained(self.root):
            found = [self._listed(place) for place in places.places(self._entries)]
        return tuple(sorted((entry for entry in found if entry), key=lambda entry: entry.last_used))

    def remove(self, stored: Stored) -> None:
        """Removes an entry. Raises UsageError if another process uses it."""
        place = place_of(self._entries, stored.kind, stored.digest)
        held = self._held.pop(place, None)
        if held is not None:
            held.release()
        with explained(self.root):
            if place.entry.exists() and self._remove(place) is None:
                raise UsageError(f"{place} is in use by another run", hint="try again when that has ended")

    def prune(
        self,
        *,
        keep_bytes: int | None = None,
        older_than_seconds: float | None = None,
        kinds: Collection[str] | None = None,
    ) -> Pruned:
        """Removes what killed runs left, damaged records, and entries of ``kinds`` (None: all) by two rules.

        Those not used for ``older_than_seconds`` go; then the least recently used, until all that are left of
        ``kinds`` are within ``keep_bytes``. Without a rule no entry goes, and never one in use.
        """
        gone_bytes = self._sweep()
        now = time.time()
        entries = [entry for entry in self.entries() if kinds is None or entry.kind in kinds]
        kept_bytes, count = sum(entry.bytes for entry in entries), 0
        for entry in entries:
            too_old = older_than_seconds is not None and now - entry.last_used > older_than_seconds
            too_many = keep_bytes is not None and kept_bytes > keep_bytes
            if entry.in_use or not (too_old or too_many):
                continue
            with explained(self.root):
                removed_bytes = self._remove(place_of(self._entries, entry.kind, entry.digest))
            if removed_bytes is not None:
                count += 1
                gone_bytes += removed_bytes
                kept_bytes -= entry.bytes
        return Pruned(count=count, bytes=gone_bytes)

    def _place(self, kind: str, key: Mapping[str, object]) -> Place:
        return place_of(self._entries, kind, digest_of(kind, key))

    def _listed(self, place: Place) -> Entry | None:
        try:
            record = read_record(place.record)
            last_used = place.record.stat().st_mtime
        except (Damaged, FileNotFoundError) as error:
            if os.path.lexists(place.entry):
                self._note(f"{place} has no sound record ({error}): pruning removes it")
            return None
        return Entry(
            kind=place.kind,
            digest=place.digest,
            bytes=sum(file.bytes for file in record.files.values()),
            last_used=last_used,
            about=record.about,
            in_use=place in self._held or is_held(place.lock),
        )

    def _remove(self, place: Place) -> int | None:
        """Removes an entry that nobody uses and returns its bytes; None if someone does."""
        lock = None if place in self._held else take(place.lock, EXCLUSIVE)
        if lock is None:
            return None
        try:
            return places.discard(place)
        finally:
            lock.remove()

    # --- making and using ------------------------------------------------------------------

    def _use(self, place: Place, waiting: Callable[[], None] | None) -> Stored | None:
        """The entry, in use from now on; None if it is not whole. Without ``waiting``, None if it is busy."""
        with explained(self.root):
            lock = self._held.pop(place, None) or take(place.lock, SHARED, waiting)
            if lock is None:
                return None
            try:
                record = places.look(place)
                os.utime(place.record)
            except (Damaged, FileNotFoundError):
                lock.release()
                return None
            except BaseException:
                lock.release()
                raise
        self._held[place] = lock
        return _stored(place, record, reused=True)

    def _make_alone(self, place: Place, key: Mapping[str, object], make: Make) -> Stored | None:
        """Makes the entry while nobody else does. None if another made it first: it is there to use."""
        with explained(self.root):
            lock = take(
                place.lock, EXCLUSIVE, lambda: self._note(f"waiting for another run to let go of {place}")
            )
        assert lock is not None
        try:
            with explained(self.root):
                if self._is_whole(place):
                    lock.release()
                    return None
                places.discard(place)
                places.remove_partials(place)
            record = self._make(place, key, make)
            if not lock.share() or not place.entry.exists():
                lock.release()
                return None
        except BaseException:
            lock.remove()
            raise
        self._held[place] = lock
        return _stored(place, record, reused=False)

    def _is_whole(self, place: Place) -> bool:
        try:
            places.look(place)
        except Damaged as error:
            if os.path.lexists(place.entry):
                self._note(f"{place} is damaged ({error}) and is made again")
            return False
        return True

    def _make(self, place: Place, key: Mapping[str, object], make: Make) -> Record:
        partial = place.new_partial()
        files, path = partial / "files", partial / "record.json"
        try:
            with explained(self.root):
                partial.mkdir(mode=0o700)
                files.mkdir(mode=0o700)
            with full_explained(self.root):
                about = cast("Mapping[str, JSON]", make(files))
            with explained(self.root):
                write_record(path, Record(kind=place.kind, key=key, files=take_stock(files), about=about))
                record = read_record(path)  # as it will be the next time, after a passage through JSON
                sync_directory(files)
                sync_directory(partial)
                partial.rename(place.entry)
                sync_directory(place.folder)
        except BaseException:
            remove_tree(partial)
            raise
        return record

    # --- workspaces, facts and what killed runs left ---------------------------------------

    @contextlib.contextmanager
    def workspace(self) -> Iterator[Path]:
        """A private directory on the cache's file system for one run, gone when the block ends.

        If the process is killed, the next workspace or pruning of any process removes it.
        """
        self._sweep()
        with runs.workspace(self.root, self._runs) as directory:
            yield directory

    def remember(self, name: str, value: JSON) -> None:
        """Keeps a small value that no pruning removes, in place of what was kept under the name."""
        with explained(self.root):
            facts.remember(self._facts, name, value)

    def recall(self, name: str) -> JSON:
        """What was kept under the name; None if nothing was, or if it is damaged."""
        with explained(self.root):
            try:
                return facts.recall(self._facts, name)
            except Damaged as error:
                self._note(f"what the cache remembers as {name} is damaged ({error}) and taken as forgotten")
                return None

    def _sweep(self) -> int:
        """Removes what is of no use to anyone and returns its bytes."""
        with explained(self.root):
            facts.sweep(self._facts)
            swept_bytes = runs.sweep(self._runs)
            return swept_bytes + sum(
                places.sweep(place, self._note) for place in places.places(self._entries)
            )


def _stored(place: Place, record: Record, *, reused: bool) -> Stored:
    return Stored(
        kind=record.kind,
        digest=place.digest,
        directory=place.files,
        files=record.files,
        about=record.about,
        reused=reused,
    )
