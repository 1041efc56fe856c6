"""Reductions, extremes' positions and global pools (tract `hir/src/ops/nn/reduce.rs`, `global_pools.rs`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auditor.lowering.errors import Rejected
from auditor.lowering.graph.axis_op import rm
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Graph, Outlet
from auditor.lowering.graph.shapes import volume
from auditor.lowering.graph.tensor import NUMPY_TYPES, Tensor
from auditor.lowering.translate.expectations import expect_inputs
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.axis import AxisOp, wire_with_rank_broadcast
from auditor.lowering.typed.binary import Binary
from auditor.lowering.typed.cast import Cast
from auditor.lowering.typed.element_wise import ElementWise
from auditor.lowering.typed.reduce import Reduce

_AXES_AS_INPUT_SINCE = 18
_SUM_AXES_AS_INPUT_SINCE = 13

_AROUND_A_SUM: dict[str, tuple[str | None, str | None]] = {
    "L1": ("Abs", None),
    "L2": ("Square", "Sqrt"),
    "LogSum": (None, "Ln"),
    "LogSumExp": ("Exp", "Ln"),
    "SumSquare": ("Square", None),
}
"""What is done to each element before, and to the sum after."""

_SUFFIXES = {"Abs": "abs", "Square": "sq", "Exp": "exp", "Sqrt": "sqrt", "Ln": "ln"}


@translates(
    "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin",
    "ReduceProd", "ReduceSum", "ReduceSumSquare",
)  # fmt: skip
def reduction(call: Call) -> list[Outlet]:
    """A reduction; its axes became an input in opset 18, those of ReduceSum in opset 13."""
    since = _SUM_AXES_AS_INPUT_SINCE if call.node.op_type == "ReduceSum" else _AXES_AS_INPUT_SINCE
    rank = call.fact(call.input(0)).rank
    axes: Sequence[int] = range(rank)
    if call.opset >= since:
        given = _axes_input(call)
        if given or call.attribute("noop_with_empty_axes", 0) == 1:
            axes = given
    else:
        expect_inputs(call, 1)
        axes = call.attribute("axes", tuple(axes))
    reducer = call.node.op_type.removeprefix("Reduce")
    keep = call.attribute("keepdims", 1) == 1
    return [reduce(call.graph, call.name, reducer, axes, keep, call.input(0))]


def _axes_input(call: Call) -> Sequence[int]:
    count = 2 if len(call.node.inputs) == 2 else 1
    expect_inputs(call, count)
    if count == 1:
        return ()
    axes = call.constant(1)
    if axes is None:
        raise Rejected("its axes are computed", "make the axes a constant (EZKL needs to know them)")
    if axes.dt != "i64":
        raise Rejected(f"its axes are {axes.dt}, where EZKL expects int64")
    return [int(axis) for axis in axes.array.reshape(-1)]


@translates("ArgMax", "ArgMin")
def position_of_extreme(call: Call) -> list[Outlet]:
    """Where the largest or smallest element of an axis is."""
    expect_inputs(call, 1)
    take_last = call.attribute("select_last_index", 0) == 1
    keep = call.attribute("keepdims", 1) == 1
    axes = (call.attribute("axis", 0),)
    wire = call.input(0)
    return [reduce(call.graph, call.name, call.node.op_type, axes, keep, wire, take_last=take_last)]


def reduce(
    graph: Graph, name: str, reducer: str, axes: Sequence[int], keep: bool, wire: Outlet, *,
    take_last: bool = False,
) -> Outlet:  # fmt: skip
    """A reduction of ``wire``; ``reducer`` is ONNX's operator without its ``Reduce``.

    Raises:
        Rejected: an axis does not exist.
    """
    fact = graph.fact(wire)
    resolved = sorted(resolve_axis(axis, fact.rank) for axis in axes)
    if fact.dt == "tdim":
        wire = graph.wire_node(f"{name}.cast_from_tdim", Cast(to="i64"), [wire])[0]
    wire = _reducer(graph, name, reducer, tuple(resolved), wire, take_last)
    if fact.dt == "tdim":
        if reducer in ("ArgMax", "ArgMin"):
            raise Rejected("EZKL does not take positions among dimensions")
        wire = graph.wire_node(f"{name}.cast_to_tdim", Cast(to="tdim"), [wire])[0]
    for axis in [] if keep else reversed(resolved):
        wire = graph.wire_node(f"{name}-dispose-dims-{axis}", AxisOp(rm(axis)), [wire])[0]
    return wire


def resolve_axis(axis: int, rank: int) -> int:
    """An axis counted from the front.

    Raises:
        Rejected: it does not exist.
    """
    if not -rank <= axis < rank:
        raise Rejected(f"axis {axis} of a tensor with {rank} axes")
    return axis % rank


def _reducer(
    graph: Graph, name: str, reducer: str, axes: tuple[int, ...], wire: Outlet, take_last: bool
) -> Outlet:
    if reducer == "Mean":
        return _mean(graph, name, axes, wire)
    if reducer not in _AROUND_A_SUM:
        return graph.wire_node(name, Reduce(axes=axes, kind=reducer, take_last=take_last), [wire])[0]
    before, after = _AROUND_A_SUM[reducer]
    if before is not None:
        wire = graph.wire_node(f"{name}.{_SUFFIXES[before]}", ElementWise(kind=before), [wire])[0]
    wire = graph.wire_node(f"{name}.sum", Reduce(axes=axes, kind="Sum"), [wire])[0]
    if after is not None:
        wire = graph.wire_node(f"{name}.{_SUFFIXES[after]}", ElementWise(kind=after), [wire])[0]
    return wire


def _mean(graph: Graph, name: str, axes: tuple[int, ...], wire: Outlet) -> Outlet:
    """A sum divided by the number of its terms."""
    fact = graph.fact(wire)
    total = graph.wire_node(f"{name}.sum", Reduce(axes=axes, kind="Sum"), [wire])[0]
    count = Tensor.scalar(volume(fact.shape[axis] for axis in axes), "tdim", fact.rank)
    size = graph.add_const(f"{name}.size", count)
    size = graph.wire_node(f"{name}.cast", Cast(to=fact.dt), [size])[0]
    return graph.wire_node(f"{name}.norm", Binary(kind="Div"), [total, size])[0]


# --- global pools


@translates("GlobalAveragePool")
def global_average_pool(call: Call) -> list[Outlet]:
    """The mean of everything behind the channels."""
    fact, axes = _pooled(call)
    total = call.wire(Reduce(axes=axes, kind="Sum"), call.input(0), suffix="sum")
    count = call.const(Tensor.scalar(volume(fact.shape[2:]), "tdim"), "div")
    divisor = call.wire(Cast(to=fact.dt), count, suffix="casted")
    return wire_with_rank_broadcast(call.graph, f"{call.name}.norm", Binary(kind="Div"), [total, divisor])


@translates("GlobalMaxPool")
def global_max_pool(call: Call) -> list[Outlet]:
    """The largest of everything behind the channels."""
    _, axes = _pooled(call)
    return [call.wire(Reduce(axes=axes, kind="Max"), call.input(0), suffix="max")]


@translates("GlobalLpPool")
def global_lp_pool(call: Call) -> list[Outlet]:
    """The p-norm of everything behind the channels; tract divides by the count before it takes the root."""
    fact, axes = _pooled(call)
    p = call.attribute("p", 2)
    wire = call.input(0)
    if p == 2:
        wire = call.wire(ElementWise(kind="Square"), wire, suffix="sqr")
    else:
        wire = call.wire(Binary(kind="Pow"), wire, _scalar(call, fact, p, "pow.cst"), suffix="pow")
    wire = call.wire(Reduce(axes=axes, kind="Sum"), wire, suffix="sum")
    count = _scalar(call, fact, volume(fact.shape[2:]), "div")
    wire = call.wire(Binary(kind="Div"), wire, count, suffix="norm")
    if p == 2:
        return [call.wire(ElementWise(kind="Sqrt"), wire, suffix="sqrt")]
    root = _scalar(call, fact, np.float64(1) / p, "anti_pow")
    return [call.wire(Binary(kind="Pow"), wire, root, suffix="antipow")]


def _pooled(call: Call) -> tuple[Fact, tuple[int, ...]]:
    expect_inputs(call, 1)
    fact = call.fact(call.input(0))
    if fact.rank < 2:
        raise Rejected(f"a pool of a tensor with {fact.rank} axes")
    return fact, tuple(range(2, fact.rank))


def _scalar(call: Call, like: Fact, value: float, suffix: str) -> Outlet:
    tensor = Tensor.scalar(NUMPY_TYPES[like.dt](value), like.dt, like.rank)
    return call.const(tensor, suffix)
