"""Pools over windows (tract `hir/src/ops/cnn/pools.rs`); the global ones are reductions."""

from __future__ import annotations

from auditor.lowering.errors import Rejected, Uncertain
from auditor.lowering.graph.graph import Outlet
from auditor.lowering.translate.attributes import integer, naturals, required_integers
from auditor.lowering.translate.expectations import expect_inputs
from auditor.lowering.translate.operators.windows import expect_windows, padding_spec
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.pool import MaxPool, SumPool
from auditor.lowering.typed.pool_spec import NCHW, PoolSpec


@translates("MaxPool")
def max_pool(call: Call) -> list[Outlet | None]:
    """The largest of each window; tract reads neither ``dilations`` nor ``storage_order``."""
    with_index = len(call.node.outputs) == 2
    if with_index and "" in call.node.outputs:
        raise Rejected("has two outputs of which one has no name", "drop the empty output name")
    pool = MaxPool(pool_spec=_pool_spec(call), with_index_outputs="i64" if with_index else None)
    wires = call.graph.wire_node(call.name, pool, [call.input(0)])
    expect_windows(call, call.input(0), wires[0])
    return list(wires)


@translates("AveragePool")
def average_pool(call: Call) -> list[Outlet]:
    """The mean of each window; tract does not read ``dilations``."""
    include = integer(call, "count_include_pad", 0)
    if include not in (0, 1):
        raise Rejected(f"attribute count_include_pad is {include}, neither 0 nor 1")
    pool = SumPool(pool_spec=_pool_spec(call), count_include_pad=include == 1, normalize=True)
    wire = call.wire(pool, call.input(0))
    expect_windows(call, call.input(0), wire)
    return [wire]


def _pool_spec(call: Call) -> PoolSpec:
    expect_inputs(call, 1)
    fact = call.fact(call.input(0))
    if fact.rank < 2:
        raise Rejected(f"a pool of a tensor with {fact.rank} axes")
    required_integers(call, "kernel_shape")
    kernel = naturals(call, "kernel_shape") or ()
    if len(kernel) > fact.rank - 2:
        raise Uncertain(f"a window of {len(kernel)} axes over {fact.rank - 2}")
    return PoolSpec(
        data_format=NCHW,
        kernel_shape=kernel,
        padding=padding_spec(call, of_pool=True),
        dilations=None,
        strides=naturals(call, "strides"),
        input_channels=fact.shape[1],
        output_channels=fact.shape[1],
    )
