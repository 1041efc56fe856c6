"""Why a circuit's numbers cannot be told."""

from __future__ import annotations


class Unmodelled(Exception):
    """An operation, or a form of one, whose numbers this package does not know; ``node`` names it."""

    def __init__(self, reason: str, node: str = "") -> None:
        super().__init__(f"{node}: {reason}" if node else reason)
        self.reason = reason
        self.node = node

    def at(self, node: str) -> Unmodelled:
        """The same, at a node unless it is known to be at one already."""
        return type(self)(self.reason, self.node or node)


class Overflow(Exception):
    """A value may need more than 63 bits and a sign; EZKL's field elements have room for it, we do not."""

    def __init__(self, reason: str, node: str = "") -> None:
        super().__init__(f"{node}: {reason}" if node else reason)
        self.reason = reason
        self.node = node

    def at(self, node: str) -> Overflow:
        """The same, at a node unless it is known to be at one already."""
        return type(self)(self.reason, self.node or node)
