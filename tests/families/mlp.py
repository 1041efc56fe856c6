"""Multilayer perceptrons in the forms exporters write: Gemm and MatMul, normalised, with every activation."""

from __future__ import annotations

import random

import numpy as np
import onnx

from tests.families.activations import ALL, activation
from tests.families.cnn import batch_norm
from tests.families.graph import Builder, Value


def build(rng: random.Random) -> onnx.ModelProto:
    b = Builder(rng)
    x = b.input((1 if b.symbolic else rng.choice([1, 1, 1, 2, 3]), rng.randint(3, 24)))
    if rng.random() < 0.3:  # a scaler in front
        x = b.add("Div", b.add("Sub", x, b.weight(x.shape[1])), b.weight(x.shape[1], scale=0.1, offset=1.5))
    for _ in range(rng.randint(1, 5)):
        skip = x
        x = dense(b, x, rng.choice([x.shape[1], rng.randint(1, 16)]))
        if rng.random() < 0.2:
            x = batch_norm(b, x)
        x = activation(b, x, rng.choice(ALL) if rng.random() < 0.5 else None)
        if rng.random() < (0.15 if b.opset < 12 else 0.02):
            x = dropout(b, x)
        if skip.shape == x.shape and rng.random() < 0.3:
            x = b.add("Add", x, skip)
    return b.model(output(b, dense(b, x, rng.randint(1, 8))))


def dense(b: Builder, x: Value, units: int) -> Value:
    features = x.shape[1]
    form = b.rng.choice(
        ["gemm_t", "gemm_t", "gemm", "gemm_scaled", "matmul", "matmul_add", "gemm_nobias", "left"]
    )
    if form == "matmul":
        return b.add("MatMul", x, b.weight(features, units))
    if form == "matmul_add":
        product = b.add("MatMul", x, b.weight(features, units))
        order = [product, b.weight(units)] if b.rng.random() < 0.5 else [b.weight(units), product]
        return b.add("Add", *order)
    if form == "left" and x.shape[0] == 1 and not b.symbolic:  # (1, n) -> (n, 1) -> W x
        column = b.add("Transpose", x, perm=[1, 0])
        return b.add("Transpose", b.add("MatMul", b.weight(units, features), column), perm=[1, 0])
    transposed = form == "gemm_t" or (form == "gemm_scaled" and b.rng.random() < 0.5)
    weight = b.weight(units, features) if transposed else b.weight(features, units)
    inputs = [x, weight]
    if form != "gemm_nobias" or b.opset < 11:
        bias = b.rng.choice(["vector"] * 6 + ["row", "zero"])
        inputs.append(b.const(np.zeros(units)) if bias == "zero" else b.weight(*[1] * (bias == "row"), units))
    attributes: dict[str, float] = {"transB": 1} if transposed else {}
    if form == "gemm_scaled":
        attributes |= {"alpha": b.rng.choice([0.5, 2.0, 0.3]), "beta": b.rng.choice([1.0, 0.5, 2.0])}
    return b.add("Gemm", *inputs, **attributes)


def dropout(b: Builder, x: Value) -> Value:
    """Left behind by an exporter; EZKL refuses the form with a ratio input."""
    if b.opset < 12:
        return b.add("Dropout", x, ratio=0.5)
    return b.add("Dropout", x, b.const(0.5))


def output(b: Builder, x: Value) -> Value:
    form = b.rng.choice(["logits", "logits", "softmax", "sigmoid", "argmax", "log_softmax", "scaled"])
    if form == "softmax":
        return b.add("Softmax", x, axis=b.rng.choice([1, -1]) if b.opset >= 11 else 1)
    if form == "log_softmax":
        return b.add("LogSoftmax", x, axis=1)
    if form == "sigmoid":
        return b.add("Sigmoid", x)
    if form == "argmax":
        return b.add("ArgMax", x, axis=1, keepdims=b.rng.choice([0, 1]))
    if form == "scaled":
        return b.add("Mul", x, b.const(b.rng.choice([2.0, 0.5, 0.1, 10.0])))
    return x
