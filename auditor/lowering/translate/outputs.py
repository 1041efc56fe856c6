"""A check that ends a translator where the wiring may not give what the inference rules promised."""

from __future__ import annotations

from auditor.lowering.graph.graph import Outlet
from auditor.lowering.graph.shapes import Shape
from auditor.lowering.translate.registry import Call, Rejected


def expect_output(call: Call, outlet: Outlet, dt: str, shape: Shape) -> None:
    """Raises :class:`Rejected` unless a wire is what tract inferred (`hir/src/ops/expandable.rs`)."""
    fact = call.fact(outlet)
    if (fact.dt, fact.shape) != (dt, shape):
        raise Rejected(f"its output is {fact.dt} {list(fact.shape)} where EZKL expects {dt} {list(shape)}")
