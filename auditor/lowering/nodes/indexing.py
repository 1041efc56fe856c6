"""Operations that read or write by index (EZKL `graph/utilities.rs` `new_op_from_onnx`)."""

from __future__ import annotations

import numpy as np

from auditor.circuit import ops
from auditor.lowering.errors import Rejected
from auditor.lowering.nodes.context import NodeContext
from auditor.lowering.nodes.quantize import RawConstant, as_i32, as_usize
from auditor.lowering.nodes.registry import node_rule
from auditor.lowering.typed.gather import Gather, GatherElements, GatherNd
from auditor.lowering.typed.one_hot import OneHot
from auditor.lowering.typed.scatter import ScatterElements, ScatterNd
from auditor.lowering.typed.topk import Topk
from auditor.lowering.typed.trilu import Trilu


@node_rule(Gather)
def gather(op: Gather, ctx: NodeContext) -> ops.Op:
    """Entries along one axis; of negative constant indices only -1 is understood, others become zero."""
    ctx.expect_inputs(2)
    raw = ctx.take_constant(1)
    if raw is None:
        _index_input(ctx, decompose=False)
        return ops.Gather(dim=op.axis, index=None)
    shape = ctx.inputs[0].shapes[0]
    if op.axis >= len(shape):
        raise Rejected(f"a gather on axis {op.axis} of a tensor with {len(shape)} axes")
    values = raw.values()
    index = np.where(values == -1.0, shape[op.axis] - 1, as_usize(values))
    return ops.Gather(dim=op.axis, index=index)


@node_rule(GatherElements)
def gather_elements(op: GatherElements, ctx: NodeContext) -> ops.Op:
    """One entry for each index."""
    ctx.expect_inputs(2)
    return ops.GatherElements(dim=op.axis, index=_index(ctx))


@node_rule(GatherNd)
def gather_nd(op: GatherNd, ctx: NodeContext) -> ops.Op:
    """Slices at index tuples."""
    ctx.expect_inputs(2)
    return ops.GatherND(batch_dims=op.batch_dims, index=_index(ctx))


@node_rule(ScatterElements)
def scatter_elements(op: ScatterElements, ctx: NodeContext) -> ops.Op:
    """One entry written for each index."""
    ctx.expect_inputs(3)
    return ops.ScatterElements(dim=op.axis, index=_index(ctx))


@node_rule(ScatterNd)
def scatter_nd(op: ScatterNd, ctx: NodeContext) -> ops.Op:
    """Slices written at index tuples."""
    ctx.expect_inputs(3)
    return ops.ScatterND(index=_index(ctx))


@node_rule(Topk)
def topk(op: Topk, ctx: NodeContext) -> ops.Op:
    """The largest or smallest entries; EZKL keeps the values only."""
    ctx.expect_inputs(2)
    raw = ctx.constant(1)
    if raw is None:
        if op.fallback_k is None:
            raise Rejected("a top-k whose k is not known", "make k a constant")
        return ops.TopK(dim=op.axis, k=op.fallback_k, largest=op.largest)
    if raw.size != 1:
        raise Rejected("a top-k with more than one k")
    ctx.drop(1)
    return ops.TopK(dim=op.axis, k=_first(raw), largest=op.largest)


@node_rule(OneHot)
def one_hot(op: OneHot, ctx: NodeContext) -> ops.Op:
    """A new axis that is one at the index; EZKL ignores other values for on and off."""
    return ops.OneHot(dim=op.axis, num_classes=op.dim)


@node_rule(Trilu)
def trilu(op: Trilu, ctx: NodeContext) -> ops.Op:
    """A triangle, whose diagonal must be constant."""
    raw = ctx.take_constant(1)
    if raw is None or raw.size != 1:
        raise Rejected("a triangle whose diagonal is not one constant number")
    return ops.Trilu(upper=op.upper, k=as_i32(raw.scalar()))


def _index(ctx: NodeContext) -> np.ndarray | None:
    """The constant index of input 1, negative entries as zero; None when it is computed."""
    raw = ctx.take_constant(1)
    if raw is None:
        _index_input(ctx, decompose=not ctx.run_args.ignore_range_check_inputs_outputs)
        return None
    if raw.size == 0:
        raise Rejected("an index without entries")
    return as_usize(raw.values())


def _index_input(ctx: NodeContext, decompose: bool) -> None:
    """A model input that serves as index becomes a dimension."""
    draft = ctx.inputs[1]
    if isinstance(draft.op, ops.Input):
        draft.op = ops.Input(scale=0, datum_type="TDim", decompose=decompose)
        draft.scales = (0,)


def _first(raw: RawConstant) -> int:
    return int(as_usize(raw.values()).reshape(-1)[0])
