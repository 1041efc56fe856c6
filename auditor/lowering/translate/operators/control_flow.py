"""Branches (tract `onnx/src/ops/logic.rs` `_if`). tract has no Loop."""

from __future__ import annotations

from auditor.lowering.errors import Rejected
from auditor.lowering.graph.graph import Graph, Outlet
from auditor.lowering.translate.bodies import free_names
from auditor.lowering.translate.expectations import expect_inputs
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.if_then_else import IfThenElse
from auditor.model.graph import GraphDef


@translates("If")
def branch(call: Call) -> list[Outlet]:
    """Two bodies, of which the rewriting keeps one when the condition is constant."""
    expect_inputs(call, 1)
    condition = call.fact(call.input(0))
    if condition.dt != "bool" or condition.volume != 1:
        raise Rejected(f"its condition is {condition.dt} {list(condition.shape)}, not one truth value")
    then_body, then_names = _body(call, "then_branch")
    else_body, else_names = _body(call, "else_branch")
    if len(then_body.outputs) != len(else_body.outputs):
        raise Rejected("its branches have different numbers of outputs")
    names = sorted({*then_names, *else_names})
    op = IfThenElse(
        then_body=then_body,
        then_input_mapping=tuple(names.index(name) + 1 for name in then_names),
        else_body=else_body,
        else_input_mapping=tuple(names.index(name) + 1 for name in else_names),
    )
    inputs = [call.input(0), *(call.closures[name] for name in names)]
    return call.graph.wire_node(call.name, op, inputs)


def _body(call: Call, attribute: str) -> tuple[Graph, tuple[str, ...]]:
    body = call.node.attributes.get(attribute)
    if not isinstance(body, GraphDef):
        raise Rejected(f"its attribute {attribute} is missing")
    if any(info.name not in body.initializers for info in body.inputs):
        raise Rejected(f"its {attribute} has inputs, and no branch is given any")
    return call.translate_body(body, ()), free_names(body)
