"""Convolution and its transpose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from auditor.circuit import ops
from auditor.circuit.ops import Padding, Shape
from auditor.forward.errors import Unmodelled
from auditor.forward.ledger import Ledger
from auditor.forward.numbers import add
from auditor.forward.products import matrix_product
from auditor.forward.rules import arity, forward_rule
from auditor.forward.windows import correlate, padded, positions, windows_of


def channels_first(image: np.ndarray, data_format: str) -> np.ndarray:
    """EZKL tensor/mod.rs ``DataFormat::to_canonical``."""
    rank = image.ndim - 1
    if data_format == "NHWC" and rank > 2:
        return np.moveaxis(image, -1, 2)
    if data_format == "HWC" and rank > 1:
        return np.moveaxis(image, -1, 1)
    return image


def channels_restored(image: np.ndarray, data_format: str) -> np.ndarray:
    """EZKL tensor/mod.rs ``DataFormat::from_canonical``."""
    rank = image.ndim - 1
    if data_format == "NHWC" and rank > 2:
        return np.moveaxis(image, 2, -1)
    if data_format == "HWC" and rank > 1:
        return np.moveaxis(image, 1, -1)
    return image


def has_no_batch(data_format: str) -> bool:
    """Whether the batch axis is left out."""
    return data_format in ("CHW", "HWC")


def outputs_first(kernel: np.ndarray, kernel_format: str) -> np.ndarray:
    """EZKL tensor/mod.rs ``KernelFormat::to_canonical``."""
    if kernel_format == "HWIO":
        return np.moveaxis(np.moveaxis(kernel, -1, 1), -1, 2)
    if kernel_format == "OHWI":
        return np.moveaxis(kernel, -1, 2)
    return kernel


@forward_rule(ops.Conv)
def conv(op: ops.Conv, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``conv``. Of the nine inputs of a quantised convolution it reads two, and no bias."""
    if len(inputs) != 9:
        arity(op, inputs, 2, 3)
    image = channels_first(inputs[0], op.data_format)
    if has_no_batch(op.data_format):
        image = image[:, None]
    kernel = outputs_first(inputs[1], op.kernel_format)
    bias = inputs[2] if len(inputs) == 3 else None
    _check(image, kernel, bias, op.group)
    if has_no_batch(op.data_format):
        result = _without_batch(image, kernel, op.padding, op.stride, op.group)
    else:
        positions(image.shape[3:], kernel.shape[3:], op.padding, op.stride)
        result = correlate(padded(image, op.padding), kernel, op.stride, op.group)
    return channels_restored(_with_bias(result, bias), op.data_format)


def _check(image: np.ndarray, kernel: np.ndarray, bias: np.ndarray | None, group: int) -> None:
    if image.ndim < 4 or image.ndim != kernel.ndim:
        raise Unmodelled(f"convolution of {list(image.shape[1:])} with {list(kernel.shape[1:])}")
    channels, outputs = image.shape[2], kernel.shape[1]
    if group < 1 or channels // group != kernel.shape[2] or not kernel.shape[2] or outputs % group:
        raise Unmodelled(f"{channels} channels and {outputs} outputs in {group} groups")
    if bias is not None and 1 < bias[0].size < outputs:
        raise Unmodelled(f"{bias[0].size} biases for {outputs} outputs")


def _with_bias(result: np.ndarray, bias: np.ndarray | None) -> np.ndarray:
    if bias is None:
        return result
    flat = bias.reshape(bias.shape[0], -1)[:, : result.shape[2]]
    return add(result, flat.reshape((flat.shape[0], 1, flat.shape[1], *(1,) * (result.ndim - 3))))


def _without_batch(
    image: np.ndarray, kernel: np.ndarray, padding: Padding, stride: Shape, group: int
) -> np.ndarray:
    """EZKL reads the number of the output (in its group) as the first window position, the first window
    position as the second, and so on (``conv``, ``batch_offset``).

    A window as large as the image is the image, wherever it begins (tensor/mod.rs ``get_slice``).
    """
    window = kernel.shape[3:]
    counts = positions(image.shape[3:], window, padding, stride)
    image = padded(image, padding)
    outputs, inner = kernel.shape[1:3]
    each = outputs // group
    whole = group == 1 and window == image.shape[3:]
    free = tuple(length - size + 1 for length, size in zip(image.shape[3:], window, strict=True))
    read = (1,) * len(window) if whole else (each, *counts[:-1])
    if any((count - 1) * step >= room for count, step, room in zip(read, stride, free, strict=False)):
        raise Unmodelled("convolution without a batch axis: EZKL reads outside of the image")
    views = windows_of(image, window, stride, read)
    rows = max(image.shape[0], kernel.shape[0])
    result = np.empty((rows, 1, outputs, *counts), dtype=np.int64)
    for output in range(outputs):
        start = output // each * inner
        first = 0 if whole else output % each
        seen = views[:, 0, start : start + inner, first]
        spatial = len(window) - 1
        columns = np.moveaxis(seen, 1, 1 + spatial).reshape((seen.shape[0], -1, kernel[0, 0].size))
        found = matrix_product(columns, kernel[:, output].reshape(kernel.shape[0], -1, 1))
        places = found.reshape((found.shape[0], *seen.shape[2 : 2 + spatial], 1))
        result[:, 0, output] = places
    return result


@forward_rule(ops.DeConv)
def transposed_conv(op: ops.DeConv, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``deconv``: a convolution of the image with zeroes between and around its elements.

    The kernel of every pair of channels is reversed; where its first axis fits the channels of the image, the
    first two axes change names without a move of the elements.
    """
    arity(op, inputs, 2, 3)
    if has_no_batch(op.data_format):
        raise Unmodelled("transposed convolution without a batch axis")
    image = channels_first(inputs[0], op.data_format)
    kernel = outputs_first(inputs[1], op.kernel_format)
    spatial = image.ndim - 3
    if spatial < 1 or kernel.ndim != image.ndim or len(op.stride) != spatial or 0 in op.stride:
        raise Unmodelled(f"transposed convolution of {list(image.shape[1:])} with {list(kernel.shape[1:])}")
    spread = _cut(_spread(image, kernel.shape[3:], op.stride), op.padding, op.output_padding)
    flipped = np.flip(kernel, axis=tuple(range(3, kernel.ndim)))
    if kernel.shape[1] == spread.shape[2]:
        outputs, channels = kernel.shape[1:3]
        flipped = flipped.reshape((kernel.shape[0], channels, outputs, *kernel.shape[3:]))
    bias = inputs[2] if len(inputs) == 3 else None
    _check(spread, flipped, bias, op.group)
    result = correlate(spread, flipped, (1,) * spatial, op.group)
    return channels_restored(_with_bias(result, bias), op.data_format)


def _spread(image: np.ndarray, window: Shape, stride: Shape) -> np.ndarray:
    """Zeroes between elements, and around them so that every window meets one (``intercalate_values``)."""
    lengths = image.shape[3:]
    sizes = [
        (length - 1) * step + 1 if step == 1 else length * step - 1
        for length, step in zip(lengths, stride, strict=True)
    ]
    around = [size + 2 * (reach - 1) for size, reach in zip(sizes, window, strict=True)]
    result = np.zeros((*image.shape[:3], *around), dtype=np.int64)
    inside: tuple[Any, ...] = tuple(
        slice(reach - 1, reach - 1 + size, step)
        for reach, size, step in zip(window, sizes, stride, strict=True)
    )
    result[(Ellipsis, *inside)] = image
    return result


def _cut(image: np.ndarray, padding: Padding, output_padding: Shape) -> np.ndarray:
    """The slice EZKL keeps; one as long as the image is the image, wherever it begins."""
    lengths = image.shape[3:]
    ends = [
        length - after + extra
        for length, (_, after), extra in zip(lengths, padding, output_padding, strict=True)
    ]
    kept = tuple(end - before for end, (before, _) in zip(ends, padding, strict=True))
    if kept == lengths:
        return image
    if any(end > length or keep < 0 for end, length, keep in zip(ends, lengths, kept, strict=True)):
        raise Unmodelled("transposed convolution: EZKL reads outside of the image")
    part: tuple[Any, ...] = tuple(slice(before, end) for end, (before, _) in zip(ends, padding, strict=True))
    return np.asarray(image[(Ellipsis, *part)])
