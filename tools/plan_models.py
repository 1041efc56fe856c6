"""The models of :mod:`tools.plans`, each with rows to calibrate on and fresh rows of the same distribution.

The samples, seeded random models of every family (``python -m tools.plans --find 0 250`` says which qualify),
and models of the shapes that people deploy, built here. All are functions of their name alone.
"""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import onnx
from msgspec import Struct
from onnx import TensorProto

from tests.families import random_model
from tests.families.graph import FLOAT, INT64, Builder, Value
from tests.families.tabular import perfect_tree
from tools.worker import REPOSITORY

CALIBRATION_ROWS = 8
FRESH_ROWS = 20

Row = tuple[np.ndarray, ...]
"""An array for each input of the model."""

Draw = Callable[[np.random.Generator], Row]


class PlanModel(Struct, frozen=True, kw_only=True):
    """A model to plan for, with its rows."""

    name: str
    family: str
    model: bytes
    calibration: tuple[Row, ...]
    fresh: tuple[Row, ...]


class Entry(Struct, frozen=True, kw_only=True):
    """A model that has not been made yet. ``rows`` are those of its circuit under EZKL's default run args."""

    name: str
    rows: int
    make: Callable[[], PlanModel]


def entries() -> tuple[Entry, ...]:
    """All models, the smallest circuits first."""
    listed = [*_samples(), *_random(), *_built()]
    return tuple(sorted(listed, key=lambda entry: (entry.rows, entry.name)))


def with_rows(name: str, family: str, model: bytes, draw: Draw) -> PlanModel:
    """The model with rows that are a function of its name."""
    generator = np.random.default_rng(zlib.crc32(name.encode()))
    rows = [draw(generator) for _ in range(CALIBRATION_ROWS + FRESH_ROWS)]
    return PlanModel(
        name=name,
        family=family,
        model=model,
        calibration=tuple(rows[:CALIBRATION_ROWS]),
        fresh=tuple(rows[CALIBRATION_ROWS:]),
    )


# --- distributions -------------------------------------------------------------------------

_NUMPY: dict[int, type] = {
    TensorProto.FLOAT: np.float32,
    TensorProto.DOUBLE: np.float64,
    TensorProto.INT64: np.int64,
    TensorProto.INT32: np.int32,
    TensorProto.BOOL: np.bool_,
}


def free_inputs(model: bytes) -> list[tuple[tuple[int, ...], int]]:
    """Shape and element type of what a caller feeds; a dimension with a name is 1, as EZKL binds it."""
    graph = onnx.load_from_string(model).graph
    constants = {value.name for value in graph.initializer}
    return [
        (tuple(d.dim_value or 1 for d in one.type.tensor_type.shape.dim), one.type.tensor_type.elem_type)
        for one in graph.input
        if one.name not in constants
    ]


def drawn(model: bytes, generator: np.random.Generator, *, below: int = 2, pixels: bool = False) -> Row:
    """Floats from the standard normal distribution, or sparse ones in [0, 1]; integers ``below`` a bound."""
    row: list[np.ndarray] = []
    for shape, kind in free_inputs(model):
        if kind not in (TensorProto.FLOAT, TensorProto.DOUBLE):
            values: np.ndarray = generator.integers(0, below, size=shape)
        elif pixels:
            values = np.clip(generator.normal(0.2, 0.5, size=shape), 0, 1)
        else:
            values = generator.standard_normal(size=shape)
        row.append(np.asarray(values, _NUMPY[kind]))
    return tuple(row)


def _digit(example: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """An 8 x 8 image like another: moved, with other ink, a little noise, in sixteenths."""
    moved = np.roll(example, generator.integers(-1, 2, size=2), axis=(0, 1))
    if generator.random() < 0.5:
        moved = moved[::-1]
    noise = generator.normal(0, 0.15, size=moved.shape) * (generator.random(moved.shape) < 0.5)
    inked = np.clip(moved * generator.uniform(0.6, 1.1) + noise, 0, 1)
    return np.asarray(np.round(inked * 16) / 16, np.float32)


def _measurements(example: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Standardised measurements that go together and are skewed to the right, as those of tumours are."""
    common = generator.standard_normal() * np.sign(example)
    mixed = 0.6 * common + 0.8 * generator.standard_normal(size=example.shape)
    skewed = np.expm1(0.5 * mixed) / 0.65
    return np.asarray(0.3 * example + skewed, np.float32)


def _sample_row(name: str, example: np.ndarray, generator: np.random.Generator) -> Row:
    if name.startswith("cancer"):
        return (_measurements(example, generator),)
    if name == "digits_transformer":  # four patches, as samples/make.py cuts them
        image = example.reshape(2, 2, 4, 4).transpose(0, 2, 1, 3).reshape(8, 8)
        digit = _digit(image, generator).reshape(2, 4, 2, 4).transpose(0, 2, 1, 3)
        return (np.ascontiguousarray(digit).reshape(example.shape),)
    return (np.ascontiguousarray(_digit(example.reshape(8, 8), generator)).reshape(example.shape),)


# --- the samples ---------------------------------------------------------------------------

_SAMPLE_ROWS = {
    "cancer_mlp": 1286, "cancer_trees": 20150, "digits_cnn": 14628, "digits_gru": 52716,
    "digits_transformer": 29149,
}  # fmt: skip


def _samples() -> Iterator[Entry]:
    for name, rows in _SAMPLE_ROWS.items():
        yield Entry(name=name, rows=rows, make=partial(_sample, name))


def _sample(name: str) -> PlanModel:
    """A trained sample; its rows are variations of the one that its folder holds."""
    folder = REPOSITORY / "samples" / name
    model = (folder / "model.onnx").read_bytes()
    (numbers,) = json.loads((folder / "input.json").read_bytes())["input_data"]
    ((shape, _),) = free_inputs(model)
    example = np.array(numbers, np.float32).reshape(shape)
    return with_rows(name, "sample", model, partial(_sample_row, name, example))


# --- seeded random models ------------------------------------------------------------------

_RANDOM: tuple[tuple[str, int, int], ...] = (
    ("cnn", 22, 4162), ("cnn", 88, 8838), ("cnn", 66, 18086), ("cnn", 33, 36091), ("cnn", 110, 65170),
    ("cnn", 0, 254545),
    ("einsum", 21, 79), ("einsum", 43, 302), ("einsum", 98, 1317),
    ("indexing", 19, 52), ("indexing", 107, 336), ("indexing", 41, 830),
    ("mlp", 78, 754), ("mlp", 67, 2178), ("mlp", 122, 3195),
    ("multi", 20, 238), ("multi", 119, 645),
    ("plumbing", 84, 39), ("plumbing", 95, 322), ("plumbing", 40, 1710),
    ("reductions", 6, 70), ("reductions", 72, 656), ("reductions", 94, 951), ("reductions", 28, 6008),
    ("rnn", 14, 524), ("rnn", 36, 1164), ("rnn", 80, 3272), ("rnn", 47, 10884), ("rnn", 91, 15031),
    ("tabular", 37, 82), ("tabular", 136, 531), ("tabular", 147, 1817),
    ("transformer", 200, 5499), ("transformer", 24, 19477),
    ("vision", 71, 516), ("vision", 60, 2448), ("vision", 115, 5469), ("vision", 27, 9964),
    ("vision", 16, 13511),
)  # fmt: skip
"""Family, seed and rows: of what ``tools.plans --find 0 250`` lists, all sizes of each family, and few of
the largest, which take minutes."""


def _random() -> Iterator[Entry]:
    for family, seed, rows in _RANDOM:
        yield Entry(name=f"{family}_{seed}", rows=rows, make=partial(seeded, seed))


def seeded(seed: int) -> PlanModel:
    """The random model of a seed; floats are normal, integers 0 or 1, a valid index nearly everywhere."""
    one = random_model(seed)
    return with_rows(one.name, one.family, one.model, partial(drawn, one.model))


# --- models of shapes that people deploy ---------------------------------------------------


def _dense(b: Builder, x: Value, units: int) -> Value:
    features = x.shape[-1]
    product = b.add("MatMul", x, b.weight(features, units, scale=features**-0.5))
    return b.add("Add", product, b.weight(units, scale=0.1))


def _conv(b: Builder, x: Value, channels: int, kernel: int, padding: int = 0) -> Value:
    fan_in = x.shape[1] * kernel * kernel
    weight = b.weight(channels, x.shape[1], kernel, kernel, scale=fan_in**-0.5)
    pads, shape = [padding] * 4, [kernel, kernel]
    return b.add(
        "Conv", x, weight, b.weight(channels, scale=0.1), kernel_shape=shape, strides=[1, 1], pads=pads
    )


def _layer_norm(b: Builder, x: Value) -> Value:
    width = x.shape[-1]
    centred = b.add("Sub", x, b.reduce("ReduceMean", x, [-1], 1))
    variance = b.reduce("ReduceMean", b.add("Mul", centred, centred), [-1], 1)
    deviation = b.add("Sqrt", b.add("Add", variance, b.const(1e-2)))
    scaled = b.add("Mul", b.add("Div", centred, deviation), b.weight(width, scale=0.1, offset=1.0))
    return b.add("Add", scaled, b.weight(width, scale=0.1))


def _logistic(b: Builder) -> Value:
    return b.add("Sigmoid", _dense(b, b.input((1, 20)), 1))


def _credit_mlp(b: Builder) -> Value:
    x = b.add("Relu", _dense(b, b.input((1, 24)), 32))
    return b.add("Softmax", _dense(b, b.add("Tanh", _dense(b, x, 16)), 3), axis=1)


def _mnist_mlp(b: Builder) -> Value:
    x = b.add("Relu", _dense(b, b.input((1, 196)), 64))
    return _dense(b, b.add("Relu", _dense(b, x, 32)), 10)


def _autoencoder(b: Builder) -> Value:
    x = b.add("Relu", _dense(b, b.input((1, 64)), 24))
    x = b.add("Relu", _dense(b, b.add("Sigmoid", _dense(b, x, 6)), 24))
    return _dense(b, x, 64)


def _norm_mlp(b: Builder) -> Value:
    x = _layer_norm(b, _dense(b, b.input((1, 16)), 16))
    return _dense(b, b.add("Add", x, b.add("Relu", _dense(b, x, 16))), 4)


def _lenet(b: Builder) -> Value:
    pool = {"kernel_shape": [2, 2], "strides": [2, 2]}
    x = b.add("AveragePool", b.add("Relu", _conv(b, b.input((1, 1, 16, 16)), 4, 5)), **pool)
    x = b.add("AveragePool", b.add("Relu", _conv(b, x, 8, 3)), **pool)
    return _dense(b, b.add("Relu", _dense(b, b.add("Flatten", x, axis=1), 24)), 10)


def _resnet(b: Builder) -> Value:
    x = b.add("Relu", _conv(b, b.input((1, 3, 10, 10)), 6, 3, 1))
    y = _conv(b, b.add("Relu", _conv(b, x, 6, 3, 1)), 6, 3, 1)
    x = b.add("GlobalAveragePool", b.add("Relu", b.add("Add", x, y)))
    return _dense(b, b.add("Flatten", x, axis=1), 10)


def _recurrent(kind: str, gates: int, b: Builder) -> Value:
    length, features, hidden = 6, 8, 16
    weights = [b.weight(1, gates * hidden, size, scale=size**-0.5) for size in (features, hidden)]
    extra = {"linear_before_reset": 1} if kind == "GRU" else {}
    x = b.input((length, 1, features))
    outputs = b.add_many(2, kind, x, *weights, b.weight(1, 2 * gates * hidden), hidden_size=hidden, **extra)
    return _dense(b, b.squeeze(outputs[1], [0]), 4)


def _encoder(b: Builder) -> Value:
    x = b.input((1, 8, 16))
    normed = _layer_norm(b, x)
    q, k, v = (_dense(b, normed, 16) for _ in range(3))
    scores = b.add("Mul", b.add("MatMul", q, b.add("Transpose", k, perm=[0, 2, 1])), b.const(0.25))
    x = b.add("Add", x, _dense(b, b.add("MatMul", b.add("Softmax", scores, axis=-1), v), 16))
    x = b.add("Add", x, _dense(b, b.add("Relu", _dense(b, _layer_norm(b, x), 32)), 16))
    return _dense(b, b.reduce("ReduceMean", x, [1], 0), 4)


def _forest(b: Builder) -> Value:
    """Trees of depth 3 as matrix products, as samples/trees.py writes them."""
    trees, features, (paths, left_turns) = 12, 10, perfect_tree(3)
    inner, leaves = paths.shape
    picks = np.zeros((features, trees * inner))
    picks[[b.rng.randrange(features) for _ in range(trees * inner)], range(trees * inner)] = 1
    x = b.add("MatMul", b.input((1, features)), b.const(picks))
    decided = b.add("Cast", b.add("Greater", b.weight(trees * inner, scale=0.7), x), to=FLOAT)
    reached = b.add("MatMul", decided, b.const(np.kron(np.eye(trees), paths)))
    at_leaf = b.add("Greater", reached, b.const(np.tile(left_turns - 0.5, trees)))
    return b.add("MatMul", b.add("Cast", at_leaf, to=FLOAT), b.weight(trees * leaves, 3, scale=0.2))


def _bag_of_words(b: Builder) -> Value:
    words = b.add("Gather", b.weight(50, 8, scale=1.0), b.input((1, 8), INT64))
    return _dense(b, b.add("Relu", _dense(b, b.reduce("ReduceMean", words, [1], 0), 12)), 2)


_pixels, _words = partial(drawn, pixels=True), partial(drawn, below=50)

_BUILT: dict[str, tuple[str, int, Callable[[Builder], Value], Callable[..., Row]]] = {
    "logistic": ("mlp", 144, _logistic, drawn),
    "credit_mlp": ("mlp", 2445, _credit_mlp, drawn),
    "mnist_mlp": ("mlp", 11800, _mnist_mlp, _pixels),
    "autoencoder": ("mlp", 5832, _autoencoder, _pixels),
    "norm_mlp": ("mlp", 2722, _norm_mlp, drawn),
    "lenet": ("cnn", 40228, _lenet, _pixels),
    "resnet": ("cnn", 101761, _resnet, _pixels),
    "gru": ("rnn", 25224, partial(_recurrent, "GRU", 3), drawn),
    "lstm": ("rnn", 31472, partial(_recurrent, "LSTM", 4), drawn),
    "encoder": ("transformer", 52681, _encoder, drawn),
    "forest": ("tabular", 8679, _forest, drawn),
    "bag_of_words": ("indexing", 642, _bag_of_words, _words),
}
"""Family, rows, builder, and how rows are drawn for the finished model."""


def _built() -> Iterator[Entry]:
    for name, (family, rows, build, draw) in _BUILT.items():
        yield Entry(name=name, rows=rows, make=partial(_build, name, family, build, draw))


def _build(name: str, family: str, build: Callable[[Builder], Value], draw: Callable[..., Row]) -> PlanModel:
    b = Builder(random.Random(name), opset=13, symbolic=False)
    model = b.model(build(b)).SerializeToString(deterministic=True)
    return with_rows(name, family, model, partial(draw, model))
