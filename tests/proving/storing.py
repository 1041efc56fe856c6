"""What the tests of the store put into it, and ways to look at it from outside."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from auditor.proving.store import Stored

KIND = "proving-key"
KEY = {"model": "ab" * 32, "run_args": {"logrows": 8, "lookup_range": [0, 0]}}
KEYS = b"a proving key" * 100
ABOUT = {"setup_seconds": 0.25, "peak_memory_bytes": 1 << 20}


def make(directory: Path) -> dict[str, object]:
    (directory / "pk.key").write_bytes(KEYS)
    (directory / "vk.key").write_bytes(b"vk")
    return dict(ABOUT)


def not_made(directory: Path) -> NoReturn:
    raise AssertionError("made again")


def contents(root: Path) -> list[str]:
    """Everything the store has on the disk but the directories it always has."""
    base = root / "store-1"
    always = {
        base / "entries",
        base / "entries" / KIND,
        base / "runs",
        base / "facts",
        base / "facts" / ".lock",
    }
    return sorted(path.relative_to(base).as_posix() for path in base.rglob("*") if path not in always)


def record(stored: Stored) -> Path:
    return stored.directory.parent / "record.json"


def forked(action: Callable[[], object]) -> int:
    """Starts ``action`` in a copy of this process, which ends with 0 if it returned."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            action()
            code = 0
        finally:
            os._exit(code)
    return child


def ended(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def whole_contents(stored: Stored) -> list[str]:
    entry = f"entries/{stored.kind}/{stored.digest}"
    return [entry, f"{entry}.lock", f"{entry}/files", f"{entry}/record.json"] + [
        f"{entry}/files/{name}" for name in stored.files
    ]
