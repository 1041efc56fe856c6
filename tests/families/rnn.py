"""Recurrent networks: LSTM, GRU and RNN as PyTorch and Keras export them, one direction."""

from __future__ import annotations

import random

import numpy as np
import onnx

from tests.families.activations import activation
from tests.families.graph import Builder, Value

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


def build(rng: random.Random) -> onnx.ModelProto:
    b = Builder(rng, opset=rng.choice([11, 13, 14, 15, 17, 18]), symbolic=False)
    length, batch, features = rng.randint(1, 6), rng.choice([1, 1, 1, 2]), rng.randint(2, 6)
    batch_first = rng.random() < 0.5
    x = b.input((batch, length, features) if batch_first else (length, batch, features))
    if batch_first:
        x = b.add("Transpose", x, perm=[1, 0, 2])
    for _ in range(rng.choice([1, 1, 1, 2])):
        x, last = recurrent(b, x, rng.choice(list(GATES)), rng.randint(1, 5))
    return b.model(*head(b, x, last, batch_first))


def recurrent(b: Builder, x: Value, kind: str, hidden: int) -> tuple[Value, Value]:
    """(T, N, F) to all hidden states (T, N, H) and the last one (1, N, H)."""
    _, batch, features = x.shape
    gates = GATES[kind]
    inputs: list[Value | None] = [
        x,
        b.weight(1, gates * hidden, features),
        b.weight(1, gates * hidden, hidden),
    ]
    inputs += [b.weight(1, 2 * gates * hidden) if b.rng.random() < 0.8 else None, None]
    states = b.rng.choice(["none", "zero", "zero", "value"])
    if states != "none":
        for _ in range(2 if kind == "LSTM" else 1):
            shape = (1, batch, hidden)
            inputs.append(b.const(np.zeros(shape)) if states == "zero" else b.weight(*shape))
    attributes: dict[str, int] = {"hidden_size": hidden}
    if kind == "GRU" and b.rng.random() < 0.7:
        attributes["linear_before_reset"] = 1  # PyTorch's
    outputs = b.add_many(3 if kind == "LSTM" else 2, kind, *inputs, **attributes)
    if b.rng.random() < 0.2:
        form = b.add("Transpose", outputs[0], perm=[0, 2, 1, 3])
        return b.reshape(form, [0, 0, -1]), outputs[1]
    return b.squeeze(outputs[0], [1]), outputs[1]


def head(b: Builder, x: Value, last: Value, batch_first: bool) -> tuple[Value, ...]:
    form = b.rng.choice(["last_state", "last_step", "all", "both", "all_dense"])
    if form == "both":
        return x, last
    if form == "last_state":
        return (dense(b, b.squeeze(last, [0])),)
    if batch_first:
        x = b.add("Transpose", x, perm=[1, 0, 2])
    axis = 1 if batch_first else 0
    if form == "all":
        return (x,)
    if form == "all_dense":
        return (activation(b, b.add("MatMul", x, b.weight(x.shape[2], b.rng.randint(1, 4)))),)
    if b.rng.random() < 0.5:
        return (dense(b, b.add("Gather", x, b.ints(x.shape[axis] - 1), axis=axis)),)
    return (dense(b, b.squeeze(b.slice(x, axis, x.shape[axis] - 1, x.shape[axis]), [axis])),)


def dense(b: Builder, x: Value) -> Value:
    units = b.rng.randint(1, 5)
    return b.add("Gemm", x, b.weight(units, x.shape[1]), b.weight(units), transB=1)
