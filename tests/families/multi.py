"""Graphs with several inputs and outputs, shared values and shared weights."""

from __future__ import annotations

import random

import onnx

from tests.families.activations import activation
from tests.families.graph import BOOL, INT64, Builder, Value


def build(rng: random.Random) -> onnx.ModelProto:
    b = Builder(rng)
    width = rng.randint(2, 8)
    values = [b.input((1, width)) for _ in range(rng.choice([2, 2, 3]))]
    shared = b.weight(width, width)
    for _ in range(rng.randint(2, 6)):
        values.append(step(b, values, shared))
    outputs = list({value.name: value for value in rng.sample(values, rng.randint(1, 3))}.values())
    used = {value.name for value in outputs}
    if not any(value.name == values[-1].name for value in outputs):
        outputs.append(values[-1])
    if rng.random() < 0.9:  # inputs as outputs are rare
        outputs = [value for value in outputs if not value.name.startswith("input")] or [values[-1]]
    return b.model(*outputs) if used else b.model(values[-1])


def step(b: Builder, values: list[Value], shared: Value) -> Value:
    x, y = b.rng.choice(values), b.rng.choice(values[-2:])
    form = b.rng.choice(
        ["binary", "binary", "dense", "activation", "where", "max", "variadic", "compare", "integer"]
    )
    if form == "binary":
        return b.add(b.rng.choice(["Add", "Sub", "Mul", "Mul", "Div"]), x, y)
    if form == "dense":
        weight = shared if b.rng.random() < 0.6 else b.weight(*shared.shape)
        return b.add("Gemm", y, weight, b.weight(shared.shape[1]))
    if form == "activation":
        return activation(b, y)
    if form == "where":
        mask = b.add("Greater", x, y) if b.rng.random() < 0.6 or b.symbolic else b.input(x.shape, BOOL)
        return b.add("Where", mask, x, y)
    if form == "max":
        return b.add(b.rng.choice(["Max", "Min"]), x, y)
    if form == "variadic":
        return b.add(b.rng.choice(["Sum", "Mean", "Max", "Min"]), x, y, b.rng.choice(values))
    if form == "compare":
        return (
            b.add("Cast", b.add(b.rng.choice(["Less", "Greater", "Equal"]), x, y), to=x.dtype)
            if b.opset >= 11
            else y
        )
    number = b.input((1, 1), INT64)
    return b.add("Mul", y, b.add("Cast", number, to=y.dtype))
