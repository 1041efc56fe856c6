"""The view of ``auditor config``: what holds, and where that is said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from auditor._version import __version__
from auditor.config.report import ConfigReport, Said
from auditor.views.page import Column, Line, Page, Part, Result, Table, Words

SCHEMA = "auditor.config/1"


class ConfigView(Struct, frozen=True):
    """The configuration of one folder or model."""

    report: ConfigReport

    def page(self) -> Page:
        """A table of what holds."""
        return Page(f"auditor {__version__}", tuple(self._parts()))

    def lines(self) -> list[str]:
        """``key = value (where)``."""
        return [f"{item.key} = {item.value} ({item.where})" for item in self.report.said]

    def document(self) -> Mapping[str, Any]:
        """The schema ``auditor.config/1``."""
        return {
            "schema": SCHEMA,
            "tool": {"name": "auditor", "version": __version__},
            "path": self.report.path,
            "files": list(self.report.files),
            "excluded_by": self.report.excluded_by,
            "settings": [_document(item) for item in self.report.said],
        }

    def results(self) -> Sequence[Result]:
        """Nothing is checked."""
        return ()

    def _parts(self) -> Iterator[Part]:
        report = self.report
        files = ", ".join(report.files) or "no configuration: defaults"
        yield Line((Words(report.path, "strong"), Words(files)), above=1)
        if report.excluded_by:
            yield Line((Words(f"excluded by {report.excluded_by}", "warning"),))
        columns = (Column("Key"), Column("Value", "prose"), Column("Set in", "prose"))
        rows = tuple((item.key, item.value, item.where) for item in report.said)
        yield Table("Effective configuration", columns, rows)


def _document(item: Said) -> dict[str, object]:
    return {"key": item.key, "value": item.value, "where": item.where}
