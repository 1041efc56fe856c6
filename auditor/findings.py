"""What is wrong or worth knowing about a model, as values."""

from __future__ import annotations

from msgspec import Struct

SEVERITIES = ("critical", "high", "medium", "low", "info")
"""From worst to mildest."""


class Finding(Struct, frozen=True, kw_only=True):
    """One observation. ``rule`` is its stable id, ``node`` the raw name it concerns ('' for the file).

    Raises ValueError for a severity that is not in ``SEVERITIES``.
    """

    rule: str
    severity: str
    message: str
    node: str = ""

    def __post_init__(self) -> None:
        if self.severity not in SEVERITIES:
            raise ValueError(f"severity {self.severity!r} is none of {', '.join(SEVERITIES)}")
