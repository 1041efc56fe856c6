"""Windows of images, and sums of products over them.

Images are (rows, batch, channels, ...), kernels (rows, outputs, channels of a group, ...).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from auditor.circuit.ops import Padding, Shape
from auditor.forward.errors import Overflow, Unmodelled
from auditor.forward.numbers import LIMIT, peak
from auditor.forward.products import matrix_product

_MOST_ELEMENTS = 1 << 22
"""How many elements of windows are copied at a time, for the sake of memory."""
_EXACT = 1 << 53


def padded(image: np.ndarray, padding: Padding) -> np.ndarray:
    """Surrounded by zeroes from the first spatial axis on (EZKL tensor/ops.rs ``pad`` with offset 2)."""
    spatial = image.ndim - 3
    if len(padding) < spatial:
        raise Unmodelled(f"{len(padding)} paddings for {spatial} spatial axes")
    if not any(before or after for before, after in padding):
        return image
    return np.pad(image, ((0, 0), (0, 0), (0, 0), *padding[:spatial]))


def positions(image: Shape, window: Shape, padding: Padding, stride: Shape) -> Shape:
    """How many windows fit along each spatial axis; raises Unmodelled for what EZKL rejects."""
    if not len(image) == len(window) <= min(len(padding), len(stride)) or 0 in stride:
        raise Unmodelled(f"windows {list(window)} of {list(image)} with stride {list(stride)}")
    room = [
        before + length + after - size
        for length, size, (before, after) in zip(image, window, padding, strict=False)
    ]
    if min(room, default=0) < 0:
        raise Unmodelled(f"the window {list(window)} is larger than the padded image {list(image)}")
    return tuple(spare // step + 1 for spare, step in zip(room, stride, strict=False))


def windows_of(image: np.ndarray, window: Shape, stride: Shape, counts: Shape) -> np.ndarray:
    """A view (..., *counts, *window) of the last axes; ``counts`` says how many windows along each."""
    spatial = len(window)
    view = sliding_window_view(image, window, axis=tuple(range(image.ndim - spatial, image.ndim)))
    lead = (slice(None),) * (image.ndim - spatial)
    steps = tuple(slice(0, (count - 1) * step + 1, step) for count, step in zip(counts, stride, strict=False))
    return np.asarray(view[(*lead, *steps)])


def in_blocks(windows: np.ndarray) -> Iterator[tuple[tuple[slice, ...], np.ndarray]]:
    """Blocks of windows (images, channels, *counts, *window) that fit in memory, and where they belong."""
    images, first = windows.shape[0], windows.shape[2]
    each = windows[:1, :, :1].size
    lines = max(1, min(first, _MOST_ELEMENTS // max(each, 1)))
    batch = max(1, _MOST_ELEMENTS // max(each * lines, 1)) if lines == first else 1
    for start in range(0, images, batch):
        for line in range(0, first, lines):
            where = (slice(start, start + batch), slice(None), slice(line, line + lines))
            yield where, windows[where]


def reduce_windows(
    windows: np.ndarray, spatial: int, reduce: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """``reduce`` along a last axis of all elements of a window; windows are as in :func:`in_blocks`."""
    result = np.empty(windows.shape[: 2 + spatial], dtype=np.int64)
    for where, block in in_blocks(windows):
        result[where] = reduce(block.reshape((*block.shape[: 2 + spatial], -1)))
    return result


def correlate(image: np.ndarray, kernel: np.ndarray, stride: Shape, group: int) -> np.ndarray:
    """A convolution of a padded image; raises Overflow where a sum may leave int64."""
    if kernel.shape[0] > 1:
        rows = kernel.shape[0]
        images = np.broadcast_to(image, (rows, *image.shape[1:]))
        parts = [correlate(images[i : i + 1], kernel[i : i + 1], stride, group) for i in range(rows)]
        return np.concatenate(parts)
    rows, batch, channels = image.shape[:3]
    window = kernel.shape[3:]
    spatial = len(window)
    counts = positions(image.shape[3:], window, ((0, 0),) * spatial, stride)
    merged = image.reshape((rows * batch, channels, *image.shape[3:]))
    weights = kernel[0]
    if weights.shape[1] == 1 and group == channels and group > 1:
        result = _each_channel(merged, weights, stride, counts)
    else:
        bound = peak(merged)
        views = windows_of(merged, window, stride, counts)
        inner, outer = weights.shape[1], weights.shape[0] // group
        result = np.concatenate(
            [
                _one_group(
                    views[:, g * inner : (g + 1) * inner],
                    weights[g * outer : (g + 1) * outer],
                    spatial,
                    bound,
                )
                for g in range(group)
            ],
            axis=1,
        )
    return result.reshape((rows, batch, weights.shape[0], *counts))


def _one_group(views: np.ndarray, weights: np.ndarray, spatial: int, bound: int) -> np.ndarray:
    """Rows of window elements times a matrix of weights."""
    outputs = weights.shape[0]
    matrix = weights.reshape(outputs, -1).T
    result = np.empty((views.shape[0], outputs, *views.shape[2 : 2 + spatial]), dtype=np.int64)
    last = (*range(2, 2 + spatial), 1, *range(2 + spatial, views.ndim))
    for where, block in in_blocks(views):
        counts = block.shape[2 : 2 + spatial]
        columns = block.transpose((0, *last)).reshape(block.shape[0] * prod(counts), -1)
        found = matrix_product(columns, matrix, left_peak=bound)
        result[where] = np.moveaxis(found.reshape((block.shape[0], *counts, outputs)), -1, 1)
    return result


def _each_channel(image: np.ndarray, weights: np.ndarray, stride: Shape, counts: Shape) -> np.ndarray:
    """A convolution in which every channel is a group: sums of shifted images."""
    images, channels = image.shape[:2]
    each = weights.shape[0] // channels
    window = weights.shape[2:]
    bound = peak(image) * peak(weights) * prod(window)
    exact = bound <= _EXACT
    if bound >= LIMIT:
        raise Overflow("a sum of products may need more than 63 bits")
    kind = np.float64 if exact else np.int64
    source = image.astype(kind, copy=False)[:, :, None]
    factors = weights.reshape((1, channels, each, *window)).astype(kind, copy=False)
    result = np.zeros((images, channels, each, *counts), dtype=kind)
    for offset in np.ndindex(*window):
        part: tuple[Any, ...] = tuple(
            slice(begin, begin + (count - 1) * step + 1, step)
            for begin, count, step in zip(offset, counts, stride, strict=False)
        )
        factor = factors[(slice(None), slice(None), slice(None), *offset)]
        shifted = source[(Ellipsis, *part)]
        result = np.add(
            result, shifted * factor.reshape((1, channels, each, *(1,) * len(counts))), out=result
        )
    return result.astype(np.int64, copy=False).reshape((images, channels * each, *counts))
