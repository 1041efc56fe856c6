"""How our own lowering ends without a circuit, and why a constant has no values to look at."""

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

    @classmethod
    def because(cls, operator: str, node: str, doubt: Exception) -> Unmodelled:
        """The doubt about one node; an empty text means that the file lacks the values."""
        kind = TooLarge if isinstance(doubt, TooManyValues) else cls
        return kind(operator, node, str(doubt) or "it depends on values that the file does not hold")


class TooLarge(Unmodelled):
    """The model asks for more than can be looked at, and EZKL would fare no better."""


class ValuesAbsent(Exception):
    """A rule asked for the values of a constant that the file does not hold."""


class TooManyValues(ValuesAbsent):
    """A rule asked for the values of a constant that has too many."""


class Rejected(Exception):
    """tract or EZKL certainly refuses this node; the text is why."""

    def __init__(self, reason: str, way_out: str = "") -> None:
        super().__init__(reason)
        self.way_out = way_out


class Uncertain(Exception):
    """We do not know exactly what tract makes of this node; the text is why."""
