"""The parts a page for people is made of, and what every view offers.

All texts are harmless already (:func:`auditor.safe.safe`); a format escapes what is special to itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from msgspec import Struct

Tone = Literal["plain", "good", "bad", "warning", "dim", "strong"]
"""What a piece of text is, for formats that have colours or weights."""


class Words(Struct, frozen=True):
    """A piece of text with its tone."""

    text: str
    tone: Tone = "plain"


Cell = str | Words


class Line(Struct, frozen=True):
    """One line of its own: a headline, a count."""

    words: tuple[Words, ...]
    above: int = 0
    """Empty lines before it."""


class Rows(Struct, frozen=True):
    """Names and what is to be said about each."""

    rows: tuple[tuple[str, str], ...]


class Bullets(Struct, frozen=True):
    """A list of sentences, under a title where there is one."""

    items: tuple[str, ...]
    title: str = ""


class Column(Struct, frozen=True):
    """``text`` is cut where it is too long, ``number`` stands at the right, ``prose`` goes on below."""

    name: str
    kind: Literal["text", "number", "prose"] = "text"


class Table(Struct, frozen=True):
    """Rows of cells under a title."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


class Share(Struct, frozen=True):
    """One part of a whole: ``group`` is the operator of a layer, ``text`` its amount as people read it."""

    group: str
    name: str
    amount: int
    text: str


class Shares(Struct, frozen=True):
    """Where a whole goes, largest part first; ``table`` says the same to formats without pictures."""

    table: Table
    items: tuple[Share, ...]


class Bar(Struct, frozen=True):
    """A range that is expected at ``mid``, and its text; a point where all three are equal."""

    label: str
    low: float
    mid: float
    high: float
    text: str
    tone: Tone = "plain"


Unit = Literal["seconds", "bytes", "usd", "gas"]


class Scale(Struct, frozen=True):
    """Ranges of one quantity side by side: what several machines take."""

    title: str
    unit: Unit
    bars: tuple[Bar, ...]


class Ranges(Struct, frozen=True):
    """Several quantities of the same things; ``table`` says the same to formats without pictures."""

    table: Table
    scales: tuple[Scale, ...]


Measure = Unit | Literal["count", "years", "factor", "share"]
"""What an axis of a chart counts in: ``years`` since then or of the calendar, ``share`` from 0 to 1."""


class Point(Struct, frozen=True):
    """A place of a chart, in the units of its axes; ``low`` to ``high`` is where y may really be."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None


class Curve(Struct, frozen=True):
    """``points`` stand alone, a ``line`` joins them, ``steps`` keep each y until the next x, and a ``fan`` is
    a line within the band from low to high.

    Curves of one label are one thing in several shapes (what was measured, and what is expected between):
    they share a colour, a mark and a line of the key. A ``dim`` one stands back, a ``strong`` one stands out.
    """

    label: str
    points: tuple[Point, ...]
    kind: Literal["line", "points", "steps", "fan"] = "line"
    tone: Tone = "plain"


class Mark(Struct, frozen=True):
    """A limit: a line across the whole chart where ``axis`` has the value."""

    label: str
    value: float
    axis: Literal["x", "y"] = "y"


class Chart(Struct, frozen=True, kw_only=True):
    """Curves over one pair of axes; ``table`` says the same to formats without pictures.

    What an axis cannot show (a zero on a logarithmic one, a value that is no number) is left out, and the
    picture says how many points that are. ``note`` is a line below it: what a band or a dash means.
    """

    title: str
    x_title: str
    y_title: str
    x_unit: Measure = "count"
    y_unit: Measure = "count"
    log_x: bool = False
    log_y: bool = False
    lines: tuple[Curve, ...]
    marks: tuple[Mark, ...] = ()
    note: str = ""
    table: Table


Part = Line | Rows | Bullets | Table | Shares | Ranges | Chart


def without_pictures(part: Part) -> Line | Rows | Bullets | Table:
    """The part for formats that have only text."""
    return part.table if isinstance(part, Shares | Ranges | Chart) else part


class Page(Struct, frozen=True):
    """A whole report: one dim line that says what made it, and its parts."""

    header: str
    parts: tuple[Part, ...]


Outcome = Literal["pass", "fail", "skip"]
"""``fail``: a fault was found or a limit exceeded. ``skip``: it could not be told, or was not asked for."""

Level = Literal["error", "warning", "note"]
"""How much it matters when it does not pass: an ``error`` makes the command fail."""


class Result(Struct, frozen=True, kw_only=True):
    """One thing that was checked, for formats that list such things: SARIF, JUnit, annotations.

    ``rule`` is an id (AUD-SEC-001) or a name ("budget max_rows", "verdict"); ``path`` is posix and relative;
    ``node`` the harmless name of what it is about in the model; ``where`` says where a limit is set
    ("auditor.toml:12"); ``suppressed`` is the reason why nobody shall be bothered. ``fingerprint`` stays the
    same over runs, machines and changes of numbers (:func:`fingerprint`).
    """

    rule: str
    outcome: Outcome
    level: Level
    message: str
    path: str
    node: str = ""
    where: str = ""
    fingerprint: str
    suppressed: str | None = None


def fingerprint(rule: str, path: str, node: str = "") -> str:
    """32 hex digits that name a rule at a node of a file: no number and no order goes into them."""
    return hashlib.sha256("\0".join((rule, path, node)).encode("utf-8", "replace")).hexdigest()[:32]


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

    def results(self) -> Sequence[Result]:
        """For programs that gather what was checked: each thing with its outcome."""
        ...
