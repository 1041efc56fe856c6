"""The two ways in which our own lowering ends without a circuit."""

from __future__ import annotations


class LoweringError(Exception):
    """Names the operator, the node and the reason."""

    def __init__(self, operator: str, node: str, reason: str, way_out: str = "") -> None:
        super().__init__(f"{operator} {node}: {reason}".strip())
        self.operator = operator
        self.node = node
        self.reason = reason
        self.way_out = way_out


class Unsupported(LoweringError):
    """EZKL certainly rejects the model."""


class Unmodelled(LoweringError):
    """We are not certain what EZKL would build."""
