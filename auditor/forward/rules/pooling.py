"""Pooling. EZKL takes sizes or elements before it moves the channels here, unlike in convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from auditor.circuit import ops
from auditor.forward.errors import Unmodelled
from auditor.forward.gadgets import divide, largest
from auditor.forward.ledger import Ledger
from auditor.forward.numbers import total
from auditor.forward.rules import arity, forward_rule
from auditor.forward.rules.convolutions import channels_first, channels_restored, has_no_batch
from auditor.forward.windows import padded, positions, reduce_windows, windows_of


@forward_rule(ops.SumPool)
def sum_pool(op: ops.SumPool, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``sumpool``: sums of windows, divided by their size with padding and all.

    Batch and channels are counted with the channels moved, and then taken from the image as it is.
    """
    arity(op, inputs, 1)
    value = inputs[0]
    canonical = channels_first(value, op.data_format)
    if has_no_batch(op.data_format):
        canonical = canonical[:, None]
    batch, channels = canonical.shape[1:3]
    if value.ndim - 3 != len(op.kernel_shape) or batch > value.shape[1] or channels > value.shape[2]:
        raise Unmodelled(f"sum pool in format {op.data_format}: EZKL reads outside of the image")
    image = value[:, :batch, :channels]
    counts = positions(image.shape[3:], op.kernel_shape, op.padding, op.stride)
    image = padded(image, op.padding)
    merged = image.reshape((-1, channels, *image.shape[3:]))
    windows = windows_of(merged, op.kernel_shape, op.stride, counts)
    sums = reduce_windows(windows, len(counts), lambda block: total(block, (block.ndim - 1,))[..., 0])
    result = sums.reshape((value.shape[0], batch, channels, *counts))
    if op.normalized:
        result = divide(ledger, result, prod(op.kernel_shape))
    return channels_restored(result, op.data_format)


@forward_rule(ops.MaxPool)
def max_pool(op: ops.MaxPool, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``max_pool``: the last of the sorted elements of every window; padding counts as 0.

    Windows are counted before the channels are moved, and read after that.
    """
    arity(op, inputs, 1)
    value = inputs[0]
    image = channels_first(value, op.data_format)
    if has_no_batch(op.data_format):
        image = image[:, None]
    if value.ndim < 4 or image.ndim != value.ndim:
        raise Unmodelled(f"max pool of {list(value.shape[1:])} in format {op.data_format}")
    batch, channels = value.shape[1:3]
    counts = positions(value.shape[3:], op.pool_dims, op.padding, op.stride)
    image = padded(image, op.padding)
    if (
        batch > image.shape[1]
        or channels > image.shape[2]
        or any(
            (count - 1) * step + size > length
            for count, step, size, length in zip(
                counts, op.stride, op.pool_dims, image.shape[3:], strict=False
            )
        )
    ):
        raise Unmodelled(f"max pool in format {op.data_format}: EZKL reads outside of the image")
    views = windows_of(image[:, :batch, :channels], op.pool_dims, op.stride, counts)
    spatial = len(counts)
    rows = value.shape[0]
    result = np.empty((rows, batch, channels, *counts), dtype=np.int64)
    # The ledger keeps rows apart, so a block never holds images of two rows.
    for batch_index in range(batch):
        for start in range(0, channels, _channels_at_once(views)):
            stop = start + _channels_at_once(views)
            block = views[:, batch_index, start:stop]
            flat = block.reshape((*block.shape[: 2 + spatial], -1))
            result[:, batch_index, start:stop] = largest(ledger, flat)
    return channels_restored(result, op.data_format)


_MOST_ELEMENTS = 1 << 22


def _channels_at_once(views: np.ndarray) -> int:
    """How many channels of all rows are sorted at a time, for the sake of memory."""
    return max(1, _MOST_ELEMENTS // max(1, views[:, 0, :1].size))
