"""Transformers: attention as PyTorch, TensorFlow and hand exporters write it, with their normalisations."""

from __future__ import annotations

import math
import random

import numpy as np
import onnx

from tests.families.activations import gelu, gelu_tanh
from tests.families.graph import INT64, Builder, Value


def build(rng: random.Random) -> onnx.ModelProto:
    b = Builder(rng, opset=rng.choice([11, 13, 14, 15, 17, 17, 18]), symbolic=False)
    length, heads = rng.randint(2, 6), rng.choice([1, 1, 2])
    width = heads * rng.choice([2, 4])
    x = embedded(b, length, width) if rng.random() < 0.2 else b.input((1, length, width))
    if rng.random() < 0.25:
        x = b.add("Add", x, b.weight(1, length, width))  # learned positions
    for _ in range(rng.choice([1, 1, 2])):
        x = layer(b, x, heads)
    if rng.random() < 0.4:
        x = norm(b, x)
    return b.model(head(b, x))


def embedded(b: Builder, length: int, width: int) -> Value:
    """Token ids through an embedding table."""
    tokens = b.input((1, length), INT64)
    return b.add("Gather", b.weight(b.rng.randint(4, 12), width), tokens)


def layer(b: Builder, x: Value, heads: int) -> Value:
    """Before-norm or after-norm; one in three leaves the feed-forward part away."""
    attend = b.rng.choice([attention, attention, attention_rank3, fused_attention])
    pre = b.rng.random() < 0.5
    mixed = b.add("Add", x, attend(b, norm(b, x) if pre else x, heads))
    x = mixed if pre else norm(b, mixed)
    if b.rng.random() < 0.33:
        return x
    out = b.add("Add", x, feed_forward(b, norm(b, x) if pre else x))
    return out if pre else norm(b, out)


# --- normalisation


def norm(b: Builder, x: Value) -> Value:
    kind = b.rng.choice(["layer", "layer", "decomposed", "decomposed", "rms", "none"])
    if kind == "none":
        return x
    width = x.shape[-1]
    trained = b.rng.random() < 0.7
    gamma = b.weight(width, offset=1.0) if trained else b.const(np.ones(width))
    if kind == "rms":
        return b.add("Mul", gamma, rms(b, x)) if b.rng.random() < 0.5 else b.add("Mul", rms(b, x), gamma)
    beta = b.weight(width) if trained else b.const(np.zeros(width))
    if kind == "layer" and b.opset >= 17:
        return b.add("LayerNormalization", x, gamma, beta, axis=-1, epsilon=1e-5)
    return b.add("Add", b.add("Mul", standardised(b, x), gamma), beta)


def standardised(b: Builder, x: Value) -> Value:
    centred = b.add("Sub", x, b.reduce("ReduceMean", x, [-1], 1))
    as_power = b.rng.random() < 0.5
    square = b.add("Pow", centred, b.const(2.0)) if as_power else b.add("Mul", centred, centred)
    variance = b.reduce("ReduceMean", square, [-1], 1)
    deviation = b.add("Sqrt", b.add("Add", variance, b.const(b.rng.choice([1e-5, 1e-3, 1e-2]))))
    return b.add("Div", centred, deviation)


def rms(b: Builder, x: Value) -> Value:
    square = b.add("Pow", x, b.const(2.0)) if b.rng.random() < 0.6 else b.add("Mul", x, x)
    mean = b.add("Add", b.reduce("ReduceMean", square, [-1], 1), b.const(b.rng.choice([1e-6, 1e-3])))
    root = b.add("Sqrt", mean)
    if b.rng.random() < 0.5:
        return b.add("Div", x, root)
    inverse = b.add("Reciprocal", root) if b.rng.random() < 0.5 else b.add("Div", b.const(1.0), root)
    return b.add("Mul", x, inverse)


# --- attention


def linear(b: Builder, x: Value, units: int) -> Value:
    product = b.add("MatMul", x, b.weight(x.shape[-1], units))
    if b.rng.random() < 0.4:
        return product
    bias = b.weight(units) if b.rng.random() < 0.8 else b.const(np.zeros(units))
    return b.add("Add", bias, product) if b.rng.random() < 0.6 else b.add("Add", product, bias)


def heads_first(b: Builder, x: Value, heads: int, perm: tuple[int, ...] = (0, 2, 1, 3)) -> Value:
    """(N, T, H*D) to (N, H, T, D), or (N, H, D, T) for keys."""
    _, length, width = x.shape
    inner = width // heads
    form = b.rng.random()
    if form < 0.2:
        split = b.reshape_by_shape(x, [None, None, heads, inner])
    elif form < 0.23:  # EZKL's reader refuses most of these
        split = b.reshape(x, [0, 0, heads, inner])
    else:
        split = b.reshape(x, b.rng.choice([(1, length, heads, inner), (1, -1, heads, inner)]))
    return b.add("Transpose", split, perm=list(perm))


def attention(b: Builder, x: Value, heads: int) -> Value:
    """Separate projections, rank 4."""
    width = x.shape[2]
    q = heads_first(b, linear(b, x, width), heads)
    k_linear = linear(b, x, width)
    v = heads_first(b, linear(b, x, width), heads)
    if b.rng.random() < 0.3:
        k = heads_first(b, k_linear, heads)
        if b.rng.random() < 0.6:
            q, k = rotary(b, q), rotary(b, k)
        k = b.add("Transpose", k, perm=[0, 1, 3, 2])
    else:
        k = heads_first(b, k_linear, heads, (0, 2, 3, 1))
    return linear(b, merge_heads(b, attend(b, q, k, v)), width)


def fused_attention(b: Builder, x: Value, heads: int) -> Value:
    """One projection for q, k and v, then Split or Slice."""
    _, length, width = x.shape
    qkv = linear(b, x, 3 * width)
    if b.rng.random() < 0.3:  # ViT: (N, T, 3, H, D), transpose, gather each
        stacked = b.reshape(qkv, [1, length, 3, heads, width // heads])
        stacked = b.add("Transpose", stacked, perm=[2, 0, 3, 1, 4])
        q, k, v = (b.add("Gather", stacked, b.ints(part), axis=0) for part in range(3))
        k = b.add("Transpose", k, perm=[0, 1, 3, 2])
        return linear(b, merge_heads(b, attend(b, q, k, v)), width)
    if b.rng.random() < 0.5:
        parts = b.split(qkv, 2, [width] * 3)
    else:
        parts = tuple(b.slice(qkv, 2, part * width, (part + 1) * width) for part in range(3))
    q, v = heads_first(b, parts[0], heads), heads_first(b, parts[2], heads)
    k = heads_first(b, parts[1], heads, (0, 2, 3, 1))
    return linear(b, merge_heads(b, attend(b, q, k, v)), width)


def attention_rank3(b: Builder, x: Value, heads: int) -> Value:
    """One head without reshapes, or PyTorch's ``MultiheadAttention`` with heads in the batch."""
    _, length, width = x.shape
    if heads == 1 or b.rng.random() < 0.5:
        q, k, v = (linear(b, x, width) for _ in range(3))
        scores = b.add("MatMul", q, b.add("Transpose", k, perm=[0, 2, 1]))
        return b.add("MatMul", b.add("Softmax", scaled(b, scores, width), axis=-1), v)
    inner = width // heads
    time_first = b.add("Transpose", x, perm=[1, 0, 2])

    def batched() -> Value:
        return b.add(
            "Transpose", b.reshape(linear(b, time_first, width), [length, heads, inner]), perm=[1, 0, 2]
        )

    q, k, v = batched(), batched(), batched()
    q = b.add("Mul", q, b.const(1.0 / math.sqrt(inner)))
    weights = b.add("Softmax", b.add("MatMul", q, b.add("Transpose", k, perm=[0, 2, 1])), axis=-1)
    mixed = b.reshape(b.add("Transpose", b.add("MatMul", weights, v), perm=[1, 0, 2]), [length, 1, width])
    return b.add("Transpose", linear(b, mixed, width), perm=[1, 0, 2])


def attend(b: Builder, q: Value, k: Value, v: Value) -> Value:
    """softmax(q k / sqrt(d) + mask) v."""
    scores = scaled(b, b.add("MatMul", q, k), q.shape[-1])
    length = scores.shape[-1]
    form = b.rng.choice(["none", "none", "add", "where"])
    if form == "add":
        mask = np.triu(np.full((length, length), b.rng.choice([-100.0, -1000.0])), 1)
        scores = b.add("Add", scores, b.const(mask.reshape(1, 1, length, length)))
    if form == "where":
        keep = b.const(np.tril(np.ones((1, 1, length, length))), np.bool_)
        scores = b.add("Where", keep, scores, b.const(-100.0))
    return b.add("MatMul", b.add("Softmax", scores, axis=-1), v)


def scaled(b: Builder, scores: Value, width: int) -> Value:
    form = b.rng.choice(["div", "mul", "none"])
    if form == "none":
        return scores
    root = math.sqrt(width)
    return b.add("Div", scores, b.const(root)) if form == "div" else b.add("Mul", scores, b.const(1.0 / root))


def rotary(b: Builder, x: Value) -> Value:
    """Rotary positions with the rotate-half form: x cos + concat(-x2, x1) sin."""
    *_, length, width = x.shape
    half = width // 2
    half_angles = np.outer(np.arange(length), 10000.0 ** (-np.arange(half) / half))
    angles = np.concatenate([half_angles, half_angles], axis=1).reshape(1, 1, length, width)
    first, second = b.slice(x, 3, 0, half), b.slice(x, 3, half, width)
    rotated = b.add("Concat", b.add("Neg", second), first, axis=3)
    cosine, sine = b.const(np.cos(angles)), b.const(np.sin(angles))
    return b.add("Add", b.add("Mul", x, cosine), b.add("Mul", rotated, sine))


def merge_heads(b: Builder, x: Value) -> Value:
    _, heads, length, width = x.shape
    merged = b.add("Transpose", x, perm=[0, 2, 1, 3])
    if b.rng.random() < 0.04:  # EZKL's reader refuses most of these
        return b.reshape(merged, b.rng.choice([(0, 0, -1), (0, 0, heads * width)]))
    if b.rng.random() < 0.2:
        return b.reshape_by_shape(merged, [None, None, heads * width])
    return b.reshape(
        merged, b.rng.choice([(1, length, heads * width), (1, -1, heads * width), (1, length, -1)])
    )


# --- the rest


def feed_forward(b: Builder, x: Value) -> Value:
    width = x.shape[-1]
    hidden = width * b.rng.choice([2, 3])
    form = b.rng.choice(["relu", "gelu", "gelu_tanh", "swiglu"])
    if form == "swiglu":
        gate = linear(b, x, hidden)
        return linear(
            b, b.add("Mul", b.add("Mul", gate, b.add("Sigmoid", gate)), linear(b, x, hidden)), width
        )
    act = {
        "relu": lambda v: b.add("Relu", v),
        "gelu": lambda v: gelu(b, v),
        "gelu_tanh": lambda v: gelu_tanh(b, v),
    }
    return linear(b, act[form](linear(b, x, hidden)), width)


def head(b: Builder, x: Value) -> Value:
    form = b.rng.choice(["none", "mean", "cls", "tokens"])
    classes = b.rng.randint(2, 6)
    if form == "none":
        return x
    if form == "tokens":
        return b.add("MatMul", x, b.weight(x.shape[2], classes))
    pooled = b.reduce("ReduceMean", x, [1], 0) if form == "mean" else b.add("Gather", x, b.ints(0), axis=1)
    return b.add("Gemm", pooled, b.weight(classes, x.shape[2]), b.weight(classes), transB=1)
