"""LSTM, GRU and RNN: tract's translation has fixed activations and one direction."""

from __future__ import annotations

from auditor.fidelity.registry import node_rule
from auditor.fidelity.view import NodeView

_DEFAULTS = {
    "GRU": ("sigmoid", "tanh"),
    "LSTM": ("sigmoid", "tanh", "tanh"),
    "RNN": ("tanh",),
}


@node_rule("AUD-FID-010", "GRU", "LSTM", "RNN", folded=True)
def reversed_direction(node: NodeView) -> str | None:
    """EZKL casts the negative chunk of a reversed scan to unsigned and scans forward."""
    if node.attribute("direction", "forward") != "reverse" or _steps(node) == 1:
        return None
    return f"{node.node.op_type} with direction=reverse runs forward"


@node_rule("AUD-FID-021", "GRU", "LSTM", "RNN", folded=True)
def attributes_ignored(node: NodeView) -> str | None:
    """tract reads neither ``clip`` nor ``input_forget``, and of ``activations`` not all."""
    operator = node.node.op_type
    activations = _texts(node, "activations")
    default = _DEFAULTS[operator]
    if activations and tuple(name.lower() for name in activations[: len(default)]) != default:
        return f"{operator} ignores activations {', '.join(activations)}"
    if "clip" in node.node.attributes:
        return f"{operator} ignores clip={node.attribute('clip', 0.0):g}"
    if operator == "LSTM" and node.attribute("input_forget", 0) != 0:
        return "LSTM ignores input_forget=1"
    return None


def _steps(node: NodeView) -> int | None:
    """The length of the sequence, None when it is not known."""
    shape = node.fact(0).shape
    axis = 1 if node.attribute("layout", 0) else 0
    return shape[axis] if shape is not None and axis < len(shape) else None


def _texts(node: NodeView, name: str) -> tuple[str, ...]:
    value = node.node.attributes.get(name)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, tuple) else ()
