"""Concat (tract `hir/src/ops/array/concat.rs`)."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.lowering.errors import Rejected
from auditor.lowering.graph.graph import Outlet
from auditor.lowering.graph.shapes import ShapeMismatch
from auditor.lowering.translate.attributes import integer
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed import binary
from auditor.lowering.typed.cast import wire_cast
from auditor.lowering.typed.concat import Concat


@translates("Concat")
def concat(call: Call) -> list[Outlet]:
    """The inputs side by side, cast to a type that holds them all."""
    axis = integer(call, "axis")
    rank = call.fact(call.input(0)).rank
    if not -rank <= axis < rank:
        raise Rejected(f"joins on axis {axis} of rank {rank}")
    dts = [call.fact(outlet).dt for outlet in call.present]
    dt = _super_type(dts)
    if dt is None:
        raise Rejected(f"joins values of types {', '.join(sorted(set(dts)))}")
    inputs = wire_cast(call.graph, call.name, call.present, dt)
    return [call.wire(Concat(axis=axis % rank), *inputs)]


def _super_type(dts: Iterable[str]) -> str | None:
    """The common type of several, None when there is none (tract `DatumType::super_type_for`)."""
    try:
        return binary.super_type(list(dts))
    except ShapeMismatch:
        return None
