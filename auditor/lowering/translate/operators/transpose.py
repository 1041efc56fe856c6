"""Transpose, as moves of single axes (tract `hir/src/ops/array/permute_axes.rs`)."""

from __future__ import annotations

from auditor.lowering.errors import Rejected
from auditor.lowering.graph.axis_op import perm_to_changes
from auditor.lowering.graph.graph import Outlet
from auditor.lowering.translate.attributes import naturals
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.axis import AxisOp


@translates("Transpose")
def transpose(call: Call) -> list[Outlet]:
    """A permutation of axes; without ``perm`` their order is reversed."""
    rank = call.fact(call.input(0)).rank
    perm = naturals(call, "perm")
    order = list(range(rank))[::-1] if perm is None else list(perm)
    if sorted(order) != list(range(rank)):
        raise Rejected(f"permutes {rank} axes by {order}")
    wire = call.input(0)
    for index, change in enumerate(perm_to_changes(order)):
        wire = call.wire(AxisOp(change), wire, suffix=f"MoveAxis-{index}")
    return [wire]
