"""Operations on one input, element by element (EZKL `graph/utilities.rs` `new_op_from_onnx`)."""

from __future__ import annotations

import math
from collections.abc import Callable

from auditor.circuit import ops
from auditor.lowering.errors import Rejected
from auditor.lowering.nodes.context import NodeContext
from auditor.lowering.nodes.quantize import as_f32, multiplier_f32
from auditor.lowering.nodes.registry import node_rule, unknown
from auditor.lowering.nodes.sources import INPUT_TYPES
from auditor.lowering.typed.cast import Cast
from auditor.lowering.typed.element_wise import ElementWise
from auditor.lowering.typed.quant import DequantizeLinearF32, QuantizeLinearU8

_LOOKUPS = {
    "Sigmoid": "Sigmoid", "HardSwish": "HardSwish", "Tanh": "Tanh", "Erf": "Erf",
    "Sin": "Sin", "Cos": "Cos", "Tan": "Tan", "Asin": "ASin", "Acos": "ACos", "Atan": "ATan",
    "Sinh": "Sinh", "Cosh": "Cosh", "Asinh": "ASinh", "Acosh": "ACosh", "Atanh": "ATanh",
}  # fmt: skip
"""Non-linearities of one parameter, the multiplier of the input."""

_ROUNDINGS: dict[str, Callable[..., ops.Op]] = {
    "Ceil": ops.Ceil, "Floor": ops.Floor, "Round": ops.Round, "RoundHalfToEven": ops.RoundHalfToEven,
}  # fmt: skip

_POLYNOMIALS: dict[str, ops.Op] = {
    "Abs": ops.Abs(), "Neg": ops.Neg(), "Sign": ops.Sign(), "Not": ops.Not(),
    "Square": ops.Pow(exponent=2), "Cube": ops.Pow(exponent=3),
}  # fmt: skip


@node_rule(ElementWise)
def element_wise(op: ElementWise, ctx: NodeContext) -> ops.Op:
    """A polynomial, a table look-up, or one of EZKL's own gadgets."""
    if op.kind in _POLYNOMIALS:
        return _POLYNOMIALS[op.kind]
    if op.kind in _LOOKUPS:
        return ops.Lookup(function=_LOOKUPS[op.kind], parameters=(multiplier_f32(ctx.scale(0)),))
    if op.kind in _ROUNDINGS:
        return _ROUNDINGS[op.kind](scale=multiplier_f32(ctx.scale(0)), legs=ctx.run_args.decomp_legs)
    rule = _OTHERS.get(op.kind)
    return unknown(op) if rule is None else rule(op, ctx)


def _leaky_relu(op: ElementWise, ctx: NodeContext) -> ops.Op:
    return ops.LeakyReLU(slope=as_f32(op.alpha), scale=ctx.run_args.param_scale)


def _sqrt(op: ElementWise, ctx: NodeContext) -> ops.Op:
    return ops.Sqrt(scale=multiplier_f32(ctx.scale(0)))


def _reciprocal(op: ElementWise, ctx: NodeContext) -> ops.Op:
    kind = ops.Recip if op.kind == "Recip" else ops.Rsqrt
    return kind(
        input_scale=multiplier_f32(ctx.scale(0)),
        output_scale=multiplier_f32(max(ctx.run_args.max_scale, ctx.scale(0))),
        epsilon=ctx.run_args.effective_epsilon,
    )


def _exp(op: ElementWise, ctx: NodeContext) -> ops.Op:
    return ops.Lookup(function="Exp", parameters=(multiplier_f32(ctx.scale(0)), as_f32(math.e)))


def _ln(op: ElementWise, ctx: NodeContext) -> ops.Op:
    scale = multiplier_f32(ctx.scale(0))
    if ctx.run_args.bounded_log_lookup:
        return ops.Ln(scale=scale, epsilon=ctx.run_args.effective_epsilon)
    return ops.Lookup(function="Ln", parameters=(scale,))


_OTHERS: dict[str, Callable[[ElementWise, NodeContext], ops.Op]] = {
    "LeakyRelu": _leaky_relu, "Sqrt": _sqrt, "Rsqrt": _reciprocal, "Recip": _reciprocal,
    "Exp": _exp, "Ln": _ln,
}  # fmt: skip


@node_rule(QuantizeLinearU8, DequantizeLinearF32)
def quantize_linear(op: QuantizeLinearU8 | DequantizeLinearF32, ctx: NodeContext) -> ops.Op:
    """Nothing: EZKL passes numbers through, and knows no quantisation to signed bytes."""
    return ops.Identity()


@node_rule(Cast)
def cast(op: Cast, ctx: NodeContext) -> ops.Op:
    """To floating point nothing changes; to anything else the fraction goes."""
    if op.to not in INPUT_TYPES:
        raise Rejected(f"EZKL does not cast to {op.to}")
    if op.to in ("f16", "f32", "f64") or ctx.scale(0) == 0:
        return ops.Identity()
    if ctx.constant(0) is None:
        return ops.Floor(scale=multiplier_f32(ctx.scale(0)), legs=ctx.run_args.decomp_legs)
    ctx.inputs[0].rescale(0)
    return ops.Identity(out_scale=0)
