"""Trilu (tract `onnx/src/ops/array/trilu.rs`)."""

from __future__ import annotations

from auditor.lowering.graph.graph import Outlet
from auditor.lowering.graph.tensor import Tensor
from auditor.lowering.translate.attributes import integer
from auditor.lowering.translate.expectations import expect_inputs, expect_shape, expect_type
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.trilu import Trilu


@translates("Trilu")
def trilu(call: Call) -> list[Outlet]:
    """A second input that is named, even by an empty name, must be there."""
    expect_inputs(call, 2 if len(call.node.inputs) == 2 else 1)
    data, *given = call.present
    for diagonal in given:
        expect_type(call, diagonal, "i64", "the diagonal")
        expect_shape(call, diagonal, (), "the diagonal")
    diagonal = given[0] if given else call.const(Tensor.scalar(0, "i64"), "k")
    return [call.wire(Trilu(upper=integer(call, "upper", 1) == 1), data, diagonal)]
