"""Reductions and softmax (EZKL `graph/utilities.rs` `new_op_from_onnx`)."""

from __future__ import annotations

from auditor.circuit import ops
from auditor.lowering.errors import Rejected
from auditor.lowering.graph.shapes import volume
from auditor.lowering.nodes.context import NodeContext
from auditor.lowering.nodes.quantize import multiplier_f32
from auditor.lowering.nodes.registry import node_rule, unknown
from auditor.lowering.typed.reduce import Reduce
from auditor.lowering.typed.softmax import Softmax


@node_rule(Reduce)
def reduce(op: Reduce, ctx: NodeContext) -> ops.Op:
    """A reduction that keeps its axes; of equal extremes EZKL knows the first only."""
    if op.kind in ("ArgMax", "ArgMin"):
        if op.take_last:
            return unknown(op)
        if len(op.axes) != 1:
            raise Rejected(f"an {op.kind} over {len(op.axes)} axes")
        arg = ops.ReduceArgMax if op.kind == "ArgMax" else ops.ReduceArgMin
        return arg(dim=op.axes[0])
    if op.kind == "Prod":
        shape = ctx.inputs[0].shapes[0]
        length = volume(dim for axis, dim in enumerate(shape) if axis in op.axes)
        return ops.Prod(axes=op.axes, len_prod=length)
    kinds = {"Max": ops.ReduceMax, "Min": ops.ReduceMin, "Sum": ops.Sum, "MeanOfSquares": ops.MeanOfSquares}
    return kinds[op.kind](axes=op.axes)


@node_rule(Softmax)
def softmax(op: Softmax, ctx: NodeContext) -> ops.Op:
    """Exponentials divided by their sum."""
    return ops.Softmax(
        input_scale=multiplier_f32(ctx.scale(0)),
        output_scale=multiplier_f32(max(ctx.run_args.max_scale, ctx.scale(0))),
        axes=op.axes,
        epsilon=ctx.run_args.effective_epsilon,
    )
