"""Transposed convolution (tract `onnx/src/ops/nn/conv_transpose.rs`)."""

from __future__ import annotations

from auditor.lowering.errors import Rejected
from auditor.lowering.graph.axis_op import move, reshape
from auditor.lowering.graph.graph import Outlet
from auditor.lowering.graph.shapes import Shape
from auditor.lowering.graph.tensor import Tensor
from auditor.lowering.translate.attributes import integer, naturals
from auditor.lowering.translate.expectations import expect_inputs, expect_same_type, expect_shape
from auditor.lowering.translate.operators.windows import padding_spec
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.axis import AxisOp
from auditor.lowering.typed.deconv import Deconv
from auditor.lowering.typed.kernel_format import OIHW
from auditor.lowering.typed.pool_spec import NCHW, PoolSpec


@translates("ConvTranspose")
def conv_transpose(call: Call) -> list[Outlet]:
    """ONNX stores the kernel as inputs, outputs of one group, space; tract wants outputs first."""
    _check(call)
    data, group = call.fact(call.input(0)), integer(call, "group", 1)
    kernel = _kernel(call, group)
    shape = call.fact(kernel).shape
    spec = PoolSpec(
        data_format=NCHW,
        kernel_shape=shape[2:],
        padding=padding_spec(call, of_pool=False),
        dilations=naturals(call, "dilations"),
        strides=naturals(call, "strides"),
        input_channels=OIHW.input_channels(shape, group),
        output_channels=OIHW.output_channels(shape, group),
    )
    sizes = naturals(call, "output_shape")
    if sizes is None:
        adjustments = naturals(call, "output_padding") or (0,) * spec.rank
    else:
        adjustments = _adjustments(spec, data.shape[2:], sizes)
    bias = call.optional_input(2)
    if bias is None:
        bias = call.const(Tensor.scalar(0, data.dt), "bias")
    deconv = Deconv(pool_spec=spec, kernel_format=OIHW, adjustments=adjustments, group=group)
    return [call.wire(deconv, call.input(0), kernel, bias)]


def _check(call: Call) -> None:
    """What tract's rules demand."""
    expect_inputs(call, 3 if len(call.node.inputs) == 3 else 2)
    data, kernel = call.fact(call.input(0)), call.fact(call.input(1))
    expect_same_type(call, call.present, "input, kernel and bias")
    if data.rank != kernel.rank or data.rank < 2:
        raise Rejected(f"convolves {data.rank} axes with a kernel of {kernel.rank}")
    if data.shape[1] != kernel.shape[0]:
        raise Rejected(f"{data.shape[1]} channels, where the kernel expects {kernel.shape[0]}")
    group = integer(call, "group", 1)
    if group < 1:
        raise Rejected(f"attribute group is {group}")
    if call.optional_input(2) is not None:
        expect_shape(call, call.input(2), (group * kernel.shape[1],), "the bias")


def _kernel(call: Call, group: int) -> Outlet:
    shape = call.fact(call.input(1)).shape
    split = reshape(0, (shape[0],), (group, shape[0] // group))
    wire = call.wire(AxisOp(split), call.input(1), suffix="kernel_split_group")
    wire = call.wire(AxisOp(move(1, 2)), wire, suffix="kernel_reorder")
    merged = reshape(0, (group, shape[1]), (group * shape[1],))
    return call.wire(AxisOp(merged), wire, suffix="kernel_merge_group")


def _adjustments(spec: PoolSpec, spatial: Shape, sizes: Shape) -> Shape:
    """What must be added at the end of each axis to reach the sizes asked for, or taken away if negative."""
    padding = spec.padding
    if padding.kind not in ("Valid", "Explicit"):
        raise Rejected("EZKL does not combine auto_pad SAME with output_shape", "give pads instead")
    if len(sizes) != spec.rank:
        raise Rejected(f"attribute output_shape has {len(sizes)} sizes for {spec.rank} spatial axes")
    pads = [0] * spec.rank
    if padding.kind == "Explicit":
        pads = [before + after for before, after in zip(padding.before, padding.after, strict=False)]
    lists = zip(spatial, spec.kernel_shape, sizes, spec.all_strides, spec.all_dilations, pads, strict=False)
    return tuple(y + p - s * (x - 1) - (k - 1) * d - 1 for x, k, y, s, d, p in lists)
