"""Tables of TOML files that anybody may have written: what they say, or a complaint that names the field."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from auditor.errors import UsageError
from auditor.pricing.profile import Factors
from auditor.safe import safe

MOST_WHOLE = (1 << 63) - 1
MOST_NUMBER = 1e15
"""Larger numbers mean nothing in a profile, and would overflow what is computed from them."""

_MOST_BYTES = 1 << 20
"""More than this of a file is not read; a profile has a few thousand bytes."""


class BadProfile(UsageError):
    """A profile that lacks something, or has something nobody knows; the message names file and field."""


def bad(where: str, complaint: str) -> BadProfile:
    """Names of files and fields may be anybody's."""
    return BadProfile(f"{safe(where)}: {safe(complaint, limit=400)}")


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a file. Raises :class:`BadProfile` when it cannot be read or is no TOML."""
    try:
        # Opening a pipe would wait for whoever writes to it.
        if path.exists() and not path.is_file():
            raise bad(path.name, "cannot be read: it is no regular file")
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES + 1)
        if len(text) > _MOST_BYTES:
            raise bad(path.name, f"cannot be read: it has more than {_MOST_BYTES:,} bytes")
        return tomllib.loads(text.decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise bad(path.name, f"cannot be read: {error}") from error


class Table(Struct, frozen=True):
    """A table of the file ``where``, at the dotted ``path`` in it."""

    content: Mapping[str, Any]
    where: str
    path: str = ""

    def has(self, name: str) -> bool:
        return name in self.content

    def allow(self, *names: str) -> None:
        """Refuses fields that are none of these."""
        for name in self.content:
            if name not in names:
                raise self.bad(f"nobody knows the field {self.at(name)}")

    def of_schema(self, schema: str) -> None:
        """Refuses a file of another schema."""
        if self.text("schema") != schema:
            raise self.bad(f"schema is '{self.text('schema')}', and this program reads {schema}")

    def table(self, name: str) -> Table:
        return Table(self._get(name, dict, "a table"), self.where, self.at(name))

    def table_or_empty(self, name: str) -> Table:
        return self.table(name) if self.has(name) else Table({}, self.where, self.at(name))

    def text(self, name: str, limit: int = 400) -> str:
        value: str = self._get(name, str, "text")
        if not value:
            raise self.bad(f"{self.at(name)} is empty")
        return safe(value, limit=limit)

    def one_of(self, name: str, known: Sequence[str]) -> str:
        value = self.text(name)
        if value not in known:
            raise self.bad(f"{self.at(name)} is '{value}' and none of {', '.join(known)}")
        return value

    def whole(self, name: str, least: int = 0) -> int:
        value: int = self._get(name, int, "a whole number")
        if value < least:
            raise self.bad(f"{self.at(name)} is {value}, and never below {least}")
        if value > MOST_WHOLE:
            raise self.bad(f"{self.at(name)} has too many digits")
        return value

    def number(self, name: str, most: float = MOST_NUMBER) -> float:
        value: int | float = self._get(name, (int, float), "a number")
        if not 0 <= value <= most:
            raise self.bad(f"{self.at(name)} is {value}, which it cannot be")
        return float(value)

    def positive(self, name: str) -> float:
        value = self.number(name)
        if value == 0:
            raise self.bad(f"{self.at(name)} is 0, which it cannot be")
        return value

    def factors(self, name: str) -> Factors:
        table = self.table(name)
        table.allow("low", "high")
        factors = Factors(low=table.number("low"), high=table.number("high"))
        if not factors.low <= 1 <= factors.high:
            raise self.bad(f"1 is not within {self.at(name)}")
        return factors

    def bad(self, complaint: str) -> BadProfile:
        return bad(self.where, complaint)

    def at(self, name: str) -> str:
        """The dotted path of a field of this table."""
        return f"{self.path}.{name}" if self.path else name

    def _get(self, name: str, kind: type | tuple[type, ...], what: str) -> Any:
        if name not in self.content:
            raise self.bad(f"the field {self.at(name)} is missing")
        value = self.content[name]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self.bad(f"{self.at(name)} is not {what}")
        return value
