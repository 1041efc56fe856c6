"""Gemm (tract `onnx/src/ops/math/gemm.rs`)."""

from __future__ import annotations

from auditor.lowering.errors import Rejected
from auditor.lowering.graph.axes import AxesMapping
from auditor.lowering.graph.axis_op import add
from auditor.lowering.graph.graph import Outlet
from auditor.lowering.graph.tensor import Tensor
from auditor.lowering.translate.attributes import integer, real
from auditor.lowering.translate.expectations import expect_same_type, expect_shape
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.axis import AxisOp
from auditor.lowering.typed.binary import Binary
from auditor.lowering.typed.einsum import EinSum


@translates("Gemm")
def gemm(call: Call) -> list[Outlet]:
    """``alpha * A * B + beta * C``; only a factor alpha of one is left out."""
    a, b = call.input(0), call.input(1)
    of_a, of_b = ("km" if _flag(call, "transA") else "mk"), ("nk" if _flag(call, "transB") else "kn")
    _check(call, of_a, of_b)
    alpha, beta = real(call, "alpha", 1.0), real(call, "beta", 1.0)
    product = EinSum(axes=AxesMapping.parse(f"{of_a},{of_b}->mn"), operating_dt=call.fact(a).dt)
    wire = call.wire(product, a, b, suffix="ab")
    if alpha != 1.0:
        factor = call.const(Tensor.scalar(alpha, "f32", 2), "alpha_ab.cst")
        wire = call.wire(Binary(kind="Mul"), factor, wire, suffix="alpha_ab")
    shape = call.fact(wire).shape
    if beta != 0.0 and len(call.present) > 2:
        c = call.present[2]
        for rank in range(call.fact(c).rank, 2):
            c = call.wire(AxisOp(add(0)), c, suffix=f"c_add_axis_{rank}")
        factor = call.const(Tensor.scalar(beta, "f32", 2), "beta_c.cst")
        scaled = call.wire(Binary(kind="Mul"), factor, c, suffix="beta_c")
        wire = call.wire(Binary(kind="Add"), wire, scaled)
        expect_shape(call, wire, shape, "the sum with C")
    return [wire]


def _flag(call: Call, name: str) -> bool:
    value = integer(call, name, 0)
    if value not in (0, 1):
        raise Rejected(f"attribute {name} is {value}, neither 0 nor 1")
    return value == 1


def _check(call: Call, of_a: str, of_b: str) -> None:
    """What tract's rules demand."""
    expect_same_type(call, call.present[:3], "A, B and C")
    a, b = call.fact(call.input(0)).shape, call.fact(call.input(1)).shape
    if len(a) != 2 or len(b) != 2:
        raise Rejected(f"multiplies {list(a)} by {list(b)}, where two matrices are expected")
    if a[of_a.index("k")] != b[of_b.index("k")]:
        raise Rejected(f"cannot multiply {list(a)} by {list(b)} as {of_a} by {of_b}")
