"""What vision models add to convolutions: resizing, padding, splitting, channel shuffles, normalisations."""

from __future__ import annotations

import random

import numpy as np
import onnx

from tests.families.activations import activation
from tests.families.cnn import convolution, head, same_convolution
from tests.families.graph import Builder, Value

MAX_ELEMENTS = 1000


def build(rng: random.Random) -> onnx.ModelProto:
    b = Builder(rng, opset=rng.choice([10, 11, 13, 15, 17, 18]), symbolic=False)
    x = b.input((1, rng.choice([2, 4, 4]), rng.choice([4, 6]), rng.choice([4, 6])))
    if rng.random() < 0.6:
        x = same_convolution(b, x, 4, 3)
    steps = [
        resize, padded, depth_to_space, space_to_depth, sliced, split_join,
        shuffle, group_norm, instance_norm, channels_last, upsample_concat, spatial_attention,
        l2_normalised, mean_std,
    ]  # fmt: skip
    for step in rng.sample(steps, rng.randint(1, 3)):
        grown = step(b, x)
        if grown.size > MAX_ELEMENTS:
            break
        x = (
            activation(b, grown, rng.choice(["Relu", "LeakyRelu", "Sigmoid"]))
            if rng.random() < 0.4
            else grown
        )
    if rng.random() < 0.4:
        x = convolution(b, x, 2, 3)
    return b.model(head(b, x) if rng.random() < 0.5 else x)


def resize(b: Builder, x: Value) -> Value:
    factor = b.rng.choice([1.0, 2.0, 2.0, 2.0, 3.0])
    scales = b.const([1.0, 1.0, factor, b.rng.choice([factor, 1.0])])
    if b.opset < 11:
        return b.add("Resize", x, scales, mode="nearest")
    roi = b.const(np.zeros(0)) if b.rng.random() < 0.5 else None
    if roi is None and b.opset < 13:
        roi = b.const(np.zeros(0))
    attributes = {"mode": b.rng.choice(["nearest", "nearest", "nearest", "linear"])}
    if b.rng.random() < 0.8:
        attributes |= {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    return b.add("Resize", x, roi, scales, **attributes)


def padded(b: Builder, x: Value) -> Value:
    before, after = b.rng.randint(0, 2), b.rng.randint(0, 2)
    pads = [0, 0, before, after, 0, 0, after, before]
    if b.rng.random() < 0.1:
        return b.pad(x, pads, "edge")
    return b.pad(x, pads)


def depth_to_space(b: Builder, x: Value) -> Value:
    if x.shape[1] % 4:
        x = convolution(b, x, 4, 1)
    mode = b.rng.choice(["DCR", "CRD"])
    return (
        b.add("DepthToSpace", x, blocksize=2, mode=mode)
        if b.opset >= 11
        else b.add("DepthToSpace", x, blocksize=2)
    )


def space_to_depth(b: Builder, x: Value) -> Value:
    return x if x.shape[2] % 2 or x.shape[3] % 2 else b.add("SpaceToDepth", x, blocksize=2)


def sliced(b: Builder, x: Value) -> Value:
    axis = b.rng.choice([1, 2, 3])
    size = x.shape[axis]
    form = b.rng.choice(["crop", "tail", "step", "reverse"])
    if form == "step":
        return b.slice(x, axis, 0, 2**31 - 1, 2)
    if form == "reverse" and b.rng.random() < 0.3:
        return b.slice(x, axis, -1, -(2**31), -1)
    if form == "tail":
        return b.slice(x, axis, -max(1, size // 2), 2**63 - 1)
    return b.slice(x, axis, 0, max(1, size - 1))


def split_join(b: Builder, x: Value) -> Value:
    """ShuffleNet and CSP blocks: split the channels, transform a part, join."""
    if x.shape[1] < 2:
        return x
    half = x.shape[1] // 2
    first, second = b.split(x, 1, [half, x.shape[1] - half])
    if b.rng.random() < 0.7:
        second = activation(b, same_convolution(b, second, second.shape[1], b.rng.choice([1, 3])), "Relu")
    return b.add("Concat", *b.rng.choice([(first, second), (second, first)]), axis=1)


def shuffle(b: Builder, x: Value) -> Value:
    """Channel shuffle: reshape, transpose, reshape."""
    if x.shape[1] % 2:
        return x
    n, c, h, w = x.shape
    mixed = b.add("Transpose", b.reshape(x, [n, 2, c // 2, h, w]), perm=[0, 2, 1, 3, 4])
    return b.reshape(mixed, b.rng.choice([[n, c, h, w], [n, -1, h, w]]))


def group_norm(b: Builder, x: Value) -> Value:
    """PyTorch's export of GroupNorm: InstanceNormalization over reshaped groups, then scale and shift."""
    n, c, h, w = x.shape
    groups = 2 if c % 2 == 0 else 1
    flat = b.reshape(x, [0, groups, -1])
    ones, zeros = b.const(np.ones(groups)), b.const(np.zeros(groups))
    normal = b.reshape(b.add("InstanceNormalization", flat, ones, zeros, epsilon=1e-5), [n, c, h, w])
    return b.add("Add", b.add("Mul", normal, b.weight(c, 1, 1, offset=1.0)), b.weight(c, 1, 1))


def instance_norm(b: Builder, x: Value) -> Value:
    return b.add(
        "InstanceNormalization", x, b.weight(x.shape[1], offset=1.0), b.weight(x.shape[1]), epsilon=1e-3
    )


def channels_last(b: Builder, x: Value) -> Value:
    """TensorFlow: NHWC at the border, NCHW around the convolution."""
    last = b.add("Transpose", x, perm=[0, 2, 3, 1])
    last = (
        b.add("Mul", last, b.weight(last.shape[3]))
        if b.rng.random() < 0.5
        else b.add("Add", last, b.weight(last.shape[3]))
    )
    return same_convolution(b, b.add("Transpose", last, perm=[0, 3, 1, 2]), 2, 3)


def upsample_concat(b: Builder, x: Value) -> Value:
    """U-Net: pool, convolve, upsample, join with what was there."""
    if x.shape[2] % 2 or x.shape[3] % 2:
        return x
    down = b.add(b.rng.choice(["MaxPool", "AveragePool"]), x, kernel_shape=[2, 2], strides=[2, 2])
    inner = b.add("Relu", same_convolution(b, down, x.shape[1], 3))
    if b.rng.random() < 0.5:
        weight = b.weight(x.shape[1], x.shape[1], 2, 2)
        up = b.add("ConvTranspose", inner, weight, kernel_shape=[2, 2], strides=[2, 2])
    elif b.opset == 9:
        up = b.add("Upsample", inner, b.const([1.0, 1.0, 2.0, 2.0]), mode="nearest")
    else:
        roi = () if b.opset < 11 else (b.const(np.zeros(0)),)
        up = b.add("Resize", inner, *roi, b.const([1.0, 1.0, 2.0, 2.0]), mode="nearest")
    return b.add("Concat", up, x, axis=1)


def spatial_attention(b: Builder, x: Value) -> Value:
    """CBAM: mean and max over channels, convolved to a gate."""
    joined = b.add("Concat", b.reduce("ReduceMean", x, [1], 1), b.reduce("ReduceMax", x, [1], 1), axis=1)
    return b.add("Mul", x, b.add("Sigmoid", same_convolution(b, joined, 1, 3)))


def l2_normalised(b: Builder, x: Value) -> Value:
    norm = b.reduce("ReduceL2", x, [1], 1)
    return b.add("Div", x, b.clip(norm, 1e-3, None))


def mean_std(b: Builder, x: Value) -> Value:
    """Preprocessing inside the model: (x - mean) / std."""
    c = x.shape[1]
    centred = b.add("Sub", x, b.weight(1, c, 1, 1))
    return b.add("Div", centred, b.weight(1, c, 1, 1, scale=0.05, offset=0.25))
