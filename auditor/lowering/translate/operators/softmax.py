"""Softmax and its relatives (tract `hir/src/ops/nn/layer_max.rs`, `softmax.rs`)."""

from __future__ import annotations

import numpy as np

from auditor.lowering.errors import Uncertain
from auditor.lowering.graph.axis_op import reshape, rm
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Outlet
from auditor.lowering.graph.shapes import volume
from auditor.lowering.graph.tensor import NUMPY_TYPES, Tensor
from auditor.lowering.translate.expectations import expect_inputs
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.axis import AxisOp
from auditor.lowering.typed.element_wise import ElementWise
from auditor.lowering.typed.one_hot import OneHot
from auditor.lowering.typed.reduce import Reduce
from auditor.lowering.typed.softmax import Softmax

_ONE_AXIS_SINCE = 13
"""Before this opset, all axes from ``axis`` on were taken as one."""


@translates("Softmax")
def softmax(call: Call) -> list[Outlet]:
    """Exponentials divided by their sum."""
    return [call.wire(Softmax(axes=_axes(call)), call.input(0))]


@translates("LogSoftmax")
def log_softmax(call: Call) -> list[Outlet]:
    """The logarithm of a softmax, as two operations."""
    wire = call.wire(Softmax(axes=_axes(call)), call.input(0))
    return [call.wire(ElementWise(kind="Ln"), wire, suffix="logsoftmax")]


@translates("Hardmax")
def hardmax(call: Call) -> list[Outlet]:
    """One where the first maximum is, zero elsewhere."""
    wire = call.input(0)
    fact = call.fact(wire)
    axis = _axes(call)[0]
    dims = fact.shape[axis:]
    flat = (volume(dims),)
    joined = call.opset < _ONE_AXIS_SINCE
    if joined:
        wire = call.wire(AxisOp(reshape(axis, dims, flat)), wire, suffix="reshaped")
    wire = call.wire(Reduce(axes=(axis,), kind="ArgMax"), wire, suffix="argmax")
    wire = call.wire(AxisOp(rm(axis)), wire, suffix="rm_axis")
    op = OneHot(axis=axis, dim=flat[0] if joined else dims[0], off=_value(fact, 0), on=_value(fact, 1))
    wire = call.wire(op, wire, suffix="hardmax")
    if joined:
        wire = call.wire(AxisOp(reshape(axis, flat, dims)), wire, suffix="hardmax_reshaped")
    return [wire]


def _axes(call: Call) -> tuple[int, ...]:
    expect_inputs(call, 1)
    rank = call.fact(call.input(0)).rank
    joined = call.opset < _ONE_AXIS_SINCE
    axis = call.attribute("axis", 1 if joined else -1)
    axis += rank if axis < 0 else 0
    if not 0 <= axis < rank:
        raise Uncertain(f"axis {axis} of a tensor with {rank} axes")
    return tuple(range(axis, rank)) if joined else (axis,)


def _value(fact: Fact, value: int) -> Tensor:
    return Tensor.of(np.asarray(value, dtype=NUMPY_TYPES[fact.dt]), fact.dt)
