"""Matrix products (tract `hir/src/ops/matmul.rs`)."""

from __future__ import annotations

from auditor.lowering.errors import Rejected
from auditor.lowering.graph.axes import AxesMapping
from auditor.lowering.graph.graph import Outlet
from auditor.lowering.graph.shapes import Shape, broadcast_shapes
from auditor.lowering.translate.expectations import expect_inputs, expect_same_type
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.einsum import EinSum


@translates("MatMul")
def matmul(call: Call) -> list[Outlet]:
    """An einsum whose letters are tract's."""
    expect_inputs(call, 2)
    a, b = call.fact(call.present[0]), call.fact(call.present[1])
    expect_same_type(call, call.present, "both factors")
    check_matmul_shapes(a.shape, b.shape)
    if a.rank == b.rank == 1:
        raise Rejected("EZKL does not multiply two vectors", "give one of them an axis of size one")
    axes = AxesMapping.parse(_equation(a.rank, b.rank))
    return [call.wire(EinSum(axes=axes, operating_dt=a.dt), *call.present)]


def check_matmul_shapes(a: Shape, b: Shape) -> None:
    """tract's inference of a product's shape.

    Raises:
        Rejected: the shared sizes differ.
        ShapeMismatch: the sizes in front do not broadcast.
    """
    if not a or not b:
        raise Rejected("a factor has no axes")
    shared = a[-1], b[-2] if len(b) > 1 else b[0]
    if shared[0] != shared[1]:
        raise Rejected(f"cannot multiply {list(a)} by {list(b)}")
    broadcast_shapes([a[:-2], b[:-2]])


def _equation(a_rank: int, b_rank: int) -> str:
    batch = "".join(chr(ord("a") + i) for i in range(max(a_rank, b_rank, 2) - 2))
    if a_rank == 1:
        return f"k,{batch}kn->{batch}n"
    if b_rank == 1:
        return f"{batch}mk,k->{batch}m"
    of_a, of_b = batch[max(b_rank - a_rank, 0) :], batch[max(a_rank - b_rank, 0) :]
    return f"{of_a}mk,{of_b}kn->{batch}mn"
