"""Comparisons and choices (tract `onnx/src/ops/logic.rs`, `hir/src/ops/logic.rs`)."""

from __future__ import annotations

from auditor.lowering.graph.graph import Outlet
from auditor.lowering.translate.expectations import expect_inputs, expect_type
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.axis import rank_broadcast, wire_with_rank_broadcast
from auditor.lowering.typed.binary import common_type
from auditor.lowering.typed.cast import wire_cast
from auditor.lowering.typed.comparison import Comp
from auditor.lowering.typed.iff import Iff

_COMPARISONS = {"Equal": "==", "Greater": ">", "Less": "<", "LessOrEqual": "<=", "GreaterOrEqual": ">="}


@translates(*_COMPARISONS)
def comparison(call: Call) -> list[Outlet]:
    """Two inputs, brought to one rank and then to one type."""
    expect_inputs(call, 2)
    a, b = call.present
    operating = common_type(call.fact(a).dt, call.fact(b).dt)
    wires = rank_broadcast(call.graph, call.name, [a, b])
    wires = wire_cast(call.graph, call.name, wires, operating)
    return [call.wire(Comp(kind=_COMPARISONS[call.node.op_type]), *wires)]


@translates("Where")
def where(call: Call) -> list[Outlet]:
    """A choice by truth values between two inputs, brought to one type and then to one rank."""
    expect_inputs(call, 3)
    condition, *branches = call.present
    expect_type(call, condition, "bool", "the condition of Where")
    operating = common_type(*(call.fact(outlet).dt for outlet in branches))
    branches = wire_cast(call.graph, call.name, branches, operating)
    return wire_with_rank_broadcast(call.graph, call.name, Iff(), [condition, *branches])
