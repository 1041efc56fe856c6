"""Operations on two or three inputs, element by element (EZKL `graph/utilities.rs` `new_op_from_onnx`)."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from auditor.circuit import ops
from auditor.lowering.errors import Rejected
from auditor.lowering.nodes.context import NodeContext
from auditor.lowering.nodes.quantize import as_f32, as_i32, as_u128, multiplier, multiplier_f32
from auditor.lowering.nodes.registry import node_rule, unknown
from auditor.lowering.typed.binary import Binary
from auditor.lowering.typed.comparison import Comp
from auditor.lowering.typed.iff import Iff

_U32_MAX = 2**32 - 1

_PLAIN: dict[str, ops.Op] = {
    "Add": ops.Add(), "Sub": ops.Sub(), "Min": ops.Min(),
    "And": ops.And(), "Or": ops.Or(), "Xor": ops.Xor(),
    "<": ops.Less(), "<=": ops.LessEqual(), ">": ops.Greater(), ">=": ops.GreaterEqual(), "==": ops.Equals(),
}  # fmt: skip


@node_rule(Binary, Comp)
def binary(op: Binary | Comp, ctx: NodeContext) -> ops.Op:
    """Most operations as they are; some take a constant operand into themselves."""
    if op.kind in _PLAIN:
        return _PLAIN[op.kind]
    rule = _WITH_CONSTANTS.get(op.kind)
    return unknown(op) if rule is None else rule(ctx)


@node_rule(Iff)
def iff(op: Iff, ctx: NodeContext) -> ops.Op:
    """A choice between two tensors."""
    return ops.Iff()


def _max(ctx: NodeContext) -> ops.Op:
    """The larger of two; against a constant zero it is a ReLU."""
    slots = ctx.constant_slots()
    raw = ctx.constant(slots[0]) if slots else None
    if raw is None:
        return ops.Max()
    if raw.size != 1:
        raise Rejected("a maximum with a constant of more than one element", "compare with one number only")
    if raw.scalar() != 0.0:
        return ops.Max()
    ctx.drop(slots[0])
    return ops.LeakyReLU(slope=0.0, scale=1)


def _mul(ctx: NodeContext) -> ops.Op:
    """A product; by a constant power of two below one it is a change of scale."""
    slots = ctx.constant_slots()
    if len(slots) > 1:
        raise Rejected("a product of two constants")
    raw = ctx.constant(slots[0]) if slots else None
    if raw is None or raw.size != 1:
        return ops.Mult()
    halvings = _halvings(raw.scalar())
    if halvings is None:
        return ops.Mult()
    ctx.drop(slots[0])
    return ops.Identity(out_scale=ctx.scale(1 - slots[0]) + halvings)


def _halvings(factor: float) -> int | None:
    """How often a number below one halves, when it does nothing else; in single precision, as EZKL does."""
    if not 0.0 < factor < 1.0:
        return None
    with np.errstate(over="ignore"):
        inverse = float(np.float32(1) / np.float32(factor))
    if math.isinf(inverse):
        return None
    logarithm = as_f32(math.log2(inverse))
    return int(logarithm) if logarithm.is_integer() else None


def _div(ctx: NodeContext) -> ops.Op:
    """A quotient by one constant number; an integer is brought to the largest scale before."""
    raw = ctx.constant(1)
    if raw is None or ctx.constant(0) is not None:
        raise Rejected("a division whose divisor is not a constant", "multiply by the reciprocal instead")
    if raw.size != 1 or raw.scalar() == 0.0:
        raise Rejected("a division by something else than one number other than zero")
    ctx.drop(1)
    op = ops.Div(denominator=raw.scalar())
    if ctx.scale(0) != 0:
        return op
    return ops.Rescaled(inner=op, multipliers=((0, as_u128(multiplier(ctx.run_args.max_scale))),))


def _pow(ctx: NodeContext) -> ops.Op:
    """A constant exponent, whole or looked up, or a constant base."""
    raw = ctx.take_constant(1)
    if raw is not None:
        exponent = _single(raw.size, "exponent", raw.scalar)
        if exponent.is_integer():
            return ops.Pow(exponent=int(min(max(exponent, 0.0), _U32_MAX)))
        return ops.Lookup(function="Pow", parameters=(multiplier_f32(ctx.scale(0)), exponent))
    raw = ctx.take_constant(0)
    if raw is None:
        raise Rejected("a power whose base and exponent are both computed", "make one of them a constant")
    base = _single(raw.size, "base", raw.scalar)
    return ops.Lookup(function="Exp", parameters=(multiplier_f32(ctx.scale(1)), base))


def _single(size: int, subject: str, value: Callable[[], float]) -> float:
    if size != 1:
        raise Rejected(f"a power with a constant {subject} of {size} elements", f"use one {subject} for all")
    return value()


def _shift(sign: int) -> Callable[[NodeContext], ops.Op]:
    def rule(ctx: NodeContext) -> ops.Op:
        """A shift by one constant number, which only changes the scale."""
        raw = ctx.take_constant(1)
        if raw is None or raw.size != 1:
            raise Rejected("a shift by something else than one constant number")
        return ops.Identity(out_scale=ctx.scale(0) + sign * as_i32(raw.scalar()))

    return rule


_WITH_CONSTANTS: dict[str, Callable[[NodeContext], ops.Op]] = {
    "Max": _max, "Mul": _mul, "Div": _div, "Pow": _pow, "ShiftLeft": _shift(-1), "ShiftRight": _shift(1),
}  # fmt: skip
