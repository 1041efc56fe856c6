"""Scales of EZKL operations: what comes out, what must agree, what is brought back.

Sources: EZKL `circuit/ops/{poly,hybrid,lookup}.rs` (`out_scale`, `requires_homogenous_input_scales`),
`graph/utilities.rs` `homogenize_input_scales`, `graph/node.rs` `RebaseScale`.
"""

from __future__ import annotations

from collections.abc import Sequence

from auditor.circuit import ops
from auditor.lowering.errors import Rejected
from auditor.lowering.nodes.quantize import as_f32, as_u128, multiplier, scale_of

_MANY = tuple(range(100))
"""EZKL's idea of "all inputs"."""

_UNSCALED = (
    ops.Xor, ops.Or, ops.And, ops.Not, ops.Sign, ops.Greater, ops.GreaterEqual, ops.Less, ops.LessEqual,
    ops.ReduceArgMax, ops.ReduceArgMin, ops.OneHot, ops.Unknown,
)  # fmt: skip
_PAIRS = (
    ops.Add, ops.Sub, ops.Greater, ops.GreaterEqual, ops.Less, ops.LessEqual, ops.Equals, ops.Max, ops.Min,
)  # fmt: skip


def homogeneous_inputs(op: ops.Op) -> tuple[int, ...]:
    """Positions of the inputs that must have one scale."""
    if isinstance(op, _PAIRS):
        return (0, 1)
    if isinstance(op, ops.Iff):
        return (1, 2)
    if isinstance(op, ops.ScatterElements | ops.ScatterND):
        return (0, 2)
    return _MANY if isinstance(op, ops.Concat) else ()


def out_scale(op: ops.Op, scales: Sequence[int]) -> int:
    """The scale of the output, from the scales of the inputs.

    Raises:
        Rejected: EZKL stops, because scales that must agree do not.
    """
    if isinstance(op, _UNSCALED):
        return 0
    if isinstance(op, ops.Input | ops.Constant):
        return op.scale
    if isinstance(op, ops.RebaseScale):
        return op.target_scale
    if isinstance(op, ops.Rescaled):
        factors = (factor for _, factor in op.multipliers)
        return out_scale(op.inner, [s + scale_of(float(f)) for s, f in zip(scales, factors, strict=False)])
    if isinstance(op, ops.Identity) and op.out_scale is not None:
        return op.out_scale
    if isinstance(op, ops.Recip | ops.Rsqrt):
        return scale_of(op.output_scale)
    if isinstance(op, ops.Softmax):
        return scale_of(as_f32(op.output_scale * op.input_scale))
    if isinstance(op, ops.Ln):
        return 4 * scale_of(op.scale)
    if isinstance(op, ops.Einsum):
        return sum(scales)
    return _from_inputs(op, scales)


def _from_inputs(op: ops.Op, scales: Sequence[int]) -> int:
    first = pick(scales, 0)
    if isinstance(op, ops.LeakyReLU):
        return first if op.slope == 0.0 else first + op.scale
    if isinstance(op, ops.MeanOfSquares):
        return 2 * first
    if isinstance(op, ops.Iff):
        return pick(scales, 1)
    if isinstance(op, ops.Prod):
        return first * op.len_prod
    if isinstance(op, ops.Pow):
        return first * op.exponent
    if isinstance(op, ops.Mult):
        return first + pick(scales, 1)
    if isinstance(op, ops.Conv | ops.DeConv):
        total = first + pick(scales, 1)
        if len(scales) == 3 and scales[2] != total:
            raise Rejected(
                f"the bias has scale {scales[2]}, but input times kernel has scale {total}",
                "use a constant bias",
            )
        return total
    if isinstance(op, ops.Add) and first != pick(scales, 1):
        raise Rejected(f"the sum of scales {first} and {scales[1]} is not homogeneous")
    return first


def pick(scales: Sequence[int], position: int) -> int:
    """One scale.

    Raises:
        Rejected: there is none; EZKL stops with an index out of bounds.
    """
    if position >= len(scales):
        raise Rejected(f"EZKL reads input {position}, which does not exist")
    return scales[position]


def homogenized(op: ops.Op, scales: Sequence[int]) -> ops.Op:
    """The operation, with its inputs multiplied up to the largest scale where they must agree."""
    positions = homogeneous_inputs(op)
    relevant = [scales[p] for p in positions if p < len(scales)]
    if len(set(relevant)) <= 1:
        return op
    largest = max(scales)
    factors = [
        as_u128(multiplier(largest - scale)) if p in positions and scale < largest else 1
        for p, scale in enumerate(scales)
    ]
    if all(factor == 1 for factor in factors):
        return op
    return ops.Rescaled(inner=op, multipliers=tuple(enumerate(factors)))


def is_identity(op: ops.Op) -> bool:
    """Whether an operation passes its input on unchanged."""
    if isinstance(op, ops.Rescaled | ops.RebaseScale):
        return is_identity(op.inner)
    return isinstance(op, ops.Identity)


def rebased(op: ops.Op, target: int, scale: int) -> ops.Op:
    """The operation, divided down to ``target`` when its output scale is above."""
    if scale <= target or isinstance(op, ops.Constant | ops.Input) or is_identity(op):
        return op
    return _divided(op, target, scale, multiplier(scale - target))


def rebased_up(op: ops.Op, target: int, scale: int) -> ops.Op:
    """The operation, multiplied up to ``target`` (a division by less than one) when its scale is below."""
    if scale >= target or isinstance(op, ops.Constant | ops.Input):
        return op
    return _divided(op, target, scale, multiplier(scale - target))


def _divided(op: ops.Op, target: int, scale: int, factor: float) -> ops.Op:
    inner = op
    if isinstance(op, ops.RebaseScale):  # one division for both, and the first one's target
        inner, target, scale, factor = op.inner, op.target_scale, op.original_scale, op.multiplier * factor
    return ops.RebaseScale(
        inner=inner,
        rebase=ops.Div(denominator=as_f32(factor)),
        target_scale=target,
        original_scale=scale,
        multiplier=factor,
    )
