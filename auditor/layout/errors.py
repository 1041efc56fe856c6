"""What layout refuses."""

from __future__ import annotations


class LayoutError(Exception):
    """EZKL rejects this circuit while it lays it out (an error or a panic).

    ``node`` names the node, ``reason`` says why in words a user understands. ``rows_needed`` is how many
    usable rows a column must have at least for what did not fit; 0 where longer columns would not help.
    """

    def __init__(self, reason: str, node: str = "", *, rows_needed: int = 0) -> None:
        super().__init__(f"{node}: {reason}" if node else reason)
        self.reason = reason
        self.node = node
        self.rows_needed = rows_needed

    def at(self, node: str) -> LayoutError:
        """The same error, at a node unless it is known to be at one already."""
        return LayoutError(self.reason, self.node or node, rows_needed=self.rows_needed)
