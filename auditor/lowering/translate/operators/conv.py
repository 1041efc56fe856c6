"""Convolutions, plain and quantised (tract `hir/src/ops/cnn/conv.rs`)."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from auditor.lowering.errors import Rejected
from auditor.lowering.graph.axis_op import rm
from auditor.lowering.graph.graph import Outlet
from auditor.lowering.graph.tensor import Tensor
from auditor.lowering.translate.attributes import integer, naturals
from auditor.lowering.translate.expectations import expect_same_type, expect_shape
from auditor.lowering.translate.operators.windows import expect_windows, padding_spec
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.axis import AxisOp
from auditor.lowering.typed.cast import Cast
from auditor.lowering.typed.conv import Conv
from auditor.lowering.typed.kernel_format import OIHW
from auditor.lowering.typed.pool_spec import NCHW, PoolSpec

_FLOATS = ("f16", "f32", "f64")


class _Operands(Struct, frozen=True, kw_only=True):
    """The inputs of a convolution.

    ``quantization`` holds zero point and scale of input, kernel and output, each None for its default;
    it is empty when nothing is quantised. ``output_dt`` is a type that differs from the input's.
    """

    data: Outlet
    kernel: Outlet
    bias: Outlet | None
    quantization: Sequence[Outlet | None] = ()
    output_dt: str | None = None


@translates("Conv")
def conv(call: Call) -> list[Outlet]:
    """A convolution of floats."""
    bias = call.input(2) if len(call.node.inputs) == 3 else None
    return [_wire(call, _Operands(data=call.input(0), kernel=call.input(1), bias=bias))]


@translates("ConvInteger")
def conv_integer(call: Call) -> list[Outlet]:
    """A convolution of integers with zero points; without them tract takes it for one of floats."""
    zero_points = call.optional_input(2), call.optional_input(3)
    quantization = (zero_points[0], None, zero_points[1], None, None, None) if any(zero_points) else ()
    data, kernel = call.input(0), call.input(1)
    operands = _Operands(data=data, kernel=kernel, bias=None, quantization=quantization, output_dt="i32")
    return [_wire(call, operands)]


@translates("QLinearConv")
def conv_qlinear(call: Call) -> list[Outlet]:
    """A convolution of quantised numbers."""
    bias = call.input(8) if len(call.node.inputs) == 9 else None
    quantization = [call.input(slot) for slot in (2, 1, 5, 4, 7, 6)]
    operands = _Operands(data=call.input(0), kernel=call.input(3), bias=bias, quantization=quantization)
    return [_wire(call, operands)]


def _wire(call: Call, operands: _Operands) -> Outlet:
    _check(call, operands)
    fact, shape = call.fact(operands.data), call.fact(operands.kernel).shape
    group = integer(call, "group", 1)
    spec = PoolSpec(
        data_format=NCHW,
        kernel_shape=OIHW.spatial_shape(shape),
        padding=padding_spec(call, of_pool=False),
        dilations=naturals(call, "dilations"),
        strides=naturals(call, "strides"),
        input_channels=OIHW.input_channels(shape, group),
        output_channels=OIHW.output_channels(shape, group),
    )
    bias = _bias(call, operands.bias, fact.dt if fact.dt in _FLOATS else "i32")
    wires = [operands.data, operands.kernel, bias, *_quantization(call, operands.quantization)]
    q_params = (operands.output_dt or fact.dt) if operands.quantization else None
    wire = call.wire(Conv(pool_spec=spec, kernel_fmt=OIHW, group=group, q_params=q_params), *wires)
    expect_windows(call, operands.data, wire)
    return wire


def _check(call: Call, operands: _Operands) -> None:
    """What tract's rules demand."""
    data, kernel = call.fact(operands.data), call.fact(operands.kernel)
    expect_same_type(call, [operands.data, operands.kernel], "input and kernel")
    if data.rank != kernel.rank or data.rank < 2:
        raise Rejected(f"convolves {data.rank} axes with a kernel of {kernel.rank}")
    declared = naturals(call, "kernel_shape")
    if declared is not None and declared != kernel.shape[2:]:
        raise Rejected(f"attribute kernel_shape is {list(declared)}, the kernel has {list(kernel.shape[2:])}")
    group = integer(call, "group", 1)
    if group < 1 or data.shape[1] != group * kernel.shape[1]:
        raise Rejected(f"{data.shape[1]} channels do not fit {group} groups of {kernel.shape[1]}")
    if operands.bias is not None:
        expect_shape(call, operands.bias, (kernel.shape[0],), "the bias")


def _bias(call: Call, bias: Outlet | None, dt: str) -> Outlet:
    if bias is None:
        return call.const(Tensor.scalar(0, dt), "bias")
    wire = call.wire(Cast(to=dt), bias, suffix="bias")
    if call.fact(wire).shape == (1,):
        wire = call.wire(AxisOp(rm(0)), wire, suffix="bias_rm_0")
    return wire


def _quantization(call: Call, given: Sequence[Outlet | None]) -> list[Outlet]:
    if not given:
        return []
    zero = call.const(Tensor.scalar(0, "i32"), "zero")
    one = call.const(Tensor.scalar(1, "f32"), "one")
    names = ("x_zero_point", "x_scale", "k_zero_point", "k_scale", "y_zero_point", "y_scale")
    wires = []
    for slot, (outlet, name) in enumerate(zip(given, names, strict=True)):
        default, dt = (zero, "i32") if slot % 2 == 0 else (one, "f32")
        source = default if outlet is None else outlet
        wires.append(call.wire(Cast(to=dt), source, suffix=f"cast_{name}_input"))
    return wires
