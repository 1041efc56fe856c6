"""Workspaces: private directories that die with their run."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

from auditor.proving.store.disk import explained, remove_tree
from auditor.proving.store.locks import EXCLUSIVE, take

_NAME = re.compile(r"(run-[0-9a-f]{16})(\.lock)?", re.ASCII)


@contextlib.contextmanager
def workspace(root: Path, runs: Path) -> Iterator[Path]:
    """A new directory in ``runs``, locked until the block ends. ``root`` is what errors call the cache."""
    directory = runs / f"run-{secrets.token_hex(8)}"
    with explained(root):
        # Locked before it exists, so that no sweep ever takes it for a leftover.
        lock = take(_lock_of(directory), EXCLUSIVE, lambda: None)
    assert lock is not None
    try:
        with explained(root):
            directory.mkdir(mode=0o700)
        yield directory
    finally:
        remove_tree(directory)
        lock.remove()


def sweep(runs: Path) -> int:
    """Removes the workspaces of runs that no longer live and returns their bytes."""
    swept_bytes = 0
    for name in {match[1] for match in map(_NAME.fullmatch, os.listdir(runs)) if match}:
        lock = take(_lock_of(runs / name), EXCLUSIVE)
        if lock is not None:
            swept_bytes += remove_tree(runs / name)
            lock.remove()
    return swept_bytes


def _lock_of(directory: Path) -> Path:
    return directory.with_name(f"{directory.name}.lock")
