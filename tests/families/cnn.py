"""Convolutional networks: plain, residual, squeeze-excite and mobile blocks, one to three dimensions."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import onnx

from tests.families.activations import activation
from tests.families.graph import Builder, Value

MAX_ELEMENTS = 1200


def build(rng: random.Random) -> onnx.ModelProto:
    b = Builder(rng)
    spatial = rng.choice([1, 2, 2, 2, 2, 3])
    sizes = {1: (8, 24), 2: (5, 12), 3: (4, 6)}[spatial]
    x = b.input((1, rng.choice([1, 2, 3, 4]), *(rng.randint(*sizes) for _ in range(spatial))))
    for _ in range(rng.randint(1, 4)):
        block = rng.choice([plain, plain, residual, squeeze_excite, mobile, pooled, transposed, dense_block])
        x = block(b, x)
    return b.model(head(b, x))


def convolution(
    b: Builder,
    x: Value,
    channels: int,
    kernel: int,
    *,
    stride: int = 1,
    group: int = 1,
    bias: bool | None = None,
) -> Value:
    """A convolution with same-ish or no padding; the kernel shrinks to what fits."""
    spatial = x.rank - 2
    kernel = min(kernel, *x.shape[2:])
    padding = kernel // 2 if b.rng.random() < 0.6 else 0
    inputs = [x, b.weight(channels, x.shape[1] // group, *[kernel] * spatial)]
    if b.rng.random() < 0.6 if bias is None else bias:
        inputs.append(b.weight(channels) if b.rng.random() < 0.85 else b.const(np.zeros(channels)))
    attributes: dict[str, Any] = dict(
        strides=[stride] * spatial, dilations=[1] * spatial, pads=[padding] * (2 * spatial), group=group
    )
    if b.rng.random() < 0.1:  # Keras' spelling
        attributes["auto_pad"] = b.rng.choice(["SAME_UPPER", "SAME_LOWER", "VALID"])
        del attributes["pads"]
    return b.add("Conv", *inputs, kernel_shape=[kernel] * spatial, **attributes)


def batch_norm(b: Builder, x: Value) -> Value:
    """Trained statistics, or one time in four those of a model that was never trained."""
    channels = x.shape[1]
    if b.rng.random() < 0.25:
        parameters = [np.ones(channels), np.zeros(channels), np.zeros(channels), np.ones(channels)]
    else:
        gamma, beta, mean = b.normal(channels, offset=1.0), b.normal(channels), b.normal(channels)
        parameters = [gamma, beta, mean, np.abs(b.normal(channels)) + 0.5]
    return b.add("BatchNormalization", x, *map(b.const, parameters), epsilon=1e-5)


def plain(b: Builder, x: Value) -> Value:
    group = b.rng.choice([1, 1, 1, x.shape[1]])
    channels = group * b.rng.choice([1, 2, 3])
    x = convolution(
        b, x, channels, b.rng.choice([1, 2, 3, 3, 5]), stride=b.rng.choice([1, 1, 2]), group=group
    )
    if b.rng.random() < 0.4:
        x = batch_norm(b, x)
    return activation(b, x)


def residual(b: Builder, x: Value) -> Value:
    channels = x.shape[1]
    y = same_convolution(b, x, channels, 3)
    y = activation(b, batch_norm(b, y), "Relu")
    y = same_convolution(b, y, channels, b.rng.choice([1, 3]))
    if b.rng.random() < 0.5:
        y = batch_norm(b, y)
    shortcut = convolution(b, x, channels, 1) if b.rng.random() < 0.3 else x
    if shortcut.shape != y.shape:
        shortcut = x
    return activation(b, b.add("Add", y, shortcut), "Relu")


def same_convolution(b: Builder, x: Value, channels: int, kernel: int, group: int = 1) -> Value:
    """Odd kernel, stride 1, padded to keep the size."""
    spatial = x.rank - 2
    weight = b.weight(channels, x.shape[1] // group, *[kernel] * spatial)
    inputs = [x, weight] + ([b.weight(channels)] if b.rng.random() < 0.5 else [])
    attributes: dict[str, Any] = dict(
        kernel_shape=[kernel] * spatial, pads=[kernel // 2] * (2 * spatial), group=group
    )
    if b.rng.random() < 0.98:  # EZKL refuses convolutions that leave them to the default
        attributes["strides"] = [1] * spatial
    return b.add("Conv", *inputs, **attributes)


def squeeze_excite(b: Builder, x: Value) -> Value:
    channels = x.shape[1]
    spatial_axes = list(range(2, x.rank))
    if b.rng.random() < 0.5:
        pooled_value = b.add("GlobalAveragePool", x)
    else:
        pooled_value = b.reduce("ReduceMean", x, spatial_axes, 1)
    squeezed = convolution(b, pooled_value, max(1, channels // 2), 1, bias=True)
    excited = convolution(b, b.add("Relu", squeezed), channels, 1, bias=True)
    return b.add("Mul", x, b.add(b.rng.choice(["Sigmoid", "HardSigmoid"]), excited))


def mobile(b: Builder, x: Value) -> Value:
    """MobileNetV2's inverted residual: expand, depthwise, project."""
    channels = x.shape[1]
    hidden = channels * b.rng.choice([2, 3])
    if hidden * (x.size // channels) > MAX_ELEMENTS:
        return plain(b, x)
    y = b.clip(batch_norm(b, convolution(b, x, hidden, 1)), 0.0, 6.0)
    y = same_convolution(b, y, hidden, 3, group=hidden)
    y = activation(b, batch_norm(b, y), b.rng.choice(["relu6", "Relu", "hardswish"]))
    y = batch_norm(b, convolution(b, y, channels, 1))
    return b.add("Add", x, y) if x.shape == y.shape else y


def pooled(b: Builder, x: Value) -> Value:
    spatial = x.rank - 2
    kernel = min(b.rng.choice([2, 2, 3]), *x.shape[2:])
    stride = b.rng.choice([1, 2, kernel])
    attributes: dict[str, Any] = dict(kernel_shape=[kernel] * spatial, strides=[stride] * spatial)
    if b.rng.random() < 0.2:
        attributes["pads"] = [kernel // 2] * (2 * spatial)
    if b.rng.random() < 0.5:
        return b.add("MaxPool", x, **attributes)
    if "pads" in attributes and b.rng.random() < 0.5:
        return b.add("AveragePool", x, **attributes, count_include_pad=1)
    return b.add("AveragePool", x, **attributes)


def transposed(b: Builder, x: Value) -> Value:
    spatial = x.rank - 2
    if x.size * 2**spatial > MAX_ELEMENTS:
        return plain(b, x)
    kernel, stride = b.rng.choice([(2, 2), (3, 1), (3, 2), (4, 2)])
    channels = b.rng.choice([1, 2])
    padding = b.rng.choice([0, 1]) if kernel > 2 else 0
    inputs = [x, b.weight(x.shape[1], channels, *[kernel] * spatial)]
    if b.rng.random() < 0.5:
        inputs.append(b.weight(channels))
    attributes: dict[str, Any] = dict(
        kernel_shape=[kernel] * spatial, strides=[stride] * spatial, pads=[padding] * (2 * spatial)
    )
    if stride == 2 and kernel == 3 and b.rng.random() < 0.5:
        attributes["output_padding"] = [1] * spatial
    return activation(b, b.add("ConvTranspose", *inputs, **attributes))


def dense_block(b: Builder, x: Value) -> Value:
    """DenseNet: the new features beside the old ones."""
    grown = same_convolution(b, activation(b, batch_norm(b, x), "Relu"), 2, 3)
    return b.add("Concat", x, grown, axis=1)


def head(b: Builder, x: Value) -> Value:
    """A classifier, a global pool, or nothing."""
    form = b.rng.choice(["fc", "fc", "gap", "gap_fc", "none"])
    if form in ("gap", "gap_fc"):
        x = b.add(b.rng.choice(["GlobalAveragePool", "GlobalAveragePool", "GlobalMaxPool"]), x)
    if form == "none":
        return x
    x = b.flatten(x)
    if form == "gap":
        return x
    classes = b.rng.randint(2, 10)
    x = b.add("Gemm", x, b.weight(classes, x.shape[1]), b.weight(classes), transB=1)
    return b.add("Softmax", x, axis=1) if b.rng.random() < 0.3 else x
