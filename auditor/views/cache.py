"""The view of ``auditor cache``: what is kept of earlier proofs."""

from __future__ import annotations

from msgspec import Struct

from auditor._version import __version__
from auditor.proving.store import Entry
from auditor.units import bytes_text, seconds_text
from auditor.views.page import Column, Line, Page, Result, Table, Words

SCHEMA = "auditor.cache/1"


class CacheView(Struct, frozen=True):
    """The entries under ``root``, as they were ``now`` (seconds since the epoch)."""

    root: str
    entries: tuple[Entry, ...]
    now: float

    @property
    def total_bytes(self) -> int:
        """Of all entries."""
        return sum(entry.bytes for entry in self.entries)

    def page(self) -> Page:
        """Where it is, how much there is, and every entry."""
        summary = f"{len(self.entries):,} finished steps · {bytes_text(self.total_bytes)}"
        line = Line((Words(self.root, "strong"), Words(summary)), above=1)
        columns = (
            Column("Step"), Column("Entry"), Column("Bytes", "number"), Column("Used", "number"), Column(""),
        )  # fmt: skip
        rows = tuple(
            (
                entry.kind,
                entry.digest[:12],
                bytes_text(entry.bytes),
                f"{seconds_text(max(self.now - entry.last_used, 1.0))} ago",
                Words("in use", "warning") if entry.in_use else "",
            )
            for entry in self.entries
        )
        parts = (line, Table("Least recently used first", columns, rows)) if rows else (line,)
        return Page(f"auditor {__version__}", parts)

    def lines(self) -> list[str]:
        """A line for each entry."""
        return [f"{entry.kind} {entry.digest} {entry.bytes}" for entry in self.entries]

    def document(self) -> dict[str, object]:
        """The schema ``auditor.cache/1``: the one report with a path and times, being about them."""
        return {
            "schema": SCHEMA,
            "tool": {"name": "auditor", "version": __version__},
            "root": self.root,
            "total_bytes": self.total_bytes,
            "entries": [
                {
                    "kind": entry.kind,
                    "digest": entry.digest,
                    "bytes": entry.bytes,
                    "last_used": round(entry.last_used),
                    "in_use": entry.in_use,
                }
                for entry in self.entries
            ],
        }

    def results(self) -> list[Result]:
        """Nothing is checked here."""
        return []
