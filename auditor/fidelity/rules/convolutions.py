"""Conv: what tract merges into a kernel and a bias, and merges wrongly."""

from __future__ import annotations

from auditor.fidelity.registry import node_rule
from auditor.fidelity.view import GraphView, NodeView
from auditor.model.graph import NodeDef

_ARITHMETIC = ("Add", "Div", "Mul", "Sub")
_ALWAYS_MERGED = ("BatchNormalization", "Dropout", "Identity")
"""Operators that become part of a convolution before them, or vanish."""


@node_rule("AUD-FID-035", "Div", "Sub")
def convolution_on_the_right(node: NodeView) -> str | None:
    """tract core/src/ops/cnn/conv/conv.rs merges arithmetic with one number per channel into kernel and bias,
    and treats ``v - conv(x)`` as a change of the bias alone, ``v / conv(x)`` as one of every weight."""
    numbers, name = node.node.inputs
    conv = _convolution(node.graph, name)
    if conv is None or not _is_per_channel(node.graph, numbers, conv):
        return None
    if node.node.op_type == "Sub":
        return "numbers minus a Conv are computed as numbers plus that Conv, its bias subtracted"
    return "numbers divided by a Conv are computed as a Conv with the numbers divided by each weight"


def _convolution(graph: GraphView, name: str) -> NodeView | None:
    """The convolution that makes a value, by itself or with what tract merges into it."""
    merged: list[NodeDef] = []
    while (maker := graph.producers.get(name)) is not None and graph.uses.get(name, 0) == 1:
        if maker.op_type == "Conv":
            conv = NodeView(node=maker, graph=graph)
            is_kept = conv.attribute("group", 1) == 1 and not _is_product(conv)
            others = [_other(graph, node) for node in merged if node.op_type in _ARITHMETIC]
            return conv if is_kept and all(_is_per_channel(graph, other, conv) for other in others) else None
        if maker.op_type not in (*_ARITHMETIC, *_ALWAYS_MERGED):
            return None
        merged.append(maker)
        is_second = maker.op_type in _ARITHMETIC and _other(graph, maker) == maker.inputs[0]
        name = maker.inputs[1 if is_second else 0]
    return None


def _other(graph: GraphView, node: NodeDef) -> str:
    """The constant operand of a sum or product."""
    return node.inputs[0] if graph.fact(node.inputs[0]).is_constant else node.inputs[1]


def _is_product(conv: NodeView) -> bool:
    """Whether tract makes a matrix product of it before: windows of one place, without padding."""
    if any(size != 1 for size in conv.dims(1)[2:]) or any(conv.sizes("pads")):
        return False
    is_padded = conv.attribute("auto_pad", "NOTSET").startswith("SAME")
    return not is_padded or all(step == 1 for step in conv.sizes("strides"))


def _is_per_channel(graph: GraphView, name: str, conv: NodeView) -> bool:
    """Whether a value has one number for each channel that the convolution makes."""
    here, weights = graph.fact(name).dims, conv.dims(1)
    if here is None or len(here) > len(weights):
        return False
    aligned = (1,) * (len(weights) - len(here)) + here
    return aligned == (1, weights[0], *(1 for _ in weights[2:]))
