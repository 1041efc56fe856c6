"""Activations, most of which tract wires from simpler operations (tract `hir/src/ops/activations.rs`).

Constants are numbers of f32 cast to the type of the input; for an integer input a slope of 0.2 is 0.
"""

from __future__ import annotations

from auditor.lowering.errors import Rejected
from auditor.lowering.graph.axis_op import add as add_axis
from auditor.lowering.graph.graph import Outlet
from auditor.lowering.translate.attributes import real
from auditor.lowering.translate.expectations import expect_inputs, expect_output
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.axis import AxisOp
from auditor.lowering.typed.binary import Binary
from auditor.lowering.typed.cast import scalar
from auditor.lowering.typed.comparison import Comp
from auditor.lowering.typed.element_wise import ElementWise
from auditor.lowering.typed.iff import Iff

_ADD, _SUB, _MUL, _DIV = (Binary(kind=kind) for kind in ("Add", "Sub", "Mul", "Div"))
_MIN, _MAX = Binary(kind="Min"), Binary(kind="Max")
_LESS, _GREATER = Comp(kind="<"), Comp(kind=">")
_EXP, _LN, _ABS, _TANH = (ElementWise(kind=kind) for kind in ("Exp", "Ln", "Abs", "Tanh"))


def _input(call: Call) -> Outlet:
    expect_inputs(call, 1)
    return call.present[0]


def _constant(call: Call, value: float, suffix: str) -> Outlet:
    """A number in the type and rank of the first input."""
    fact = call.fact(call.present[0])
    return call.const(scalar(value, fact.dt, fact.rank), suffix)


def _required(call: Call, name: str) -> float:
    if name not in call.node.attributes:
        raise Rejected(f"attribute {name} is missing")
    return real(call, name, 0.0)


def clip_between(call: Call, low: float | None, high: float | None) -> Outlet:
    """The first input within two limits."""
    wire = call.present[0]
    if low is not None:
        wire = call.wire(_MAX, wire, _constant(call, low, "low.cst"), suffix="low")
    if high is not None:
        wire = call.wire(_MIN, wire, _constant(call, high, "high.cst"), suffix="high")
    return wire


@translates("Relu")
def relu(call: Call) -> list[Outlet]:
    """A maximum with zero."""
    _input(call)
    return [clip_between(call, 0.0, None)]


@translates("LeakyRelu")
def leaky_relu(call: Call) -> list[Outlet]:
    """An operation of its own."""
    return [call.wire(ElementWise(kind="LeakyRelu", alpha=real(call, "alpha", 0.01)), _input(call))]


@translates("Softplus")
def softplus(call: Call) -> list[Outlet]:
    """ln(exp(x) + 1)."""
    x = _input(call)
    one = _constant(call, 1.0, "one")
    wire = call.wire(_EXP, x, suffix="exp")
    wire = call.wire(_ADD, wire, one, suffix="plus_one")
    return [call.wire(_LN, wire, suffix="ln")]


@translates("ParametricSoftplus")
def parametric_softplus(call: Call) -> list[Outlet]:
    """alpha ln(1 + exp(beta x))."""
    x = _input(call)
    alpha, beta = _required(call, "alpha"), _required(call, "beta")
    one = _constant(call, 1.0, "one")
    factor = _constant(call, alpha, "alpha")
    wire = call.wire(_MUL, _constant(call, beta, "beta"), x, suffix="mul_beta")
    wire = call.wire(_EXP, wire, suffix="exp")
    wire = call.wire(_ADD, one, wire, suffix="plus_one")
    wire = call.wire(_LN, wire, suffix="ln")
    return [call.wire(_MUL, factor, wire, suffix="mul_alpha")]


@translates("Softsign")
def softsign(call: Call) -> list[Outlet]:
    """x / (|x| + 1)."""
    x = _input(call)
    one = _constant(call, 1.0, "one")
    wire = call.wire(_ABS, x, suffix="abs")
    wire = call.wire(_ADD, wire, one, suffix="plus_one")
    return [call.wire(_DIV, x, wire, suffix="div")]


@translates("ScaledTanh")
def scaled_tanh(call: Call) -> list[Outlet]:
    """alpha tanh(beta x)."""
    x = _input(call)
    alpha = _constant(call, _required(call, "alpha"), "alpha")
    beta = _constant(call, _required(call, "beta"), "beta")
    wire = call.wire(_MUL, beta, x, suffix="mul_beta")
    wire = call.wire(_TANH, wire, suffix="tanh")
    return [call.wire(_MUL, alpha, wire, suffix="mul_alpha")]


@translates("Celu")
def celu(call: Call) -> list[Outlet]:
    """max(0, x) + min(0, exp(x / alpha) - 1); tract leaves out the factor alpha."""
    x = _input(call)
    zero, one = _constant(call, 0.0, "zero"), _constant(call, 1.0, "one")
    wire = call.wire(_DIV, x, _constant(call, real(call, "alpha", 1.0), "alpha"), suffix="x_over_alpha")
    wire = call.wire(_EXP, wire, suffix="exp")
    wire = call.wire(_SUB, wire, one, suffix="minus_one")
    wire = call.wire(_MIN, zero, wire, suffix="sat-zero")
    positive = call.wire(_MAX, zero, x, suffix="relu")
    return [call.wire(_ADD, positive, wire)]


@translates("Elu")
def elu(call: Call) -> list[Outlet]:
    """x where it is positive, else alpha (exp(x) - 1)."""
    x = _input(call)
    zero, one = _constant(call, 0.0, "zero"), _constant(call, 1.0, "one")
    alpha = _constant(call, real(call, "alpha", 1.0), "alpha")
    wire = call.wire(_EXP, x, suffix="exp")
    wire = call.wire(_SUB, wire, one, suffix="minus_one")
    wire = call.wire(_MUL, alpha, wire, suffix="mul_alpha")
    test = call.wire(_LESS, zero, x, suffix="test")
    return [call.wire(Iff(), test, x, wire, suffix="iff")]


@translates("Selu")
def selu(call: Call) -> list[Outlet]:
    """gamma times x where it is positive, else gamma (alpha exp(x) - alpha)."""
    x = _input(call)
    zero = _constant(call, 0.0, "zero")
    alpha = _constant(call, real(call, "alpha", 1.67326), "alpha")
    gamma = _constant(call, real(call, "gamma", 1.0507), "gamma")
    wire = call.wire(_EXP, x, suffix="exp")
    wire = call.wire(_MUL, wire, alpha, suffix="mul_alpha")
    wire = call.wire(_SUB, wire, alpha, suffix="sub_alpha")
    test = call.wire(_LESS, zero, x, suffix="test")
    wire = call.wire(Iff(), test, x, wire, suffix="iff")
    return [call.wire(_MUL, gamma, wire, suffix="mul_gamma")]


@translates("HardSigmoid")
def hard_sigmoid(call: Call) -> list[Outlet]:
    """max(0, min(1, alpha x + beta))."""
    x = _input(call)
    zero, one = _constant(call, 0.0, "zero"), _constant(call, 1.0, "one")
    alpha = _constant(call, real(call, "alpha", 0.2), "alpha")
    beta = _constant(call, real(call, "beta", 0.5), "beta")
    wire = call.wire(_MUL, alpha, x, suffix="mul_alpha")
    wire = call.wire(_ADD, beta, wire, suffix="add_beta")
    wire = call.wire(_MIN, one, wire, suffix="sat-one")
    return [call.wire(_MAX, zero, wire, suffix="sat-zero")]


@translates("Shrink")
def shrink(call: Call) -> list[Outlet]:
    """x - bias above lambda, x + bias below -lambda, else zero."""
    x = _input(call)
    bias = _constant(call, real(call, "bias", 0.0), "bias")
    limit = real(call, "lambd", 0.5)
    above, below = _constant(call, limit, "lambda"), _constant(call, -limit, "minus_lambda")
    zero = _constant(call, 0.0, "zero")
    test_positive = call.wire(_LESS, above, x, suffix="test_pos")
    positive = call.wire(_SUB, x, bias, suffix="pos")
    test_negative = call.wire(_GREATER, below, x, suffix="test_neg")
    negative = call.wire(_ADD, bias, x, suffix="neg")
    wire = call.wire(Iff(), test_positive, positive, zero, suffix="if_pos")
    return [call.wire(Iff(), test_negative, negative, wire, suffix="if_neg")]


@translates("ThresholdedRelu")
def thresholded_relu(call: Call) -> list[Outlet]:
    """x above alpha, else zero."""
    x = _input(call)
    zero = _constant(call, 0.0, "zero")
    test = call.wire(_LESS, _constant(call, real(call, "alpha", 1.0), "alpha"), x, suffix="test")
    return [call.wire(Iff(), test, x, zero, suffix="iff")]


@translates("PRelu")
def prelu(call: Call) -> list[Outlet]:
    """x where it is positive, else the second input times x (tract `onnx/src/ops/nn/mod.rs`)."""
    expect_inputs(call, 2)
    x, slope = call.present
    fact = call.fact(x)
    for rank in range(call.fact(slope).rank, fact.rank):
        slope = call.wire(AxisOp(add_axis(0)), slope, suffix=f"add-axis-{rank}")
    product = call.wire(_MUL, x, slope, suffix="mul")
    test = call.wire(_GREATER, _constant(call, 0.0, "zero"), x, suffix="test")
    wire = call.wire(Iff(), test, product, x, suffix="iff")
    expect_output(call, wire, fact.dt, fact.shape)
    return [wire]
