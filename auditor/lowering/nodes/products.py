"""Matrix products, convolutions and pools (EZKL `graph/utilities.rs` `new_op_from_onnx`)."""

from __future__ import annotations

from auditor.circuit import ops
from auditor.circuit.ops import Padding, Shape
from auditor.lowering.errors import Rejected
from auditor.lowering.nodes.context import NodeContext
from auditor.lowering.nodes.registry import node_rule
from auditor.lowering.typed.conv import Conv
from auditor.lowering.typed.deconv import Deconv
from auditor.lowering.typed.einsum import EinSum
from auditor.lowering.typed.pool import MaxPool, SumPool
from auditor.lowering.typed.pool_spec import PoolSpec


@node_rule(EinSum)
def einsum(op: EinSum, ctx: NodeContext) -> ops.Op:
    """A sum of products."""
    return ops.Einsum(equation=str(op.axes))


@node_rule(Conv)
def conv(op: Conv, ctx: NodeContext) -> ops.Op:
    """A convolution without dilation; a constant bias takes the scale of the products."""
    _refuse_dilations(op.pool_spec)
    stride, padding = _window(op.pool_spec, ctx)
    _rescale_bias(ctx)
    return ops.Conv(
        padding=padding,
        stride=stride,
        group=op.group,
        data_format=op.pool_spec.data_format.name,
        kernel_format=op.kernel_fmt.name,
    )


@node_rule(Deconv)
def deconv(op: Deconv, ctx: NodeContext) -> ops.Op:
    """A transposed convolution without dilation."""
    _refuse_dilations(op.pool_spec)
    stride, padding = _window(op.pool_spec, ctx)
    _rescale_bias(ctx)
    return ops.DeConv(
        padding=padding,
        output_padding=op.adjustments,
        stride=stride,
        group=op.group,
        data_format=op.pool_spec.data_format.name,
        kernel_format=op.kernel_format.name,
    )


@node_rule(MaxPool)
def max_pool(op: MaxPool, ctx: NodeContext) -> ops.Op:
    """The largest of each window; EZKL ignores dilations."""
    stride, padding = _window(op.pool_spec, ctx)
    return ops.MaxPool(
        padding=padding,
        stride=stride,
        pool_dims=op.pool_spec.kernel_shape,
        data_format=op.pool_spec.data_format.name,
    )


@node_rule(SumPool)
def sum_pool(op: SumPool, ctx: NodeContext) -> ops.Op:
    """The sum or mean of each window."""
    stride, padding = _window(op.pool_spec, ctx)
    return ops.SumPool(
        padding=padding,
        stride=stride,
        kernel_shape=op.pool_spec.kernel_shape,
        normalized=op.normalize,
        data_format=op.pool_spec.data_format.name,
    )


def _refuse_dilations(spec: PoolSpec) -> None:
    if spec.dilations is not None and any(dilation != 1 for dilation in spec.dilations):
        raise Rejected("dilated convolutions", "use dilations of one")


def _window(spec: PoolSpec, ctx: NodeContext) -> tuple[Shape, Padding]:
    """Strides and padding; EZKL takes the last axes for the image, whatever the format."""
    if spec.strides is None:
        raise Rejected("EZKL misses the strides", "write strides=[1, ...] explicitly")
    image, rank = ctx.shape(0), len(spec.kernel_shape)
    if len(image) < rank:
        raise Rejected(f"a window of {rank} axes on a tensor of {len(image)}")
    dims = spec.computed_padding(image[len(image) - rank :])
    return spec.strides, tuple((dim.pad_before, dim.pad_after) for dim in dims)


def _rescale_bias(ctx: NodeContext) -> None:
    """Quantise a constant bias at the scale of input times kernel."""
    if len(ctx.scales) != 3:
        return
    scale = ctx.scale(0) + ctx.scale(1)
    if ctx.scale(2) != scale and ctx.constant(2) is not None:
        ctx.inputs[2].rescale(scale)
