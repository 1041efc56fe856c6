"""Tensor products: einsum, convolution and its transpose."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from msgspec.structs import replace

from auditor.circuit import ops
from auditor.circuit.ops import Padding, Shape
from auditor.layout.einsum import einsum
from auditor.layout.errors import LayoutError
from auditor.layout.primitives import ZERO, chain, pairwise
from auditor.layout.region import Region
from auditor.layout.rules import arity, layout_rule
from auditor.layout.rules.shapes import moved
from auditor.layout.values import Value, activation, union


@layout_rule(ops.Einsum)
def tensor_product(op: ops.Einsum, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``einsum``; it fails over letters beyond ASCII."""
    if not op.equation.isascii():
        raise LayoutError(f"einsum {op.equation}")
    return einsum(region, inputs, op.equation)


def channels_first(shape: Shape, data_format: str) -> Shape:
    """EZKL tensor/mod.rs ``DataFormat::to_canonical``."""
    if data_format == "NHWC" and len(shape) > 2:
        return moved(shape, len(shape) - 1, 1)
    if data_format == "HWC" and len(shape) > 1:
        return moved(shape, len(shape) - 1, 0)
    return shape


def channels_restored(shape: Shape, data_format: str) -> Shape:
    """EZKL tensor/mod.rs ``DataFormat::from_canonical``."""
    if data_format == "NHWC" and len(shape) > 2:
        return moved(shape, 1, len(shape) - 1)
    if data_format == "HWC" and len(shape) > 1:
        return moved(shape, 0, len(shape) - 1)
    return shape


def has_no_batch(data_format: str) -> bool:
    """Whether the batch axis is left out."""
    return data_format in ("CHW", "HWC")


def outputs_first(shape: Shape, kernel_format: str) -> Shape:
    """EZKL tensor/mod.rs ``KernelFormat::to_canonical``."""
    last = len(shape) - 1
    if kernel_format == "HWIO":
        return moved(moved(shape, last, 0), last, 1)
    if kernel_format == "OHWI":
        return moved(shape, last, 1)
    return shape


def window_positions(image: Shape, kernel: Shape, padding: Padding, stride: Shape, what: str) -> Shape:
    """How many windows fit along each spatial axis; raises LayoutError if none or for stride 0."""
    if 0 in stride:
        raise LayoutError(f"{what} with stride 0")
    if not len(image) <= min(len(kernel), len(padding), len(stride)):
        raise LayoutError(f"{what} of {len(image)} spatial axes with a kernel of {list(kernel)}")
    spare = [
        before + length + after - window
        for length, window, (before, after) in zip(image, kernel, padding, strict=False)
    ]
    if min(spare, default=0) < 0:
        raise LayoutError(f"{what}: the window {list(kernel)} is larger than the padded image {list(image)}")
    return tuple(room // step + 1 for room, step in zip(spare, stride, strict=False))


def windows_touch_padding(image: Shape, kernel: Shape, padding: Padding, stride: Shape) -> bool:
    """Whether any window holds a padded element (windows may stop short of the far side)."""
    positions = window_positions(image, kernel, padding, stride, "window")
    return prod(positions) > 0 and any(
        before > 0 or (count - 1) * step + window > before + length
        for length, window, (before, _), step, count in zip(
            image, kernel, padding, stride, positions, strict=False
        )
    )


@layout_rule(ops.Conv)
def conv(op: ops.Conv, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``conv``. Of the nine inputs of a quantised convolution it reads two, and no bias."""
    if len(inputs) != 9:
        arity(op, inputs, 2, 3)
    image, kernel = inputs[:2]
    image_shape = channels_first(image.shape, op.data_format)
    if has_no_batch(op.data_format):
        image_shape = (1, *image_shape)
    kernel_shape = outputs_first(kernel.shape, op.kernel_format)
    result = convolve(
        region,
        _as_shape(image, image_shape),
        _as_shape(kernel, kernel_shape),
        inputs[2] if len(inputs) == 3 else None,
        padding=op.padding,
        stride=op.stride,
        group=op.group,
        no_batch=has_no_batch(op.data_format),
    )
    return activation(channels_restored(result.shape, op.data_format))


def _as_shape(value: Value, shape: Shape) -> Value:
    if not value.constants:
        return activation(shape)
    return replace(value, shape=shape, load=None)


def convolve(
    region: Region,
    image: Value,
    kernel: Value,
    bias: Value | None,
    *,
    padding: Padding,
    stride: Shape,
    group: int,
    no_batch: bool = False,
) -> Value:
    """Convolution of an N, C, ... image with an O, I, ... kernel: one dot product for each output
    element, and one cell for its bias.

    Raises LayoutError for shapes EZKL rejects.
    """
    region.assign(kernel)
    region.assign(image)
    region.advance(max(kernel.size, image.size))
    _check_convolution(image, kernel, bias, group)
    if len(stride) > len(image.shape) - 2:  # EZKL looks for an axis of every stride, and panics
        raise LayoutError(f"{len(stride)} strides for {len(image.shape) - 2} spatial axes")
    positions = window_positions(image.shape[2:], kernel.shape[2:], padding, stride, "convolution")
    if no_batch:
        _check_without_batch(image.shape, kernel.shape, positions, padding, stride, group)
    constants = union([image, kernel])
    if windows_touch_padding(image.shape[2:], kernel.shape[2:], padding, stride):
        constants |= ZERO.constants
    length = prod(kernel.shape[1:])
    one_bias = None if bias is None else bias.sliced((1,))

    def one_output() -> None:
        chain(region, length, constants, 0)
        if one_bias is not None:
            pairwise(region, activation((1,)), one_bias)
        region.flush()

    region.flush()
    region.loop(image.shape[0] * kernel.shape[0] * prod(positions), one_output)
    return activation((image.shape[0], kernel.shape[0], *positions))


def _check_convolution(image: Value, kernel: Value, bias: Value | None, group: int) -> None:
    if len(image.shape) < 3 or len(kernel.shape) != len(image.shape):
        raise LayoutError(f"convolution of {list(image.shape)} with {list(kernel.shape)}")
    channels, outputs = image.shape[1], kernel.shape[0]
    if group < 1 or not channels // group or not outputs // group or outputs % group:
        raise LayoutError(f"{channels} channels and {outputs} outputs do not divide in {group} groups")
    if channels // group != kernel.shape[1]:
        raise LayoutError(
            f"a kernel for {kernel.shape[1]} channels with {channels // group} channels in each group"
        )
    if bias is not None and 1 < bias.size < outputs:
        raise LayoutError(f"{bias.size} biases for {outputs} outputs")


def _check_without_batch(
    image: Shape, kernel: Shape, positions: Shape, padding: Padding, stride: Shape, group: int
) -> None:
    """Without a batch axis EZKL reads the output channel as the first window position, and so on; it
    panics where that leaves the image (circuit/ops/layouts.rs ``conv``, ``batch_offset``). A window as large
    as the image is the image, wherever it begins (tensor/mod.rs ``get_slice``)."""
    padded = [before + length + after for length, (before, after) in zip(image[2:], padding, strict=False)]
    if group == 1 and list(kernel[2:]) == padded:
        return
    read = (kernel[0] // group, *positions[:-1])
    for axis, count in enumerate(read):
        if count and (count - 1) * stride[axis] + kernel[2 + axis] > padded[axis]:
            raise LayoutError("convolution without a batch axis: EZKL reads outside of the image")


@layout_rule(ops.DeConv)
def transposed_conv(op: ops.DeConv, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``deconv``: a convolution of the image with zeroes between and around its elements.

    Raises LayoutError for shapes EZKL rejects.
    """
    arity(op, inputs, 2, 3)
    shape = channels_first(inputs[0].shape, op.data_format)
    kernel_shape = outputs_first(inputs[1].shape, op.kernel_format)
    if 0 in op.stride:
        raise LayoutError("transposed convolution with stride 0")
    if len(shape) != len(kernel_shape) or len(shape) < 3 or len(op.stride) != len(shape) - 2:
        raise LayoutError(f"transposed convolution of {list(shape)} with {list(kernel_shape)}")
    spread = [
        length * step - 1 if step != 1 else length for length, step in zip(shape[2:], op.stride, strict=True)
    ]
    around = [length + 2 * (window - 1) for length, window in zip(spread, kernel_shape[2:], strict=True)]
    # Output padding of more axes than there are is not looked at.
    kept = [
        length - after + extra - before
        for length, (before, after), extra in zip(around, op.padding, op.output_padding, strict=False)
    ]
    # A slice as long as the image is the image, wherever it begins (tensor/mod.rs `get_slice`).
    if kept != around and any(
        after < extra or length < 0
        for length, (_, after), extra in zip(kept, op.padding, op.output_padding, strict=False)
    ):
        raise LayoutError("transposed convolution: the output padding reaches outside of the image")
    if kernel_shape[0] == shape[1]:
        kernel_shape = (kernel_shape[1], kernel_shape[0], *kernel_shape[2:])
    has_zeroes = any(step > 1 for step in op.stride) or any(k > 1 for k in kernel_shape[2:])
    image = _as_shape(inputs[0], shape)
    constants = image.constants | (ZERO.constants if has_zeroes else frozenset())
    image_shape = (*shape[:2], *kept)
    result = convolve(
        region,
        Value(shape=image_shape, size=prod(image_shape), constants=constants),
        _as_shape(inputs[1], kernel_shape),
        inputs[2] if len(inputs) == 3 else None,
        padding=((0, 0),) * len(kept),
        stride=(1,) * len(kept),
        group=op.group,
        no_batch=False,
    )
    return activation(channels_restored(result.shape, op.data_format))
