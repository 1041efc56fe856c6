"""TopK (tract `onnx/src/ops/array/topk.rs`)."""

from __future__ import annotations

from auditor.lowering.graph.graph import Outlet
from auditor.lowering.translate.attributes import integer
from auditor.lowering.translate.expectations import expect_inputs, expect_shape, expect_type
from auditor.lowering.translate.operators.gather import from_the_end
from auditor.lowering.translate.readers import refuse_open_size
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.topk import Topk


@translates("TopK")
def topk(call: Call) -> list[Outlet]:
    """``k`` is an input; tract reads neither the attribute of old opsets nor ``sorted``."""
    expect_inputs(call, 2)
    data, k = call.present
    expect_type(call, k, "i64", "k")
    expect_shape(call, k, (1,), "k")
    if call.fact(k).konst is None:
        refuse_open_size(call, "the number of elements to keep is not constant", "make k an initializer")
    axis = from_the_end(integer(call, "axis", -1), call.fact(data).rank)
    op = Topk(axis=axis, largest=integer(call, "largest", 1) == 1, fallback_k=None)
    return call.graph.wire_node(call.name, op, [data, k])
