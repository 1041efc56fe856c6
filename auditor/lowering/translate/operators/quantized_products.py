"""Matrix products of quantised numbers (tract `onnx/src/ops/math/mat_mul_integer.rs`)."""

from __future__ import annotations

from auditor.lowering.errors import Rejected, Uncertain
from auditor.lowering.graph.axes import AxesMapping
from auditor.lowering.graph.graph import Outlet
from auditor.lowering.graph.tensor import Tensor
from auditor.lowering.translate.expectations import expect_inputs, expect_same_type, expect_type
from auditor.lowering.translate.operators.matmul import check_matmul_shapes
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.axis import rank_broadcast
from auditor.lowering.typed.einsum import EinSum

_PER_ROW_OR_COLUMN = {2: "m", 3: "m", 4: "m", 5: "n", 6: "n", 7: "m", 8: "m"}
"""Which index a vector at each of the nine inputs runs over."""


@translates("MatMulInteger")
def matmul_integer(call: Call) -> list[Outlet]:
    """A product of integers with zero points."""
    a, b = call.input(0), call.input(1)
    zero_points = [call.optional_input(2), call.optional_input(3)]
    if len(call.present) != 2 + sum(outlet is not None for outlet in zero_points):
        raise Rejected(f"has {len(call.present)} inputs")
    for factor, zero_point in zip((a, b), zero_points, strict=True):
        if zero_point is not None:
            expect_same_type(call, [factor, zero_point], "a factor and its zero point")
    _check_factors(call, a, b)
    inputs = rank_broadcast(call.graph, call.name, [a, b])
    inputs.append(call.const(Tensor.scalar(0, "i32"), "bias"))
    for letter, zero_point in zip("ab", zero_points, strict=True):
        zero = call.const(Tensor.scalar(0, "i32"), f"{letter}0") if zero_point is None else zero_point
        inputs += [zero, call.const(Tensor.scalar(1, "f32"), f"{letter}_scale")]
    inputs.append(call.const(Tensor.scalar(0, "i32"), "c0"))
    inputs.append(call.const(Tensor.scalar(1, "f32"), "c_scale"))
    return [_wire(call, inputs, "i32")]


@translates("QLinearMatMul")
def qlinear_matmul(call: Call) -> list[Outlet]:
    """A product of quantised matrices."""
    expect_inputs(call, 8)
    a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero = call.present
    expect_same_type(call, [a, a_zero], "A and its zero point")
    expect_same_type(call, [b, b_zero], "B and its zero point")
    for scale, zero in ((a_scale, a_zero), (b_scale, b_zero), (y_scale, y_zero)):
        expect_type(call, scale, "f32", "a scale")
        if call.fact(scale).rank != call.fact(zero).rank:
            raise Rejected("a scale and its zero point have different numbers of axes")
    _check_factors(call, a, b)
    inputs = rank_broadcast(call.graph, call.name, [a, b])
    inputs.append(call.const(Tensor.scalar(0, "i32"), "bias"))
    inputs += [a_zero, a_scale, b_zero, b_scale, y_zero, y_scale]
    return [_wire(call, inputs, call.fact(y_zero).dt)]


def _check_factors(call: Call, a: Outlet, b: Outlet) -> None:
    ranks = call.fact(a).rank, call.fact(b).rank
    check_matmul_shapes(call.fact(a).shape, call.fact(b).shape)
    if min(ranks) < 2:
        raise Uncertain("a quantised product with a vector")


def _wire(call: Call, inputs: list[Outlet], output_dt: str) -> Outlet:
    """The einsum of nine inputs (tract `wire_as_einsum`)."""
    ranks = [call.fact(outlet).rank for outlet in inputs]
    rank = ranks[0]
    axes = AxesMapping.disconnected(ranks, ranks[:1])
    axes = axes.renaming((("in", 0), rank - 2), "m").linking("m", (("out", 0), rank - 2))
    axes = axes.renaming((("in", 1), rank - 1), "n").linking("n", (("out", 0), rank - 1))
    axes = axes.renaming((("in", 0), rank - 1), "k").linking("k", (("in", 1), rank - 2))
    for axis in range(rank - 2):
        axes = axes.linking((("in", 0), axis), (("in", 1), axis))
        axes = axes.linking((("in", 0), axis), (("out", 0), axis))
    for slot, letter in _PER_ROW_OR_COLUMN.items():
        if ranks[slot] == 1:
            axes = axes.linking(letter, (("in", slot), 0))
    return call.wire(EinSum(axes=axes, operating_dt="i32", quantized_dt=output_dt), *inputs)
