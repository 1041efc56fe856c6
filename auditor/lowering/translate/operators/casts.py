"""Changes of type (tract `onnx/src/ops/cast.rs`)."""

from __future__ import annotations

from auditor.lowering.errors import Rejected
from auditor.lowering.graph.graph import Outlet
from auditor.lowering.translate.expectations import datum_type_attribute, expect_inputs
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.cast import Cast
from auditor.lowering.typed.onnx_cast import OnnxCast


@translates("Cast")
def cast(call: Call) -> list[Outlet]:
    """To the type of an attribute; tract casts to dimensions where the file says int64."""
    expect_inputs(call, 1)
    to = datum_type_attribute(call, "to")
    if to is None:
        raise Rejected("attribute to is missing")
    return [call.wire(OnnxCast(to="tdim" if to == "i64" else to), *call.present)]


@translates("CastLike")
def cast_like(call: Call) -> list[Outlet]:
    """To the type of the second input, which is not read."""
    expect_inputs(call, 2)
    value, like = call.present
    return [call.wire(Cast(to=call.fact(like).dt), value)]
