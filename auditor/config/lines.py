"""In which line of a TOML file each key is set, which ``tomllib`` does not tell."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterator

KeyPath = tuple[str | int, ...]
"""Keys from the root of the document; a number is the place in an array."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BLANK = re.compile(r"[ \t]*")
_FILLER = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_SCALAR = re.compile(r"[^,\]}#\n]*")
_STRINGS = (
    re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}(?!")', re.DOTALL),
    re.compile(r"'''.*?'{3,5}(?!')", re.DOTALL),
    re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    re.compile(r"'[^'\n]*'"),
)
"""The four kinds of strings; the long ones first, which begin like the others."""


def key_lines(text: str) -> dict[KeyPath, int]:
    """The line, from 1 on, of every key and table of a document that ``tomllib`` has accepted.

    Keys that are only named on the way to others have the line in which they were first named.
    """
    return _Scanner(text).lines


def line_of(lines: dict[KeyPath, int], path: KeyPath) -> int:
    """The line of a key, or of the nearest around it that has one."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return 1


class _Scanner:
    """Walks over the document once. What is no key is skipped by its shape, not understood."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[KeyPath, int] = {}
        self._breaks = [found.start() for found in re.finditer("\n", text)]
        self._tables: dict[KeyPath, int] = {}
        table: KeyPath = ()
        self._skip(_FILLER)
        while self.at < len(text):
            if text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip(_FILLER)

    def _header(self) -> KeyPath:
        """``[a.b]`` or ``[[a.b]]``; names that lead through an array of tables mean its last."""
        many = self.text.startswith("[[", self.at)
        line = self._line()
        self.at += 2 if many else 1
        keys = list(self._keys())
        self.at += 2 if many else 1
        path: KeyPath = ()
        for position, key in enumerate(keys):
            path = (*path, key)
            self.lines.setdefault(path, line)
            is_last = position == len(keys) - 1
            if is_last and many:
                self._tables[path] = self._tables.get(path, -1) + 1
            if path in self._tables:
                path = (*path, self._tables[path])
                self.lines.setdefault(path, line)
        self.lines[path] = min(line, self.lines[path]) if path in self._tables else line
        return path

    def _pair(self, table: KeyPath) -> None:
        """``a.b = value``."""
        line = self._line()
        path = table
        for key in self._keys():
            path = (*path, key)
            self.lines.setdefault(path, line)
        self.at += 1  # the equals sign
        self._skip(_BLANK)
        self._value(path)

    def _keys(self) -> Iterator[str]:
        """The names of a dotted key, up to what ends it."""
        while True:
            self._skip(_BLANK)
            if self.text[self.at] in "\"'":
                quoted = self._string()
                yield next(iter(tomllib.loads(f"{quoted} = 0")))
            else:
                yield self._take(_BARE)
            self._skip(_BLANK)
            if self.text[self.at : self.at + 1] != ".":
                return
            self.at += 1

    def _value(self, path: KeyPath) -> None:
        first = self.text[self.at]
        if first in "\"'":
            self._string()
        elif first == "[":
            self._items("]", path)
        elif first == "{":
            self._items("}", path)
        else:
            self._skip(_SCALAR)

    def _items(self, end: str, path: KeyPath) -> None:
        """What stands between brackets: values with their places, or pairs."""
        self.at += 1
        place = 0
        while True:
            self._skip(_FILLER)
            if self.text[self.at] == end:
                self.at += 1
                return
            if self.text[self.at] == ",":
                self.at += 1
                continue
            if end == "}":
                self._pair(path)
            else:
                self.lines[(*path, place)] = self._line()
                self._value((*path, place))
                place += 1

    def _string(self) -> str:
        for pattern in _STRINGS:
            if found := pattern.match(self.text, self.at):
                self.at = found.end()
                return found.group()
        raise ValueError(f"no string at {self.at}")

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        if found is None:
            raise ValueError(f"no key at {self.at}")
        self.at = found.end()
        return found.group()

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def _line(self) -> int:
        return bisect_right(self._breaks, self.at - 1) + 1
