"""OneHot (tract `onnx/src/ops/array/one_hot.rs`)."""

from __future__ import annotations

from auditor.lowering.errors import Rejected
from auditor.lowering.graph.graph import Outlet
from auditor.lowering.translate.attributes import integer
from auditor.lowering.translate.expectations import expect_inputs, expect_shape
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.cast import whole
from auditor.lowering.typed.one_hot import OneHot


@translates("OneHot")
def one_hot(call: Call) -> list[Outlet]:
    """Depth and values become part of the operation, so both must be constant."""
    expect_inputs(call, 3)
    indices, depth, values = call.present
    expect_shape(call, values, (2,), "the values")
    dim, konst = call.fact(depth).konst, call.fact(values).konst
    if dim is None or konst is None:
        raise Rejected("the depth and the values of OneHot are not constant", "make them initializers")
    if dim.volume != 1:
        raise Rejected(f"the depth has shape {list(dim.shape)}")
    classes = whole(dim.array)
    if classes < 0:
        raise Rejected(f"the depth is {classes}")
    axis = integer(call, "axis", -1)
    op = OneHot(
        axis=axis + call.fact(indices).rank + 1 if axis < 0 else axis,
        dim=classes,
        off=konst.derive(lambda array: array[0], (), konst.dt),
        on=konst.derive(lambda array: array[1], (), konst.dt),
    )
    return [call.wire(op, indices)]
