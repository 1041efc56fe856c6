"""Relu for other activation functions: it has no table, no exponential and no rescaling."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.planning.what_if.change import RETRAIN
from auditor.planning.what_if.edit import Edit, swapped
from auditor.planning.what_if.patterns import gelus, silus
from auditor.planning.what_if.substitutions import swap
from auditor.planning.what_if.view import View

_ACTIVATIONS = (
    "Celu", "Elu", "Gelu", "HardSwish", "LeakyRelu", "Mish", "PRelu", "Selu", "Softplus", "Swish",
    "ThresholdedRelu",
)  # fmt: skip


@swap(RETRAIN)
def relus(view: View) -> Iterator[Edit]:
    """For a node, or for the nodes that Gelu and Silu are exported as."""
    for node in view.of(*_ACTIVATIONS):
        yield swapped(node, "Relu")
    for match in (*gelus(view), *silus(view)):
        yield match.becomes("Relu")
