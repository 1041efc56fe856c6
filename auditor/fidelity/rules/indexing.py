"""Operators that read or write at positions given by another tensor."""

from __future__ import annotations

import numpy as np

from auditor.fidelity.registry import node_rule
from auditor.fidelity.traits import not_negative
from auditor.fidelity.view import NodeView, NotKnown


@node_rule("AUD-FID-006", "ScatterElements", "ScatterND", folded=True)
def scatter_reduction(node: NodeView) -> str | None:
    """Neither tract nor EZKL reads ``reduction``."""
    reduction = node.attribute("reduction", "none")
    return (
        None if reduction == "none" else f"{node.node.op_type} ignores reduction={reduction}: it overwrites"
    )


@node_rule("AUD-FID-016", "Gather", "GatherElements", "GatherND", "ScatterElements", "ScatterND")
def negative_constant_index(node: NodeView) -> str | None:
    """EZKL casts constant indices from float to unsigned, which makes 0 of all below; Gather knows -1."""
    indices = node.constant(1)
    if indices is None:
        return None
    wrong = indices[(indices < 0) & ((indices != -1) | (node.node.op_type != "Gather"))]
    return f"{node.node.op_type} reads index {int(wrong[0])} as 0" if wrong.size else None


@node_rule(
    "AUD-FID-025", "Gather", "GatherElements", "GatherND", "ScatterElements", "ScatterND", severity="info"
)
def negative_index(node: NodeView) -> str | None:
    """EZKL's dynamic lookup has no entry for a negative index."""
    if node.fact(1).is_constant or not_negative(node.graph, node.node.inputs[1]):
        return None
    return f"{node.node.op_type}: an input with a negative index has no witness"


@node_rule("AUD-FID-018", "OneHot", folded=True)
def one_hot_values(node: NodeView) -> str | None:
    """EZKL's ``one_hot`` writes 0 and 1; tract's operator carries the values."""
    if node.is_folded:
        return None
    values = node.constant(2)
    if values is None:
        raise NotKnown("its values are not constant")
    if values.size == 2 and np.array_equal(values.ravel().astype(np.float64), (0.0, 1.0)):
        return None
    return f"OneHot writes 0 and 1 in place of {' and '.join(f'{value:g}' for value in values.ravel()[:2])}"


@node_rule("AUD-FID-025", "OneHot", severity="info")
def one_hot_index(node: NodeView) -> str | None:
    """EZKL's ``one_hot`` proves that each index is one of the classes."""
    if node.fact(0).is_constant:
        return None
    return "OneHot: an input with an index below 0, or not below the depth, has no witness"
