"""What a lint says about itself, apart from its docstring."""

from __future__ import annotations

from msgspec import Struct

from auditor.findings import SEVERITIES, Finding


class About(Struct, frozen=True, kw_only=True):
    """The stable ``id``, the ``severity`` of its findings, and a ``title`` of a few words.

    ``checked_in`` is the file that checks it where the lint's own module does not.
    Raises ValueError for a severity that does not exist.
    """

    id: str
    severity: str
    title: str
    checked_in: str = ""

    def __post_init__(self) -> None:
        if self.severity not in SEVERITIES:
            raise ValueError(f"severity {self.severity!r} is none of {', '.join(SEVERITIES)}")

    def finding(self, message: str, node: str = "") -> Finding:
        """A finding of this lint; texts from a model must have been made harmless."""
        return Finding(rule=self.id, severity=self.severity, message=message, node=node)
