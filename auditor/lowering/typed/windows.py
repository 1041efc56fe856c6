"""Convolutions and pools of constants, for folding. Arrays have the format of their pool specification."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from auditor.lowering.errors import TooManyValues, Unmodelled
from auditor.lowering.graph.shapes import Shape, volume
from auditor.lowering.typed.pool_spec import PoolSpec

_MOST_PADDED = 1 << 25
"""Elements of a constant image with its padding."""

Index = tuple[Any, ...]
"""An index that begins with an ellipsis, so that batch and channels stay whole."""


def convolve(data: np.ndarray, kernel: np.ndarray, bias: np.ndarray, spec: PoolSpec) -> np.ndarray:
    """The convolution of ``data`` by a kernel (group, output, input, space...)."""
    image = _channels_first(data, spec)
    padded, counts = _padded(image, spec, 0)
    group, outputs = kernel.shape[0], kernel.shape[1]
    grouped = padded.reshape(padded.shape[0], group, kernel.shape[2], *padded.shape[2:])
    result = np.zeros((image.shape[0], group, outputs, *counts), dtype=data.dtype)
    for place, window in _windows(spec, counts):
        part = grouped[window]
        result += np.einsum("ngi...,goi->ngo...", part, kernel[place])
    flat = result.reshape(image.shape[0], group * outputs, *counts)
    return _restored(flat + _aligned_bias(bias, spec), spec)


def deconvolve(
    data: np.ndarray, kernel: np.ndarray, bias: np.ndarray, spec: PoolSpec, adjustments: Shape, shape: Shape
) -> np.ndarray:
    """The transposed convolution of ``data`` by a kernel (group, output, input, space...).

    Raises:
        Unmodelled: a stride is zero.
    """
    if 0 in spec.all_strides:
        raise Unmodelled("ConvTranspose", "", "constants moved by strides of zero")
    image = _channels_first(data, spec)
    lists = (spec.kernel_shape, spec.all_dilations, spec.all_strides, adjustments)
    padding = spec.padding.compute_for_deconv(image.shape[2:], *lists)
    group, outputs = kernel.shape[0], kernel.shape[1]
    grouped = image.reshape(image.shape[0], group, kernel.shape[2], *image.shape[2:])
    sizes = spec.data_format.hw_dims(shape)
    canvas = [
        size + p.pad_before + p.pad_after + a for size, p, a in zip(sizes, padding, adjustments, strict=False)
    ]
    result = np.zeros((image.shape[0], group, outputs, *canvas), dtype=data.dtype)
    for place, window in _windows(spec, image.shape[2:]):
        weights = kernel[place]
        spread = np.einsum("ngi...,goi->ngo...", grouped, weights)
        result[window] += spread
    kept = (slice(p.pad_before, p.pad_before + size) for size, p in zip(sizes, padding, strict=False))
    crop: Index = (..., *kept)
    flat = result.reshape(image.shape[0], group * outputs, *canvas)[crop]
    return _restored(flat + _aligned_bias(bias, spec), spec)


def max_pool(data: np.ndarray, spec: PoolSpec, index_type: str | None) -> list[np.ndarray]:
    """The largest element of each window.

    Raises:
        Unmodelled: the indices are asked for.
    """
    if index_type is not None:
        raise Unmodelled("MaxPool", "", "the indices of a pool of constants")
    if data.dtype.kind not in "fiu":
        raise Unmodelled("MaxPool", "", f"a pool of constants of {data.dtype}")
    image = _channels_first(data, spec)
    lowest = np.finfo(data.dtype).min if data.dtype.kind == "f" else np.iinfo(data.dtype).min
    padded, counts = _padded(image, spec, lowest)
    result = np.full((*image.shape[:2], *counts), lowest, dtype=data.dtype)
    for _, window in _windows(spec, counts):
        result = np.maximum(result, padded[window])
    return [_restored(result, spec)]


def sum_pool(data: np.ndarray, spec: PoolSpec, count_include_pad: bool, normalize: bool) -> np.ndarray:
    """The sum or mean of each window; integers go through f32, as in tract.

    Raises:
        Unmodelled: they are no numbers.
    """
    if data.dtype.kind not in "fiu":
        raise Unmodelled("AveragePool", "", f"a pool of constants of {data.dtype}")
    kind = data.dtype if data.dtype.kind == "f" else np.dtype(np.float32)
    image = _channels_first(data, spec).astype(kind)
    padded, counts = _padded(image, spec, 0)
    inside, _ = _padded(np.ones_like(image), spec, 0)
    result = np.zeros((*image.shape[:2], *counts), dtype=kind)
    seen = np.zeros_like(result)
    for _, window in _windows(spec, counts):
        result += padded[window]
        seen += inside[window]
    if normalize:
        count = np.full_like(seen, volume(spec.kernel_shape)) if count_include_pad else seen
        result = result * np.reciprocal(count)
    return _restored(result.astype(data.dtype), spec)


def _windows(spec: PoolSpec, counts: Shape) -> Iterator[tuple[Index, Index]]:
    """Each place of the kernel, and the spatial elements it meets (one for each of ``counts`` windows)."""
    for place in np.ndindex(*spec.kernel_shape):
        sizes = zip(place, spec.all_dilations, counts, spec.all_strides, strict=False)
        slices = (slice(a * d, a * d + (count - 1) * step + 1, step) for a, d, count, step in sizes)
        yield (..., *place), (..., *slices)


def _padded(image: np.ndarray, spec: PoolSpec, fill: float) -> tuple[np.ndarray, Shape]:
    """The image with its padding, long enough for every window, and the number of windows."""
    padding = spec.computed_padding(image.shape[2:])
    pads = [(0, 0), (0, 0)]
    for dim, kernel, dilation, stride in zip(
        padding, spec.kernel_shape, spec.all_dilations, spec.all_strides, strict=False
    ):
        reach = (dim.convoluted - 1) * stride + (kernel - 1) * dilation + 1
        pads.append((dim.pad_before, max(dim.pad_after, reach - dim.deconvoluted - dim.pad_before)))
    size = volume(length + sum(pad) for length, pad in zip(image.shape, pads, strict=True))
    if size > _MOST_PADDED:
        raise TooManyValues(f"a constant image has {size:,} elements with its padding")
    return np.pad(image, pads, constant_values=fill), tuple(dim.convoluted for dim in padding)


def _channels_first(data: np.ndarray, spec: PoolSpec) -> np.ndarray:
    with_n = data if spec.data_format.has_n else data[np.newaxis]
    return np.moveaxis(with_n, -1, 1) if spec.data_format.c_is_last else with_n


def _restored(image: np.ndarray, spec: PoolSpec) -> np.ndarray:
    formatted = np.moveaxis(image, 1, -1) if spec.data_format.c_is_last else image
    return formatted if spec.data_format.has_n else formatted[0]


def _aligned_bias(bias: np.ndarray, spec: PoolSpec) -> np.ndarray:
    return bias if bias.ndim == 0 else bias.reshape(-1, *(1,) * spec.rank)
