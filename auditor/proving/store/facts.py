"""Small values under names, which pruning keeps."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from auditor.proving.store.disk import sync_directory
from auditor.proving.store.locks import EXCLUSIVE, take
from auditor.proving.store.records import JSON, Damaged, read_sealed, write_sealed

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)


def remember(facts: Path, name: str, value: JSON) -> None:
    """Writes the value in place of what was there, in one step."""
    path = _path(facts, name)
    partial = path.with_name(f"{path.name}.partial")
    with _alone(facts):
        try:
            write_sealed(partial, {"name": name, "value": value})
            partial.rename(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        sync_directory(facts)


def recall(facts: Path, name: str) -> JSON:
    """The value, None if there is none. Raises :class:`Damaged`."""
    path = _path(facts, name)
    if not os.path.lexists(path):
        return None
    match read_sealed(path):
        case {"name": str(kept), "value": value} if kept == name:
            return cast("JSON", value)
    raise Damaged("its record is that of another fact")


def sweep(facts: Path) -> None:
    """Removes what was half-written."""
    if any(facts.glob("*.partial")):
        with _alone(facts):
            for partial in facts.glob("*.partial"):
                partial.unlink()


def _path(facts: Path, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} names no fact")
    return facts / f"{name}.json"


@contextlib.contextmanager
def _alone(facts: Path) -> Iterator[None]:
    lock = take(facts / ".lock", EXCLUSIVE, lambda: None)
    assert lock is not None
    try:
        yield
    finally:
        lock.release()
