"""Files made to break, fool or exhaust whoever opens them.

Every case is written by a script, always in the same way, so that nothing large lies in the repository:
what is no model at all, what is wrong on the wire, in tensors, in external data, in names, in the graph,
and operators that ask for the impossible. What the auditor has to say about each stands in
``expected.toml``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct

Make = Callable[[], bytes]
"""The content of a file."""

Place = Callable[[Path], object]
"""Puts something at a path whose folder is the case's own; there may be other things beside it."""


class Case(Struct, frozen=True, kw_only=True):
    """One hostile file. A ``heavy`` one takes time or memory by its sheer size, or blocks who opens it."""

    name: str
    put: Place
    heavy: bool = False

    def make(self, directory: Path) -> Path:
        """Writes the file into a folder of its own in ``directory``, and returns its path."""
        folder = directory / self.name
        folder.mkdir(parents=True)
        path = folder / "model.onnx"
        self.put(path)
        return path


class Expected(Struct, frozen=True, kw_only=True):
    """What ``estimate --front-end onnx --no-plan`` says.

    ``status`` and ``binding`` are those of the verdict, ``says`` is in its first reason, ``rule`` is the id
    of a finding; '' where nothing is asked.
    """

    status: str
    binding: str = ""
    says: str = ""
    rule: str = ""


def cases() -> tuple[Case, ...]:
    """All of them, by name."""
    from tests.hostile import files, graphs, operators

    made = [
        Case(name=f"{group}-{name}", put=_put(what), heavy=name in heavy)
        for group, things, heavy in (
            *((group, things, files.HEAVY) for group, things in files.GROUPS.items()),
            *((group, things, graphs.HEAVY) for group, things in graphs.GROUPS.items()),
            *((group, things, ()) for group, things in operators.GROUPS.items()),
        )
        for name, what in things.items()
    ]
    return tuple(sorted(made, key=lambda case: case.name))


def expected() -> dict[str, Expected]:
    """What has to come out, by the name of the case."""
    text = EXPECTED.read_text(encoding="utf-8")
    return {name: Expected(**entry) for name, entry in tomllib.loads(text).items()}


EXPECTED = Path(__file__).with_name("expected.toml")


def _put(what: Make | Place | bytes) -> Place:
    """Content, what makes it, or what writes it, as the last of these."""
    if isinstance(what, bytes):
        return lambda path: path.write_bytes(what)
    if what.__code__.co_argcount == 0:  # type: ignore[union-attr]
        return lambda path: path.write_bytes(what())  # type: ignore[call-arg, arg-type]
    return what  # type: ignore[return-value]


Things = Mapping[str, Make | Place | bytes]
