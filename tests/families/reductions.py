"""Every reduction and selection along axes."""

from __future__ import annotations

import random

import onnx

from tests.families.graph import INT64, Builder, Value

REDUCTIONS = ("ReduceSum", "ReduceSum", "ReduceMean", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1",
              "ReduceL2", "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp", "ReduceProd")  # fmt: skip


def build(rng: random.Random) -> onnx.ModelProto:
    b = Builder(rng, symbolic=False)
    rank = rng.choice([1, 2, 3, 3, 4])
    x = b.input(tuple(rng.randint(1 if axis == 0 else 2, 5) for axis in range(rank)))
    outputs = []
    for _ in range(rng.choice([1, 1, 2])):
        y = before(b, x)
        for _ in range(rng.choice([1, 1, 2])):
            if y.rank and y.dtype != INT64:
                y = step(b, y)
        outputs.append(y)
    return b.model(*outputs)


def before(b: Builder, x: Value) -> Value:
    form = b.rng.choice(["as it is", "scaled", "shifted", "transposed", "square"])
    if form == "scaled":
        return b.add("Mul", x, b.weight(x.shape[-1]))
    if form == "shifted":
        return b.add("Add", x, b.weight(x.shape[-1]))
    if form == "square":
        return b.add("Mul", x, x)
    if form == "transposed" and x.rank > 1:
        perm = list(range(x.rank))
        b.rng.shuffle(perm)
        return b.add("Transpose", x, perm=perm)
    return x


def step(b: Builder, x: Value) -> Value:
    kind = b.rng.choice(["reduce"] * 5 + ["arg", "topk", "softmax", "cumulative", "hardmax"])
    axis = b.rng.randrange(x.rank)
    if kind == "arg":
        return b.add(b.rng.choice(["ArgMax", "ArgMin"]), x, axis=axis, keepdims=b.rng.choice([0, 1]))
    if kind == "topk":
        k = b.ints([b.rng.randint(1, x.shape[axis])])
        largest = {"largest": b.rng.choice([0, 1])} if b.opset >= 11 else {}
        if b.opset < 10:
            return b.add("ReduceMax", x, axes=[axis])
        return b.add_many(2, "TopK", x, k, axis=axis, **largest)[b.rng.choice([0, 0, 1])]
    if kind == "softmax":
        return b.add(b.rng.choice(["Softmax", "Softmax", "LogSoftmax"]), x, axis=axis)
    if kind == "hardmax" and b.rng.random() < 0.5:
        return b.add("Hardmax", x, axis=axis)
    if kind == "cumulative" and b.opset >= 11 and b.rng.random() < 0.3:
        return b.add("CumSum", x, b.ints(axis))
    axes = sorted(b.rng.sample(range(x.rank), b.rng.randint(1, x.rank)))
    if b.rng.random() < 0.4:
        axes = [one - x.rank for one in axes] if b.opset >= 11 else axes
    op = b.rng.choice(REDUCTIONS)
    if b.rng.random() < 0.1:
        return b.add(op, x, keepdims=b.rng.choice([0, 1]))  # all axes
    return b.reduce(op, x, axes, b.rng.choice([0, 1]))
