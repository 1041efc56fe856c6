"""An amount that is known within bounds."""

from __future__ import annotations

from msgspec import Struct


class Range(Struct, frozen=True, kw_only=True):
    """``mid`` is expected; nine in ten measurements lie from ``low`` to ``high``.

    Raises :class:`ValueError` unless 0 <= low <= mid <= high.
    """

    low: float
    mid: float
    high: float

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.mid <= self.high:
            raise ValueError(f"not a range: {self.low}, {self.mid}, {self.high}")

    def __add__(self, other: Range) -> Range:
        return Range(low=self.low + other.low, mid=self.mid + other.mid, high=self.high + other.high)


def total(ranges: list[Range]) -> Range:
    """The sum; wider than need be, as it supposes that all err on the same side."""
    return sum(ranges, start=Range(low=0.0, mid=0.0, high=0.0))
