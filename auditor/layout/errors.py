"""What layout refuses."""

from __future__ import annotations


class LayoutError(Exception):
    """EZKL rejects this circuit while it lays it out (an error or a panic).

    ``node`` names the node, ``reason`` says why in words a user understands.
    """

    def __init__(self, reason: str, node: str = "") -> None:
        super().__init__(f"{node}: {reason}" if node else reason)
        self.reason = reason
        self.node = node
