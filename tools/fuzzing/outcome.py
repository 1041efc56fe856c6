"""What a mutant is, and what became of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct


class Mutant(Struct, frozen=True, kw_only=True):
    """A spoilt model, its number, and the model that it was."""

    number: int
    content: bytes
    parent: bytes


class Subject(Struct, frozen=True, kw_only=True):
    """A mutant on the disk. Nothing lies at ``parent`` where there is none."""

    number: int
    path: Path
    parent: Path


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of one file. ``kind`` is for the table; ``failure`` tells failures apart, '' is none.

    ``rules`` are the ids of the findings, the worst first.
    """

    kind: str
    failure: str = ""
    detail: str = ""
    rules: tuple[str, ...] = ()
    cpu_seconds: float = 0.0
    memory_bytes: int = 0


Judge = Callable[[Subject], Outcome]
"""Lets the auditor look at a file in this process, and says how that ended."""


def crash(trace: str) -> Outcome:
    """A failure that is the same for the same fault."""
    return Outcome(kind="crash", failure=_signature(trace), detail=trace[-3000:])


def _signature(trace: str) -> str:
    """The kind of an exception and the innermost line of ours."""
    places = re.findall(r'File ".*?/(auditor/[^"]+)", line (\d+), in (\S+)', trace)
    said = trace.strip().splitlines()
    last = [line for line in said if line and not line.startswith((" ", "~", "^", "auditor: "))]
    name = re.match(r"[\w.]+", last[-1]) if last else None
    where = "{}:{} {}".format(*places[-1]) if places else "?"
    return f"{name.group() if name else 'died'} at {where}"
