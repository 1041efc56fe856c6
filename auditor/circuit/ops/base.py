"""What every operation of a circuit is."""

from __future__ import annotations

from msgspec import Struct

Shape = tuple[int, ...]
Padding = tuple[tuple[int, int], ...]
"""(before, after) for each padded axis."""


class Op(Struct, frozen=True):
    """Base of all circuit operations. Those without attributes are equal when they are of one class."""

    @property
    def name(self) -> str:
        """EZKL's name of the operation."""
        return type(self).__name__
