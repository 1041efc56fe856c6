"""Element types and arithmetic: a circuit has fixed-point numbers only, and EZKL drops what a type means."""

from __future__ import annotations

import numpy as np

from auditor.fidelity.propagate import CODES
from auditor.fidelity.registry import node_rule
from auditor.fidelity.traits import not_negative, whole, zero_or_one
from auditor.fidelity.view import NodeView, NotKnown

_BITS = {
    "int8": 7,
    "int16": 15,
    "int32": 31,
    "int64": 63,
    "uint8": 8,
    "uint16": 16,
    "uint32": 32,
    "uint64": 64,
}
_FLOATS = ("float", "float16", "double", "bfloat16")
_WIDE = ("int32", "int64", "uint32", "uint64")
"""Types whose range a model does not leave on purpose."""


@node_rule("AUD-FID-014", "Div", "BitShift", "ReduceMean", folded=True)
def integer_division(node: NodeView) -> str | None:
    """EZKL divides integers as it divides fixed-point numbers, at a scale that keeps the fraction."""
    operator = node.node.op_type
    if node.is_folded or node.dtype(0) in _FLOATS:
        return None
    if operator == "ReduceMean":
        return "ReduceMean of integers keeps the fraction that ONNX drops"
    if operator == "BitShift" and node.attribute("direction", "") != "RIGHT":
        return None
    amount = node.constant(1)
    harmless = (0,) if operator == "BitShift" else (1, -1)
    if amount is None or np.isin(amount, harmless).all():
        return None
    return f"{operator} of integers keeps the fraction that ONNX drops (7 / 2 is 3.5)"


@node_rule("AUD-FID-014", "Pow", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp")
def root_of_integers(node: NodeView) -> str | None:
    """ONNX gives the results of these the integer type of the operand, and drops the fraction."""
    operator = node.node.op_type
    if node.dtype(0) in _FLOATS:
        return None
    if operator == "Pow":
        exponent = node.constant(1)
        if exponent is None or bool((np.trunc(exponent) == exponent).all()):
            return None
    return f"{operator} of integers does not drop the fraction as ONNX does"


@node_rule("AUD-FID-015", "Pow")
def power_of_zero_or_less(node: NodeView) -> str | None:
    """EZKL casts a whole exponent to unsigned and multiplies; without a factor, the scale stays wrong."""
    exponent = node.constant(1)
    if exponent is None or exponent.size != 1:
        return None
    value = float(exponent.ravel()[0])
    if value > 0 or value != int(value):
        return None
    return f"Pow with exponent {value:g} returns its base at a wrong scale"


@node_rule("AUD-FID-017", "Cast", "CastLike")
def cast(node: NodeView) -> str | None:
    """EZKL casts to any integer type or bool by rounding down, and from integers not at all."""
    to, source = _target(node), node.dtype(0)
    name = node.node.inputs[0]
    if to == "bool":
        if zero_or_one(node.graph, name):
            return None
        return "Cast to bool keeps the number: 2 stays 2"
    if source not in _FLOATS or to in _FLOATS:
        return None
    if whole(node.graph, name) or not_negative(node.graph, name):
        return None
    return f"Cast from {source} to {to} rounds down: -0.5 becomes -1, not 0"


@node_rule("AUD-FID-030", "Cast", "CastLike", "BitShift", severity="medium")
def no_wrapping(node: NodeView) -> str | None:
    """Numbers of a circuit do not wrap around where those of a narrow integer type do."""
    source = node.dtype(0)
    if node.node.op_type == "BitShift":
        left = node.attribute("direction", "") == "LEFT" and source not in _WIDE
        return f"BitShift to the left does not drop bits beyond {source}" if left else None
    to = _target(node)
    if source not in _BITS or to not in _BITS or to in _WIDE:
        return None
    same_sign = (
        source.startswith("u") or not to.startswith("u") or not_negative(node.graph, node.node.inputs[0])
    )
    if same_sign and _BITS[source] <= _BITS[to]:
        return None
    return f"Cast from {source} to {to} does not wrap around numbers beyond {to}"


@node_rule("AUD-FID-030", "Add", "Mean", "Mul", "Neg", "ReduceSum", "Sub", "Sum", severity="medium")
def no_overflow(node: NodeView) -> str | None:
    """Sums and products of narrow types, and what would be below 0 of unsigned ones, wrap around in ONNX."""
    kind, operator = node.dtype(0), node.node.op_type
    if kind in _FLOATS or kind == "bool" or kind not in _BITS:
        return None
    if kind in _WIDE and not (operator == "Sub" and kind.startswith("u")):
        return None
    return f"{operator} of {kind} does not wrap around numbers beyond {kind}"


def _target(node: NodeView) -> str:
    if node.node.op_type == "CastLike":
        return node.dtype(1)
    to = CODES.get(node.attribute("to", 0))
    if to is None:
        raise NotKnown("the type it casts to is not known")
    return to
