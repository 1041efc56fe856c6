"""Shapes: reshapes, squeezes, transposes, expansions, casts and constants between a few real operations."""

from __future__ import annotations

import random

import numpy as np
import onnx
from onnx import numpy_helper

from tests.families.activations import activation
from tests.families.graph import FLOAT, INT64, Builder, Value


def build(rng: random.Random) -> onnx.ModelProto:
    b = Builder(rng, symbolic=False)
    rank = rng.choice([1, 2, 3, 3, 4])
    x = b.input((rng.choice([1, 1, 2]), *(rng.randint(2, 5) for _ in range(rank - 1))))
    steps = [reshaped, squeezed, transposed, expanded, shape_chain, cast, filled, flattened, arithmetic,
             arithmetic, arithmetic, concat, matmul, identity, where_shape, tiled, split_stack]  # fmt: skip
    for _ in range(rng.randint(2, 6)):
        y = rng.choice(steps)(b, x)
        if y.size <= 800 and y.rank <= 5:
            x = y
    return b.model(x)


def reshaped(b: Builder, x: Value) -> Value:
    sizes = list(x.shape)
    form = b.rng.choice(["merge", "split", "flat", "zero"])
    if form == "flat" or x.rank < 2:
        return b.reshape(x, [-1])
    if form == "zero":
        return b.reshape(x, [0, -1])
    if form == "merge":
        axis = b.rng.randrange(x.rank - 1)
        return b.reshape(x, [*sizes[:axis], -1, *sizes[axis + 2 :]])
    even = [axis for axis, size in enumerate(sizes) if size % 2 == 0]
    if not even:
        return b.reshape(x, [*sizes, 1])
    axis = b.rng.choice(even)
    return b.reshape(x, [*sizes[:axis], 2, sizes[axis] // 2, *sizes[axis + 1 :]])


def squeezed(b: Builder, x: Value) -> Value:
    ones = [axis for axis, size in enumerate(x.shape) if size == 1]
    if ones and x.rank > 1 and b.rng.random() < 0.6:
        return b.squeeze(x, [b.rng.choice(ones)])
    return b.unsqueeze(x, [b.rng.randint(0, x.rank)])


def transposed(b: Builder, x: Value) -> Value:
    perm = list(range(x.rank))
    b.rng.shuffle(perm)
    return b.add("Transpose", x, perm=perm)


def expanded(b: Builder, x: Value) -> Value:
    target = [b.rng.choice([2, 3]) if size == 1 else size for size in x.shape]
    if b.rng.random() < 0.3:
        target = [2, *target]
    return b.add("Expand", x, b.ints(target))


def shape_chain(b: Builder, x: Value) -> Value:
    if x.rank < 2:
        return x
    return b.reshape_by_shape(x, [None, -1])


def cast(b: Builder, x: Value) -> Value:
    form = b.rng.choice(["same", "int", "double", "half"])
    if form == "same":
        return b.add("Cast", x, to=FLOAT)
    to = {"int": INT64, "double": onnx.TensorProto.DOUBLE, "half": onnx.TensorProto.FLOAT16}[form]
    return b.add("Cast", b.add("Cast", x, to=to), to=FLOAT)


def filled(b: Builder, x: Value) -> Value:
    """A constant of a computed shape."""
    value = numpy_helper.from_array(np.array([b.rng.choice([0.0, 1.0, 0.5])], dtype=np.float32))
    constant = b.add("ConstantOfShape", b.ints(list(x.shape)), value=value)
    return b.add(b.rng.choice(["Add", "Mul"]), x, constant)


def flattened(b: Builder, x: Value) -> Value:
    return b.add("Flatten", x, axis=b.rng.randint(0, x.rank))


def arithmetic(b: Builder, x: Value) -> Value:
    form = b.rng.choice(["add", "mul", "self", "scalar", "activation", "rsub", "pow"])
    if form == "activation":
        return activation(b, x)
    if form == "self":
        return b.add(b.rng.choice(["Add", "Mul", "Sub"]), x, x)
    if form == "scalar":
        op = b.rng.choice(["Mul", "Div", "Add", "Sub"])
        return b.add(op, x, b.const(b.rng.choice([0.5, 2.0, 0.25, 3.0, 0.1, 1.0])))
    if form == "rsub":
        return b.add("Sub", b.const(1.0), x)
    if form == "pow":
        return b.add("Pow", x, b.const(b.rng.choice([2.0, 3.0, 1.0])))
    return b.add(
        "Add" if form == "add" else "Mul", x, b.weight(*x.shape[b.rng.randrange(x.rank) :]) if x.rank else x
    )


def concat(b: Builder, x: Value) -> Value:
    if not x.rank:
        return x
    other = b.rng.choice([x, b.add("Neg", x), b.weight(*x.shape)])
    return b.add("Concat", *b.rng.choice([(x, other), (other, x)]), axis=b.rng.randrange(x.rank))


def matmul(b: Builder, x: Value) -> Value:
    if x.rank < 1:
        return x
    return b.add("MatMul", x, b.weight(x.shape[-1], b.rng.randint(1, 4)))


def identity(b: Builder, x: Value) -> Value:
    return b.add("Identity", x)


def where_shape(b: Builder, x: Value) -> Value:
    """The form of ``expand`` in PyTorch's exporter: Where(shape == -1, ones, shape) feeding Expand."""
    if not x.rank:
        return x
    wanted = b.ints([-1 if size != 1 else 2 for size in x.shape])
    ones = b.ints([1] * x.rank)
    mask = b.add("Equal", wanted, b.ints([-1] * x.rank))
    target = b.add("Where", mask, ones, wanted)
    result = b.add("Expand", x, target)
    return Value(result.name, tuple(2 if size == 1 else size for size in x.shape), x.dtype)


def tiled(b: Builder, x: Value) -> Value:
    """Repeats by Concat: EZKL takes no Tile."""
    if b.rng.random() < 0.1:
        return b.add("Tile", x, b.ints([1] * (x.rank - 1) + [2])) if x.rank else x
    return b.add("Concat", x, x, axis=0) if x.rank else x


def split_stack(b: Builder, x: Value) -> Value:
    """Unbind and stack again."""
    if x.rank < 1 or x.shape[-1] < 2 or x.shape[-1] > 6:
        return x
    parts = b.split(x, x.rank - 1, [1] * x.shape[-1])
    kept = parts[: b.rng.randint(1, len(parts))]
    return b.add("Concat", *kept, axis=x.rank - 1)
