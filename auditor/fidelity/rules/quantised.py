"""ONNX's operators on quantised tensors: EZKL drops their scales and zero points."""

from __future__ import annotations

from auditor.fidelity.registry import node_rule
from auditor.fidelity.view import NodeView


@node_rule("AUD-FID-013", "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear")
def quantise(node: NodeView) -> str | None:
    """EZKL ``graph/utilities.rs``: ``QuantizeLinearU8`` and ``DequantizeLinearF32`` are the identity."""
    operator = node.node.op_type
    if operator == "DequantizeLinear" and _is_all(node, 1, 1) and _is_all(node, 2, 0):
        return None
    lost = (
        "scale and zero point"
        if operator == "DequantizeLinear"
        else "scale, zero point, rounding and saturation"
    )
    return f"{operator} returns its input: no {lost}"


@node_rule("AUD-FID-013", "MatMulInteger", "QLinearMatMul")
def quantised_product(node: NodeView) -> str | None:
    """Measured: the product is 0."""
    return f"{node.node.op_type} returns wrong products, 0 as a rule"


@node_rule("AUD-FID-013", "ConvInteger")
def integer_convolution(node: NodeView) -> str | None:
    """Measured: zero points are ignored."""
    if _is_all(node, 2, 0) and _is_all(node, 3, 0):
        return None
    return "ConvInteger ignores its zero points"


@node_rule("AUD-FID-013", "QLinearConv")
def quantised_convolution(node: NodeView) -> str | None:
    """Measured: right only where there is nothing to scale or to shift."""
    if all(_is_all(node, slot, 1) for slot in (1, 4, 6)) and all(
        _is_all(node, slot, 0) for slot in (2, 5, 7)
    ):
        return None
    return "QLinearConv does not apply its scales and zero points"


def _is_all(node: NodeView, slot: int, value: float) -> bool:
    """Whether an input is absent, or constant and nothing but ``value``."""
    if not node.has_input(slot):
        return True
    elements = node.constant(slot)
    return elements is not None and bool((elements == value).all())
