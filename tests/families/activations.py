"""Activation functions as exporters write them, fused and decomposed."""

from __future__ import annotations

import math

from tests.families.graph import Builder, Value

COMMON = ("Relu", "Relu", "Relu", "LeakyRelu", "Sigmoid", "Tanh", "relu6", "gelu", "silu")
ALL = (
    *COMMON,
    "Elu", "Selu", "PRelu", "HardSigmoid", "hardswish", "Softplus", "Softsign", "mish",
    "ThresholdedRelu", "clip", "gelu_tanh", "Celu", "HardSwish", "Abs", "Neg", "Sqrt",
    "Exp", "Erf", "hardsigmoid_clip", "Sign",
)  # fmt: skip


def activation(b: Builder, x: Value, kind: str | None = None) -> Value:
    """One activation of the given kind, or a random one."""
    kind = kind or b.rng.choice(COMMON if b.rng.random() < 0.6 else ALL)
    decomposed = {
        "relu6": lambda: b.clip(x, 0.0, 6.0),
        "clip": lambda: b.clip(x, *b.rng.choice([(-1.0, 1.0), (0.0, None), (None, 2.5), (0.0, 1.0)])),
        "gelu": lambda: gelu(b, x),
        "gelu_tanh": lambda: gelu_tanh(b, x),
        "silu": lambda: b.add("Mul", x, b.add("Sigmoid", x)),
        "mish": lambda: b.add("Mul", x, b.add("Tanh", b.add("Softplus", x))),
        "hardswish": lambda: hardswish(b, x),
        "hardsigmoid_clip": lambda: hardsigmoid(b, x),
        "PRelu": lambda: prelu(b, x),
        "Sqrt": lambda: b.add("Sqrt", b.add("Abs", x)),
    }
    if kind in decomposed:
        return decomposed[kind]()
    if kind in ("LeakyRelu", "Elu", "ThresholdedRelu", "HardSigmoid", "Celu"):
        if kind == "Celu" and b.opset < 12:
            kind = "Elu"
        if kind == "ThresholdedRelu" and b.opset < 10:
            kind = "LeakyRelu"
        if b.rng.random() < 0.5:
            return b.add(kind, x, alpha=b.rng.choice([0.01, 0.1, 0.2, 0.25, 0.5, 1.0]))
    if kind == "HardSwish" and b.opset < 14:
        return hardswish(b, x)
    return b.add(kind, x)


def gelu(b: Builder, x: Value) -> Value:
    """PyTorch's exact form: x * (1 + erf(x / sqrt(2))) / 2, in its order of nodes."""
    erf = b.add("Erf", b.add("Div", x, b.const(math.sqrt(2.0))))
    shifted = b.add("Add", erf, b.const(1.0))
    if b.rng.random() < 0.5:
        return b.add("Mul", b.add("Mul", x, shifted), b.const(0.5))
    return b.add("Mul", b.add("Mul", x, b.const(0.5)), shifted)


def gelu_tanh(b: Builder, x: Value) -> Value:
    """GPT-2's form: 0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x ** 3)))."""
    cube = b.add("Pow", x, b.const(3.0))
    inner = b.add("Add", x, b.add("Mul", cube, b.const(0.044715)))
    tanh = b.add("Tanh", b.add("Mul", inner, b.const(math.sqrt(2.0 / math.pi))))
    return b.add("Mul", b.add("Mul", x, b.const(0.5)), b.add("Add", tanh, b.const(1.0)))


def hardsigmoid(b: Builder, x: Value) -> Value:
    """clip(x + 3, 0, 6) / 6."""
    return b.add("Div", b.clip(b.add("Add", x, b.const(3.0)), 0.0, 6.0), b.const(6.0))


def hardswish(b: Builder, x: Value) -> Value:
    return b.add("Mul", x, hardsigmoid(b, x))


def prelu(b: Builder, x: Value) -> Value:
    """One slope, or one for each channel."""
    if x.rank < 2 or b.rng.random() < 0.5:
        return b.add("PRelu", x, b.const([0.25]))
    channels = x.shape[1]
    slope = b.normal(channels, scale=0.05, offset=0.25).reshape((channels,) + (1,) * (x.rank - 2))
    return b.add("PRelu", x, b.const(slope))
