"""Gather and scatter, with constant indices and with indices the circuit must look up."""

from __future__ import annotations

import random

import numpy as np
import onnx

from tests.families.graph import FLOAT, INT64, Builder, Value


def build(rng: random.Random) -> onnx.ModelProto:
    b = Builder(rng, opset=rng.choice([11, 13, 16, 17, 18]), symbolic=False)
    x = b.input(tuple(rng.randint(2, 5) for _ in range(rng.choice([1, 2, 2, 3]))))
    forms = [
        gather,
        gather,
        gather_elements,
        gather_nd,
        scatter_elements,
        scatter_nd,
        embedding,
        one_hot,
        by_arg,
    ]
    y = rng.choice(forms)(b, x)
    if y.dtype == FLOAT and rng.random() < 0.5:
        y = b.add(rng.choice(["Relu", "Neg", "Sigmoid"]), y)
    return b.model(y)


def indices(b: Builder, shape: tuple[int, ...], below: int) -> Value:
    """A constant, an input, or computed from an input."""
    form = b.rng.choice(["const", "input", "input", "computed"])
    if form == "const":
        values = [b.rng.randrange(below) for _ in range(int(np.prod(shape)))]
        return b.ints(np.array(values, dtype=np.int64).reshape(shape))
    index = b.input(shape, INT64)
    return b.add("Add", index, b.ints(0)) if form == "computed" else index


def gather(b: Builder, x: Value) -> Value:
    axis = b.rng.randrange(x.rank)
    shape = b.rng.choice([(), (1,), (2,), (3,), (2, 2)])
    return b.add("Gather", x, indices(b, shape, x.shape[axis]), axis=axis)


def gather_elements(b: Builder, x: Value) -> Value:
    axis = b.rng.randrange(x.rank)
    shape = tuple(b.rng.randint(1, 3) if one == axis else size for one, size in enumerate(x.shape))
    return b.add("GatherElements", x, indices(b, shape, x.shape[axis]), axis=axis)


def gather_nd(b: Builder, x: Value) -> Value:
    depth = b.rng.randint(1, x.rank)
    return b.add("GatherND", x, indices(b, (b.rng.randint(1, 3), depth), min(x.shape[:depth])))


def scatter_elements(b: Builder, x: Value) -> Value:
    axis = b.rng.randrange(x.rank)
    shape = tuple(min(2, size) if one == axis else size for one, size in enumerate(x.shape))
    updates = b.weight(*shape) if b.rng.random() < 0.5 else b.input(shape)
    return b.add("ScatterElements", x, indices(b, shape, x.shape[axis]), updates, axis=axis)


def scatter_nd(b: Builder, x: Value) -> Value:
    depth, count = b.rng.randint(1, x.rank), b.rng.randint(1, 2)
    shape = (count, *x.shape[depth:])
    updates = b.weight(*shape) if b.rng.random() < 0.5 else b.input(shape)
    return b.add("ScatterND", x, indices(b, (count, depth), min(x.shape[:depth])), updates)


def embedding(b: Builder, x: Value) -> Value:
    """Several ids through a table, summed."""
    ids = b.input((1, b.rng.randint(1, 4)), INT64)
    rows = b.add("Gather", b.weight(b.rng.randint(3, 10), b.rng.randint(1, 4)), ids)
    return b.reduce("ReduceSum", rows, [1], 0)


def one_hot(b: Builder, x: Value) -> Value:
    ids = b.input((b.rng.randint(1, 3),), INT64)
    return b.add("OneHot", ids, b.ints(b.rng.randint(2, 6)), b.const([0.0, 1.0]), axis=b.rng.choice([-1, 0]))


def by_arg(b: Builder, x: Value) -> Value:
    """The element at the arg-max of another column."""
    axis = x.rank - 1
    best = b.add("ArgMax", x, axis=axis, keepdims=1)
    return b.add("GatherElements", b.add("Mul", x, b.const(0.5)), best, axis=axis)
