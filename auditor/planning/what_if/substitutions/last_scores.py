"""The last step from scores to probabilities: whoever reads the proof can take it."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.model.graph import NodeDef
from auditor.planning.what_if.edit import Edit, removed
from auditor.planning.what_if.substitutions import swap
from auditor.planning.what_if.view import View


@swap("same class: scores keep their order, and are proved instead of probabilities")
def in_order(view: View) -> Iterator[Edit]:
    """Softmax, and logarithms."""
    for node in view.of("Softmax", "LogSoftmax", "Log"):
        if _is_last(view, node):
            yield removed(node)


@swap("same decision: at a score of 0 instead of a probability of 0.5")
def at_zero(view: View) -> Iterator[Edit]:
    """Sigmoid."""
    for node in view.of("Sigmoid", "HardSigmoid"):
        if _is_last(view, node):
            yield removed(node)


def _is_last(view: View, node: NodeDef) -> bool:
    """Whether a node makes an output and nothing else, of what is none yet."""
    name = node.outputs[0]
    return name in view.outputs and not view.readers(name) and node.inputs[0] not in view.outputs
