"""Inputs, constants and ranges (EZKL `graph/utilities.rs` `new_op_from_onnx`)."""

from __future__ import annotations

import numpy as np

from auditor.circuit import ops
from auditor.lowering.errors import Rejected, TooManyValues
from auditor.lowering.graph.tensor import MAX_VOLUME, Tensor
from auditor.lowering.nodes.context import NodeContext
from auditor.lowering.nodes.quantize import RawConstant, as_usize
from auditor.lowering.nodes.registry import node_rule
from auditor.lowering.typed.plumbing import Const, Source
from auditor.lowering.typed.range import Range

_INTEGERS = ("i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64")
_FLOATS = ("f16", "f32", "f64")
INPUT_TYPES = {
    "bool": "Bool", "tdim": "TDim", **dict.fromkeys(_INTEGERS, "Int"), **{dt: dt.upper() for dt in _FLOATS},
}  # fmt: skip
"""EZKL's name of each datum type it computes with."""


@node_rule(Source)
def source(op: Source, ctx: NodeContext) -> ops.Op:
    """A model input; only floating point has a scale."""
    dt = _known(ctx.output_fact.dt)
    return ops.Input(
        scale=ctx.run_args.input_scale if dt in _FLOATS else 0,
        datum_type=INPUT_TYPES[dt],
        decompose=not ctx.run_args.ignore_range_check_inputs_outputs,
    )


@node_rule(Const)
def const(op: Const, ctx: NodeContext) -> ops.Op:
    """A constant; only floating point has a scale, and with ``rebase_frac_zero_constants`` only fractions."""
    raw = RawConstant(op.tensor)
    scale = ctx.run_args.param_scale if _known(op.tensor.dt) in _FLOATS else 0
    if scale != 0 and ctx.run_args.rebase_frac_zero_constants and raw.all_round():
        scale = 0
    return ctx.become_constant(
        raw, scale, ctx.run_args.param_visibility, ctx.run_args.ignore_range_check_inputs_outputs
    )


@node_rule(Range)
def range_(op: Range, ctx: NodeContext) -> ops.Op:
    """A range whose three bounds are constant; EZKL counts upwards from whole numbers only."""
    if any(draft.raw is None for draft in ctx.inputs):
        raise Rejected("a range with computed bounds", "make start, limit and delta constants")
    ctx.expect_inputs(3)
    bounds = [ctx.take_constant(slot) for slot in range(3)]
    start, end, step = (int(as_usize(raw.values().reshape(-1)[:1])[0]) for raw in bounds if raw is not None)
    if step == 0:
        raise Rejected("EZKL cannot count in steps of less than one", "replace the range by a constant")
    if (end - start) // step > MAX_VOLUME:
        raise TooManyValues(f"a range of {(end - start) // step:,} elements")
    values = np.arange(start, max(start, end), step).astype(np.float32)
    raw = RawConstant(Tensor.of(values))
    return ctx.become_constant(raw, 0, "fixed", not ctx.run_args.ignore_range_check_inputs_outputs)


def _known(dt: str) -> str:
    if dt not in INPUT_TYPES:
        raise Rejected(f"EZKL does not compute with {dt}")
    return dt
