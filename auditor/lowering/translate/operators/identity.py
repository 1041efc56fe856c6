"""Operators that pass their input on (tract `hir/src/ops/identity.rs`, `onnx/src/ops/nn/dropout.rs`)."""

from __future__ import annotations

from auditor.lowering.graph.graph import Outlet
from auditor.lowering.translate.expectations import expect_inputs
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.dropout import Dropout
from auditor.lowering.typed.plumbing import Identity


@translates("Identity")
def identity(call: Call) -> list[Outlet]:
    """The input itself."""
    expect_inputs(call, 1)
    return [call.wire(Identity(), call.input(0))]


@translates("Dropout")
def dropout(call: Call) -> list[Outlet | None]:
    """The input itself; tract takes no second input, and a model that reads the mask fails."""
    expect_inputs(call, 1)
    wire = call.wire(Dropout(), call.input(0))
    return [wire, None] if len(call.node.outputs) == 2 else [wire]
