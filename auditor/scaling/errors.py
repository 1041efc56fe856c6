"""Why a model has no larger form that would still be the same architecture."""

from __future__ import annotations

from auditor.errors import UsageError
from auditor.model.graph import NodeDef
from auditor.safe import safe


class CannotScale(UsageError):
    """A model that cannot be made larger along an axis; ``node`` is what stands in the way, if one does."""

    def __init__(self, message: str, hint: str | None = None, *, node: str = "") -> None:
        super().__init__(message, hint)
        self.node = node

    @classmethod
    def at(cls, node: NodeDef, reason: str, hint: str | None = None) -> CannotScale:
        """The refusal at a node, told by its operator and name."""
        name = safe(label(node))
        return cls(f"{safe(node.op_type)} '{name}' {reason}", hint, node=name)


def label(node: NodeDef) -> str:
    """What a node is called: its name, else its first output."""
    return node.name or next((output for output in node.outputs if output), "")
