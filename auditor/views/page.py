"""The parts a page for people is made of, and what every view offers.

All texts are harmless already (:func:`auditor.safe.safe`); a format escapes what is special to itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Tone = Literal["plain", "good", "bad", "warning", "dim", "strong"]
"""What a piece of text is, for formats that have colours or weights."""


@dataclass(frozen=True, slots=True)
class Words:
    """A piece of text with its tone."""

    text: str
    tone: Tone = "plain"


Cell = str | Words


@dataclass(frozen=True, slots=True)
class Line:
    """One line of its own: a headline, a count."""

    words: tuple[Words, ...]
    above: int = 0
    """Empty lines before it."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Names and what is to be said about each."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of sentences, under a title where there is one."""

    items: tuple[str, ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """``text`` is cut where it is too long, ``number`` stands at the right, ``prose`` goes on below."""

    name: str
    kind: Literal["text", "number", "prose"] = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under a title."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


Part = Line | Rows | Bullets | Table


@dataclass(frozen=True, slots=True)
class Page:
    """A whole report: one dim line that says what made it, and its parts."""

    header: str
    parts: tuple[Part, ...]


_REASONS_SHOWN = 8


def first_reasons(reasons: tuple[str, ...]) -> tuple[str, ...]:
    """As many as anyone reads, and how many there are beyond."""
    hidden = len(reasons) - _REASONS_SHOWN
    return reasons if hidden <= 0 else (*reasons[:_REASONS_SHOWN], f"and {hidden} more reasons")


class View(Protocol):
    """A report in every shape a format may ask for."""

    def page(self) -> Page:
        """For people who look at it."""
        ...

    def lines(self) -> Sequence[str]:
        """For logs and grep."""
        ...

    def document(self) -> Mapping[str, object]:
        """For programs: values that JSON has."""
        ...
