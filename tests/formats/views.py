"""A view of any text at all, as if nobody had made it harmless."""

from __future__ import annotations

from hypothesis import strategies as st
from msgspec import Struct

from auditor.views.page import (
    Bar,
    Bullets,
    Chart,
    Column,
    Curve,
    Line,
    Mark,
    Page,
    Point,
    Ranges,
    Result,
    Rows,
    Scale,
    Share,
    Shares,
    Table,
    Words,
    fingerprint,
)

OUTCOMES = ("fail", "fail", "skip", "pass")
LEVELS = ("error", "warning", "note")


class Echo(Struct, frozen=True, dict=True):
    """Says ``texts`` at every place where a view can say something."""

    texts: tuple[str, ...]

    def page(self) -> Page:
        columns = (Column("A"), Column("B", "number"), Column(self.texts[0], "prose"))
        rows = tuple((text, Words(text, "bad"), text) for text in self.texts)
        table = Table(self.texts[-1], columns, rows)
        shares = Shares(table, tuple(Share(text, text, 7, text) for text in self.texts))
        bars = tuple(Bar(text, 1.0, 2.0, 3.0, text) for text in self.texts)
        curves = tuple(
            Curve(text, (Point(1.0, 2.0, 1.0, 3.0), Point(at + 2.0, 5.0)), kind)
            for at, text in enumerate(self.texts)
            for kind in ("line", "points", "fan")
        )
        chart = Chart(
            title=self.texts[0],
            x_title=self.texts[0],
            y_title=self.texts[-1],
            lines=curves,
            marks=tuple(Mark(text, 3.0, axis) for text in self.texts for axis in ("x", "y")),
            note=self.texts[-1],
            table=table,
        )
        parts = [part for text in self.texts for part in _about(text)]
        ranges = Ranges(table, (Scale("x", "seconds", bars),))
        return Page(self.texts[0], (*parts, table, shares, ranges, chart))

    def lines(self) -> list[str]:
        return list(self.texts)

    def document(self) -> dict[str, object]:
        return {"texts": list(self.texts), **{text: 1 for text in self.texts}}

    def results(self) -> list[Result]:
        return [
            Result(
                rule=text,
                outcome=OUTCOMES[at % 4],
                level=LEVELS[at % 3],
                message=text,
                path=text,
                node=text,
                where=text,
                fingerprint=fingerprint(text, text, text),
                suppressed=text if at % 5 == 4 else None,
            )
            for at, text in enumerate(self.texts)
        ]


def _about(text: str) -> list[Line | Rows | Bullets]:
    return [
        Line((Words(text, "strong"), Words(text, "good")), above=1),
        Line((Words(text),)),
        Rows(((text, text),)),
        Bullets((text,), title=text),
    ]


NASTY = (
    "\x1b[2J", "\x1b]0;x\x07", "\n::error::x", "\r\n##vso[task.x]", "##teamcity[x]", "|", "||", "`", "```\n",
    "<script>alert(1)</script>", "<!--", "-->", "]]>", "&lt;", "&#x0;", '"', "'", "@everyone", "#123", "!4",
    "https://evil.example/a", "www.evil.example", "[a](javascript:x)", "![a](b)", "\\", "\\|", "*", "__",
    "\ufffe", "\ud800", "\u202e", "\u200b", "\x00", "\x85", "\u2028", "%0A", "%", ",", "::", "/close\n/merge",
    "- x", "1. x", "# x", "=== ", "---", "| --- |", "\t", " ", "\u00a0", "x" * 300, "$a$", "~~~", "GH-1",
    "a@b.example", "é", "…",
)  # fmt: skip

hostile = st.lists(st.one_of(st.sampled_from(NASTY), st.text(max_size=8)), min_size=0, max_size=6).map(
    "".join
)
"""Text with everything that is special to one of the formats."""

views = st.lists(hostile, min_size=1, max_size=6).map(lambda texts: Echo(tuple(texts)))
