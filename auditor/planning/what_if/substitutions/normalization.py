"""Normalisations over values of the input, which a BatchNormalization folded into weights does without."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.planning.what_if.edit import Edit, removed
from auditor.planning.what_if.patterns import layer_normalizations
from auditor.planning.what_if.substitutions import swap
from auditor.planning.what_if.view import View


@swap("another function: train with BatchNormalization, and fold it into the weights next to it")
def folded(view: View) -> Iterator[Edit]:
    """As a node, or as the nodes exporters write: (x - mean) / √(mean of squares + ε), times and plus."""
    for node in view.of(
        "LayerNormalization", "InstanceNormalization", "GroupNormalization", "RMSNormalization",
        "SimplifiedLayerNormalization",
    ):  # fmt: skip
        if len([name for name in node.outputs if name]) == 1:
            yield removed(node)
    for match in layer_normalizations(view):
        yield match.becomes("Identity")
