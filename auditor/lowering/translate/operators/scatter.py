"""ScatterElements, ScatterND (tract `hir/src/ops/array/scatter_*.rs`); tract does not heed ``reduction``."""

from __future__ import annotations

from auditor.lowering.errors import Rejected
from auditor.lowering.graph.graph import Outlet
from auditor.lowering.translate.attributes import integer
from auditor.lowering.translate.expectations import expect_inputs, expect_same_type, expect_shape
from auditor.lowering.translate.operators.gather import from_the_end
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.scatter import ScatterElements, ScatterNd


@translates("Scatter", "ScatterElements")
def scatter_elements(call: Call) -> list[Outlet]:
    expect_inputs(call, 3)
    data, indices, updates = call.present
    expect_same_type(call, (data, updates), "data and updates")
    rank = call.fact(data).rank
    expect_shape(call, indices, (None,) * rank, "the indices")
    expect_shape(call, updates, call.fact(indices).shape, "the updates")
    axis = from_the_end(integer(call, "axis", 0), rank)
    return [call.wire(ScatterElements(axis=axis), data, indices, updates)]


@translates("ScatterND")
def scatter_nd(call: Call) -> list[Outlet]:
    expect_inputs(call, 3)
    data, indices, updates = call.present
    expect_same_type(call, (data, updates), "data and updates")
    shape = call.fact(indices).shape
    if not shape:
        raise Rejected("the indices have no axes")
    rank = call.fact(data).rank + len(shape) - shape[-1] - 1
    if call.fact(updates).rank != rank:
        raise Rejected(f"the updates have {call.fact(updates).rank} axes where {rank} are needed")
    return [call.wire(ScatterNd(), data, indices, updates)]
