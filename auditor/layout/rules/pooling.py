"""Pooling. EZKL reads the image in its own data format here, unlike in convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from auditor.circuit import ops
from auditor.layout.division import divide
from auditor.layout.dynamic import extreme
from auditor.layout.errors import LayoutError
from auditor.layout.primitives import ZERO, identity
from auditor.layout.region import Region
from auditor.layout.rules import layout_rule
from auditor.layout.rules.products import (
    channels_first,
    channels_restored,
    convolve,
    has_no_batch,
    window_positions,
    windows_touch_padding,
)
from auditor.layout.values import Value, activation, filled


@layout_rule(ops.SumPool)
def sum_pool(op: ops.SumPool, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``sumpool``: a convolution of every channel with ones, divided by their number."""
    value = inputs[0]
    shape = channels_first(value.shape, op.data_format)
    if has_no_batch(op.data_format):
        shape = (1, *shape)
    batch, channels = shape[:2]
    if batch > value.shape[0] or channels > value.shape[1]:
        raise LayoutError(f"sum pool in format {op.data_format}: EZKL reads outside of the image")
    ones = identity(region, filled(1, (1, 1, *op.kernel_shape)))
    image = value.sliced((1, 1, *value.shape[2:]))

    def one_channel() -> Value:
        return convolve(region, image, ones, None, padding=op.padding, stride=op.stride, group=1)

    if batch * channels == 0:
        raise LayoutError("sum pool of an empty image")
    pooled = region.repeat(batch * channels, one_channel)
    result = activation((batch, channels, *pooled.shape[2:]))
    if op.normalized:
        result = divide(region, result, prod(op.kernel_shape))
    return result.reshaped(channels_restored(result.shape, op.data_format))


@layout_rule(ops.MaxPool)
def max_pool(op: ops.MaxPool, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``max_pool``: the elements of every window are sorted."""
    value = inputs[0]
    shape = channels_first(value.shape, op.data_format)
    if has_no_batch(op.data_format):
        shape = (1, *shape)
    read = value.shape  # not `shape`: EZKL takes sizes before it moves the channels
    if len(read) < 3:
        raise LayoutError(f"max pool of {list(read)}")
    positions = window_positions(read[2:], op.pool_dims, op.padding, op.stride, "max pool")
    if read != shape and (
        len(read) != len(shape)
        or read[0] > shape[0]
        or read[1] > shape[1]
        or any(length > own for length, own in zip(read[2:], shape[2:], strict=True))
    ):
        raise LayoutError(f"max pool in format {op.data_format}: EZKL reads outside of the image")
    window = value.sliced((prod(op.pool_dims[: len(read) - 2]),))
    if windows_touch_padding(read[2:], op.pool_dims, op.padding, op.stride):
        constants = window.constants | ZERO.constants
        window = Value(shape=window.shape, size=window.size, constants=constants)
    output_shape = (*read[:2], *positions)
    result = region.loop(prod(output_shape), lambda: extreme(region, window))
    output_shape = channels_restored(output_shape, op.data_format)
    if result is None or not result.constants:
        return activation(output_shape)
    return Value(shape=output_shape, size=prod(output_shape), constants=result.constants)
