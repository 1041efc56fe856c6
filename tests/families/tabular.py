"""Tree ensembles in tensor form (GEMM and traversal strategies), k-nearest and logic over tables."""

from __future__ import annotations

import random

import numpy as np
import onnx

from tests.families.graph import BOOL, FLOAT, INT64, Builder, Value


def build(rng: random.Random) -> onnx.ModelProto:
    b = Builder(rng, opset=rng.choice([11, 13, 15, 17, 18]), symbolic=False)
    x = b.input((rng.choice([1, 1, 1, 2]), rng.randint(3, 8)))
    return b.model(*rng.choice([gemm_trees, gemm_trees, traversal, logic, nearest, one_hot])(b, x))


def compare(b: Builder, left: Value, right: Value) -> Value:
    kinds = ["Less", "Greater"] + (["LessOrEqual", "GreaterOrEqual"] if b.opset >= 12 else [])
    return b.add(b.rng.choice(kinds), left, right)


def perfect_tree(depth: int) -> tuple[np.ndarray, np.ndarray]:
    """(internal, leaves) matrix with +1 for left and -1 for right, and the left turns above each leaf."""
    internal, leaves = 2**depth - 1, 2**depth
    paths = np.zeros((internal, leaves), dtype=np.float32)
    for leaf in range(leaves):
        node = 0
        for level in range(depth):
            right = (leaf >> (depth - 1 - level)) & 1
            paths[node, leaf] = -1.0 if right else 1.0
            node = 2 * node + 1 + right
    return paths, (paths > 0).sum(axis=0).astype(np.float32)


def gemm_trees(b: Builder, x: Value) -> tuple[Value, ...]:
    """Hummingbird's GEMM strategy: three products and two comparisons; one tree, or several in a batch."""
    depth, trees, classes = b.rng.randint(1, 3), b.rng.choice([1, 2, 3]), b.rng.randint(1, 4)
    features, internal, leaves = x.shape[1], 2**depth - 1, 2**depth
    paths, left_turns = perfect_tree(depth)
    picks = np.zeros((trees * internal, features), dtype=np.float32)
    for row in picks:
        row[b.rng.randrange(features)] = 1.0
    column = b.add("Transpose", x, perm=[1, 0])  # (features, N)
    batch = x.shape[0]
    decided = compare(b, b.add("MatMul", b.const(picks), column), b.weight(trees * internal, 1))
    decided = b.reshape(b.add("Cast", decided, to=FLOAT), [trees, internal, batch])
    reached = b.add("MatMul", b.const(np.stack([paths.T] * trees)), decided)
    expected = np.stack([left_turns] * trees).reshape(trees, leaves, 1)
    at_leaf = b.add("Cast", b.add("Equal", cast_int(b, reached), b.const(expected, np.int64)), to=FLOAT)
    votes = b.add("MatMul", b.weight(trees, classes, leaves), at_leaf)
    total = b.add("Transpose", b.reduce("ReduceSum", votes, [0], 0), perm=[1, 0])
    return classify(b, total)


def cast_int(b: Builder, x: Value) -> Value:
    return b.add("Cast", x, to=INT64)


def classify(b: Builder, scores: Value) -> tuple[Value, ...]:
    form = b.rng.choice(["scores", "softmax", "argmax", "both", "sigmoid"])
    if form == "softmax":
        return (b.add("Softmax", scores, axis=1),)
    if form == "argmax":
        return (b.add("ArgMax", scores, axis=1, keepdims=0),)
    if form == "both":
        return b.add("ArgMax", scores, axis=1, keepdims=0), scores
    return (b.add("Sigmoid", scores),) if form == "sigmoid" else (scores,)


def traversal(b: Builder, x: Value) -> tuple[Value, ...]:
    """Hummingbird's perfect-tree traversal: at each level gather the feature, compare, step to a child."""
    depth = b.rng.randint(1, 3)
    features = x.shape[1]
    position = b.const(np.zeros((x.shape[0], 1)), np.int64)
    for level in range(depth):
        nodes = 2**level
        columns = b.const([b.rng.randrange(features) for _ in range(nodes)], np.int64)
        thresholds = b.weight(nodes)
        column = b.add("Gather", columns, position, axis=0)
        value = b.add("GatherElements", x, column, axis=1)
        limit = b.add("Gather", thresholds, position, axis=0)
        step = cast_int(b, b.add("Greater", value, limit))
        position = b.add("Add", b.add("Mul", position, b.ints(2)), step)
    return (b.add("Gather", b.weight(2**depth), position, axis=0),)


def logic(b: Builder, x: Value) -> tuple[Value, ...]:
    """Rules: comparisons joined with And, Or, Xor, Not, then Where."""
    mask = compare(b, x, b.weight(x.shape[1]))
    for _ in range(b.rng.randint(1, 3)):
        if b.rng.random() < 0.25:
            mask = b.add("Not", mask)
        else:
            mask = b.add(b.rng.choice(["And", "Or", "Xor"]), mask, compare(b, x, b.weight(1)))
    form = b.rng.choice(["where", "cast", "where_const", "bool_input"])
    if form == "cast":
        return (b.reduce("ReduceSum", b.add("Cast", mask, to=FLOAT), [1], b.rng.choice([0, 1])),)
    if form == "bool_input":
        mask = b.add("And", mask, b.input(x.shape, BOOL))
    if form == "where_const":
        return (b.add("Where", mask, x, b.const(b.rng.choice([0.0, 1.0, -0.5]))),)
    return (b.add("Where", mask, x, b.add("Mul", x, b.const(0.5))),)


def nearest(b: Builder, x: Value) -> tuple[Value, ...]:
    """Squared distances to stored points, and the nearest."""
    points = b.weight(b.rng.randint(2, 5), x.shape[1])
    difference = b.add("Sub", b.unsqueeze(x, [1]), points)
    squared = (
        b.add("Mul", difference, difference)
        if b.rng.random() < 0.5
        else b.add("Pow", difference, b.const(2.0))
    )
    distances = b.reduce("ReduceSum", squared, [2], 0)
    if b.rng.random() < 0.5:
        return (b.add("ArgMin", distances, axis=1, keepdims=b.rng.choice([0, 1])),)
    k = b.rng.randint(1, distances.shape[1])
    values, indices = b.add_many(2, "TopK", distances, b.ints([k]), axis=1, largest=0)
    return b.rng.choice([(values,), (indices,), (values, indices)])


def one_hot(b: Builder, x: Value) -> tuple[Value, ...]:
    """A categorical column beside numeric ones."""
    categories = b.rng.randint(2, 5)
    codes = b.input((x.shape[0],), INT64)
    encoded = b.add("OneHot", codes, b.ints(categories), b.const([0.0, 1.0]), axis=-1)
    joined = b.add("Concat", encoded, x, axis=1)
    units = b.rng.randint(1, 4)
    return classify(b, b.add("Gemm", joined, b.weight(units, joined.shape[1]), b.weight(units), transB=1))
