"""Quantisation (tract `onnx/src/ops/quant.rs`). Of scales and zero points tract reads the first."""

from __future__ import annotations

import numpy as np

from auditor.lowering.errors import Rejected
from auditor.lowering.graph.graph import Outlet
from auditor.lowering.graph.tensor import Tensor
from auditor.lowering.translate.expectations import expect_inputs, expect_output, expect_type
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.cast import whole
from auditor.lowering.typed.quant import (
    DequantizeLinearF32,
    DynamicQuantizeLinearU8,
    QuantizeLinearI8,
    QuantizeLinearU8,
)

_WITH_ZERO_POINT = 3
"""How many inputs a node names that has a zero point."""


@translates("QuantizeLinear")
def quantize_linear(call: Call) -> list[Outlet]:
    """To unsigned bytes, or to signed ones if the zero point is."""
    scale, zero_point, zero_dt = _parameters(call)
    fact = call.fact(call.present[0])
    inverse = None if scale is None else float(np.float32(1) / np.float32(scale))
    op: QuantizeLinearU8 | QuantizeLinearI8
    if zero_dt == "u8":
        op = QuantizeLinearU8(scale=inverse, zero_point=zero_point)
    elif zero_dt == "i8":
        op = QuantizeLinearI8(scale=inverse, zero_point=zero_point)
    else:
        raise Rejected(f"its zero point is {zero_dt}; EZKL reads bytes only")
    wire = call.wire(op, call.present[0])
    expect_output(call, wire, zero_dt, fact.shape)
    return [wire]


@translates("DequantizeLinear")
def dequantize_linear(call: Call) -> list[Outlet]:
    """To f32."""
    scale, zero_point, zero_dt = _parameters(call)
    value = call.present[0]
    if len(call.node.inputs) == _WITH_ZERO_POINT:
        expect_type(call, value, zero_dt, "the input, as its zero point,")
    if zero_dt not in ("u8", "i8", "i32"):
        raise Rejected(f"its zero point is {zero_dt}; EZKL reads bytes and int32 only")
    return [call.wire(DequantizeLinearF32(scale=scale, zero_point=zero_point), value)]


def _parameters(call: Call) -> tuple[float | None, int, str]:
    """The scale (None if the file does not hold it), the zero point, and the type of the zero point."""
    with_zero_point = len(call.node.inputs) == _WITH_ZERO_POINT
    expect_inputs(call, _WITH_ZERO_POINT if with_zero_point else _WITH_ZERO_POINT - 1)
    expect_type(call, call.present[1], "f32", "the scale")
    scale = _first(_constant(call, 1, "the scale"))
    if not with_zero_point:
        return scale, 0, "u8"
    zero = _constant(call, 2, "the zero point")
    if zero.volume == 0:
        raise Rejected("a scale or zero point is empty")
    return scale, whole(zero.array) if zero.has_values else 0, zero.dt


def _constant(call: Call, slot: int, what: str) -> Tensor:
    value = call.fact(call.present[slot]).konst
    if value is None:
        raise Rejected(f"{what} is computed by the model", f"make {what} a constant")
    return value


def _first(tensor: Tensor) -> float | None:
    if tensor.volume == 0:
        raise Rejected("a scale or zero point is empty")
    return float(tensor.array.reshape(-1)[0]) if tensor.has_values else None


@translates("DynamicQuantizeLinear")
def dynamic_quantize_linear(call: Call) -> list[Outlet]:
    """To unsigned bytes by the range of the input, with scale and zero point as outputs."""
    expect_inputs(call, 1)
    expect_type(call, call.present[0], "f32", "the input")
    name = f"{call.name}.dynamic_quantize"
    return call.graph.wire_node(name, DynamicQuantizeLinearU8(), call.present)
