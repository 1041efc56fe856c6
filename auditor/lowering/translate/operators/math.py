"""Arithmetic (tract `onnx/src/ops/math`, `hir/src/ops/{binary,element_wise}.rs`)."""

from __future__ import annotations

from auditor.lowering.errors import Rejected
from auditor.lowering.graph.graph import Outlet
from auditor.lowering.translate.attributes import integer, text
from auditor.lowering.translate.expectations import expect_inputs, expect_output, expect_same_type
from auditor.lowering.translate.operators.activations import clip_between
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.axis import rank_broadcast, wire_with_rank_broadcast
from auditor.lowering.typed.binary import Binary, common_type, super_type
from auditor.lowering.typed.cast import Cast, scalar, wire_cast
from auditor.lowering.typed.comparison import Comp
from auditor.lowering.typed.element_wise import ElementWise, IsInf, IsNan
from auditor.lowering.typed.iff import Iff

_FIRST_CLIP = 6
"""tract reads no Clip of an older opset."""
_CLIP_BY_INPUTS = 11
"""The opset from which Clip takes its limits as inputs."""

_BINARY = {
    "Add": "Add", "Sub": "Sub", "Mul": "Mul", "Div": "Div", "And": "And", "Or": "Or", "Xor": "Xor",
    "BitwiseAnd": "BitAnd", "BitwiseOr": "BitOr", "BitwiseXor": "BitXor",
}  # fmt: skip

_VARIADIC = {"Sum": "Add", "Mean": "Add", "Max": "Max", "Min": "Min"}

_UNARY = {
    "Abs": "Abs", "Ceil": "Ceil", "Floor": "Floor", "Round": "RoundHalfToEven", "Cos": "Cos", "Sin": "Sin",
    "Tan": "Tan", "Acos": "Acos", "Asin": "Asin", "Atan": "Atan", "Cosh": "Cosh", "Sinh": "Sinh",
    "Tanh": "Tanh", "Acosh": "Acosh", "Asinh": "Asinh", "Atanh": "Atanh", "Erf": "Erf", "Exp": "Exp",
    "Log": "Ln", "Sqrt": "Sqrt", "Rsqrt": "Rsqrt", "Neg": "Neg", "Sign": "Sign", "Reciprocal": "Recip",
    "Not": "Not", "BitwiseNot": "BitNot", "Sigmoid": "Sigmoid", "HardSwish": "HardSwish",
}  # fmt: skip


@translates(*_BINARY)
def binary(call: Call) -> list[Outlet]:
    """Two inputs, brought to one rank and then to one type."""
    return _wire_binary(call, _BINARY[call.node.op_type])


def _wire_binary(call: Call, kind: str) -> list[Outlet]:
    expect_inputs(call, 2)
    a, b = call.present
    operating = common_type(call.fact(a).dt, call.fact(b).dt)
    wires = rank_broadcast(call.graph, call.name, [a, b])
    wires = wire_cast(call.graph, call.name, wires, operating)
    return [call.wire(Binary(kind=kind), *wires)]


@translates("BitShift")
def bit_shift(call: Call) -> list[Outlet]:
    """A shift whose amounts are the second input."""
    return _wire_binary(call, "ShiftRight" if text(call, "direction") == "RIGHT" else "ShiftLeft")


@translates(*_VARIADIC)
def variadic(call: Call) -> list[Outlet]:
    """A chain of binary operations; a mean divides its end by the number of inputs."""
    if not call.present:
        raise Rejected("has no inputs")
    kind = Binary(kind=_VARIADIC[call.node.op_type])
    operating = super_type([call.fact(outlet).dt for outlet in call.present])
    inputs = wire_cast(call.graph, call.name, call.present, operating)
    wire = inputs[0]
    for slot, outlet in enumerate(inputs[1:]):
        pair = rank_broadcast(call.graph, f"{call.name}.{slot}", [wire, outlet])
        wire = call.wire(kind, *pair, suffix=str(slot))
    if call.node.op_type != "Mean":
        return [wire]
    count = call.const(scalar(len(inputs), operating, call.fact(inputs[0]).rank), "n")
    return [call.wire(Binary(kind="Div"), wire, count, suffix="norm")]


@translates(*_UNARY)
def unary(call: Call) -> list[Outlet]:
    """One input; the absolute value of a dimension is an integer."""
    expect_inputs(call, 1)
    kind = _UNARY[call.node.op_type]
    dt = call.fact(call.present[0]).dt
    operating = "i64" if kind == "Abs" and dt == "tdim" else dt
    wires = wire_cast(call.graph, call.name, call.present, operating)
    return [call.wire(ElementWise(kind=kind), *wires)]


@translates("IsNaN")
def is_nan(call: Call) -> list[Outlet]:
    """Whether elements are not numbers."""
    expect_inputs(call, 1)
    return [call.wire(IsNan(), *call.present)]


@translates("IsInf")
def is_inf(call: Call) -> list[Outlet]:
    """Whether elements are infinite."""
    expect_inputs(call, 1)
    positive, negative = (bool(integer(call, f"detect_{sign}", 1)) for sign in ("positive", "negative"))
    return [call.wire(IsInf(detect_positive=positive, detect_negative=negative), *call.present)]


@translates("Pow")
def power(call: Call) -> list[Outlet]:
    """A power of the type of its base; a mixture of integers and floats is computed in f64."""
    expect_inputs(call, 2)
    base, exponent = (call.fact(outlet) for outlet in call.present)
    wires = rank_broadcast(call.graph, call.name, call.present)
    if _is_integer(base.dt) != _is_integer(exponent.dt):
        wires = wire_cast(call.graph, call.name, wires, "f64")
        wire = call.wire(Binary(kind="Pow"), *wires, suffix="pow")
        return [call.wire(Cast(to=base.dt), wire)]
    wires = wire_cast(call.graph, call.name, wires, common_type(base.dt, exponent.dt))
    wire = call.wire(Binary(kind="Pow"), *wires)
    expect_output(call, wire, base.dt, call.fact(wire).shape)
    return [wire]


def _is_integer(dt: str) -> bool:
    return dt[0] in "iu"


@translates("Mod")
def modulo(call: Call) -> list[Outlet]:
    """The remainder with the sign of the dividend (``fmod``) or of the divisor."""
    if integer(call, "fmod", 0) == 1:
        return _wire_binary(call, "Rem")
    expect_inputs(call, 2)
    a, b = (call.fact(outlet) for outlet in call.present)
    dt = common_type(a.dt, b.dt)
    wires = rank_broadcast(call.graph, call.name, call.present)
    wires = wire_cast(call.graph, call.name, wires, dt)
    if dt[0] == "u" or dt == "tdim":
        return [call.wire(Binary(kind="Rem"), *wires)]
    zero = call.const(scalar(0.0, a.dt, a.rank), "zero")
    divisor = wires[1]
    remainder = call.wire(Binary(kind="Rem"), *wires, suffix="rem")
    below = call.wire(Comp(kind=">"), zero, remainder, suffix="rem_is_neg")
    above = call.wire(Comp(kind="<"), zero, remainder, suffix="rem_is_pos")
    divisor_below = call.wire(Comp(kind=">"), zero, divisor, suffix="b_is_neg")
    divisor_above = call.wire(Comp(kind="<"), zero, divisor, suffix="b_is_pos")
    both = Binary(kind="And")
    low = call.wire(both, below, divisor_above, suffix="rem_is_neg_b_is_pos")
    high = call.wire(both, above, divisor_below, suffix="rem_is_pos_b_is_neg")
    adjust = call.wire(Binary(kind="Or"), high, low, suffix="adjust")
    adjusted = call.wire(Binary(kind="Add"), remainder, divisor, suffix="adjusted")
    return [call.wire(Iff(), adjust, adjusted, remainder)]


@translates("Clip")
def clip(call: Call) -> list[Outlet]:
    """Limits by attributes (to opset 10) or by inputs, which must have the type of the first."""
    if call.opset < _FIRST_CLIP:
        raise Rejected(f"EZKL does not read Clip of opset {call.opset}", "convert the model to opset 13")
    if call.opset < _CLIP_BY_INPUTS:
        expect_inputs(call, 1)
        return [clip_between(call, _limit(call, "min"), _limit(call, "max"))]
    expect_same_type(call, call.present, "Clip's inputs")
    wire = call.input(0)
    fact = call.fact(wire)
    expect_inputs(call, 1 + sum(call.optional_input(slot) is not None for slot in (1, 2)))
    for slot, label, kind in ((1, "min", "Max"), (2, "max", "Min")):
        limit = call.optional_input(slot)
        if limit is not None:
            name = f"{call.name}.{label}"
            wire = wire_with_rank_broadcast(call.graph, name, Binary(kind=kind), [wire, limit])[0]
    expect_output(call, wire, fact.dt, fact.shape)
    return [wire]


def _limit(call: Call, name: str) -> float | None:
    value = call.node.attributes.get(name)
    if value is not None and not isinstance(value, float):
        raise Rejected(f"attribute {name} is not a float")
    return value
