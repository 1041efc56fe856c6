"""Operations that move, cut or repeat elements (EZKL `graph/utilities.rs` `new_op_from_onnx`)."""

from __future__ import annotations

from auditor.circuit import ops
from auditor.lowering.errors import Rejected
from auditor.lowering.nodes.context import NodeContext
from auditor.lowering.nodes.quantize import as_usize
from auditor.lowering.nodes.registry import node_rule
from auditor.lowering.typed.axis import AxisOp
from auditor.lowering.typed.broadcast import MultiBroadcastTo
from auditor.lowering.typed.concat import Concat
from auditor.lowering.typed.downsample import Downsample
from auditor.lowering.typed.pad import Pad
from auditor.lowering.typed.resize import Resize
from auditor.lowering.typed.slice import Slice


@node_rule(AxisOp)
def axis_op(op: AxisOp, ctx: NodeContext) -> ops.Op:
    """A moved axis, or a reshape; a scalar has one axis in EZKL."""
    if op.change.kind == "move":
        return ops.MoveAxis(source=op.change.at, destination=op.change.to)
    return ops.Reshape(shape=ctx.output_fact.shape or (1,))


@node_rule(Concat)
def concat(op: Concat, ctx: NodeContext) -> ops.Op:
    """Tensors side by side."""
    return ops.Concat(axis=op.axis)


@node_rule(Slice)
def slice_(op: Slice, ctx: NodeContext) -> ops.Op:
    """Part of one axis."""
    return ops.Slice(axis=op.axis, start=op.start, end=op.end)


@node_rule(MultiBroadcastTo)
def broadcast(op: MultiBroadcastTo, ctx: NodeContext) -> ops.Op:
    """Sizes of one repeated."""
    return ops.MultiBroadcastTo(shape=ctx.output_fact.shape)


@node_rule(Downsample)
def downsample(op: Downsample, ctx: NodeContext) -> ops.Op:
    """Every n-th element of an axis."""
    return ops.Downsample(axis=op.axis, stride=op.stride, modulo=op.modulo)


@node_rule(Pad)
def pad(op: Pad, ctx: NodeContext) -> ops.Op:
    """Zeros around a tensor; EZKL knows no other padding, and no zero but that of f32."""
    fill = op.fill
    zero = fill is None or (fill.dt == "f32" and fill.shape == () and fill.is_uniformly(0.0))
    if op.mode != "constant" or not zero:
        raise Rejected("padding with something else than zeros of single precision", "pad f32 tensors with 0")
    if any(before < 0 or after < 0 for before, after in op.pads):
        raise Rejected("padding by a negative amount, on which EZKL panics", "slice instead")
    return ops.Pad(padding=op.pads)


@node_rule(Resize)
def resize(op: Resize, ctx: NodeContext) -> ops.Op:
    """Whole multiples by the nearest neighbour; EZKL takes the factors from a constant."""
    if op.interpolator != "Nearest" and op.nearest != "Floor":
        raise Rejected("a resize that interpolates", 'use mode="nearest" with nearest_mode="floor"')
    ctx.expect_inputs(2, 3)
    factors: tuple[int, ...] = (1,)
    if op.optional_scales_input is not None:
        raw = ctx.constant(op.optional_scales_input) if op.optional_scales_input < len(ctx.inputs) else None
        if raw is None:
            raise Rejected("a resize whose scales are not constant", "give scales as a constant")
        factors = tuple(int(factor) for factor in as_usize(raw.values()).reshape(-1))
    for slot in range(1, len(ctx.inputs)):
        ctx.drop(slot)
    return ops.Resize(scale_factor=factors)
