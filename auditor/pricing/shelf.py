"""The files of one kind of rule: those that come with the program, and the user's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from auditor.errors import UsageError
from auditor.places import is_path
from auditor.pricing.tables import bad, read_toml
from auditor.rules import names, rules_dir
from auditor.safe import safe


class Named(Protocol):
    """What a file of rules says has an id."""

    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=Named)


class Shelf(Generic[T]):
    """What stands in ``rules/KIND/``. ``parse`` is called with a file's content and name, and returns the
    noun or raises :class:`auditor.pricing.tables.BadProfile`; ``what`` is one of them in words."""

    def __init__(self, kind: str, what: str, parse: Callable[[Mapping[str, Any], str], T]) -> None:
        self._kind, self._what, self._parse = kind, what, parse

    def load(self, path: Path) -> T:
        """What a file says.

        Raises:
            BadProfile: it cannot be read, or has not what it should.
        """
        return self._parse(read_toml(path), path.name)

    def all(self) -> tuple[T, ...]:
        """Everything that comes with the program, by the names of the files.

        Raises:
            BadProfile: as :meth:`load`, or two have one id.
        """
        found: dict[str, T] = {}
        for name in names(self._kind):
            noun = self.shipped(name)
            if noun.id in found:
                raise bad(noun.id, f"two of the kind {self._what} have this id")
            found[noun.id] = noun
        return tuple(found.values())

    def shipped(self, name: str) -> T:
        """What comes with the program, by the name of its file.

        Raises:
            UsageError: there is none of this name.
            BadProfile: as :meth:`load`.
        """
        known = names(self._kind)
        if name not in known:
            raise UsageError.unknown(f"there is no {self._what} '{safe(name)}'", name, known)
        return self.load(rules_dir() / self._kind / f"{name}.toml")

    def resolve(self, word: str, folder: Path | None = None) -> T:
        """What comes with the program, or the user's own: a word that ends in ``.toml`` or has a slash is a
        file, seen from ``folder``.

        Raises:
            UsageError: there is none of this name.
            BadProfile: the file is none, or its id is that of another one.
        """
        if not is_path(word):
            return self.shipped(word)
        path = (folder or Path()) / word
        noun = self.load(path)
        if noun.id in names(self._kind):
            raise bad(
                path.name, f"id is '{noun.id}', which is that of a {self._what} that comes with auditor"
            )
        return noun
