"""Tiny circuits for ``python -m tools.gas``: one for each structure of columns that a verifier can have."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import onnx
from msgspec import Struct, field
from onnx import TensorProto, helper, numpy_helper

TINY = {
    "logrows": 8,
    "num_inner_cols": 1,
    "decomp_base": 128,
    "decomp_legs": 4,
    "lookup_range": (0, 0),
    "input_scale": 7,
    "param_scale": 7,
}
"""Of every circuit, with what it says otherwise."""


class GasCircuit(Struct, frozen=True, kw_only=True):
    """A model, the run args that differ from :data:`TINY`, and whether its inputs are negative."""

    name: str
    model: Callable[[], onnx.ModelProto]
    run_args: dict[str, Any] = field(default_factory=dict)
    negative: bool = False


def _model(
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[tuple[str, Sequence[int]]],
    outputs: Sequence[tuple[str, Sequence[int]]],
    weights: dict[str, np.ndarray],
) -> onnx.ModelProto:
    graph = helper.make_graph(
        list(nodes),
        "gas",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)) for name, shape in inputs],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)) for name, shape in outputs],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _weights(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, size=shape).astype(np.float32)


def dense(*sizes: int, rows: int = 1) -> onnx.ModelProto:
    """Matrix products with a ReLU between any two."""
    nodes, last = [], "x"
    for layer in range(len(sizes) - 1):
        if layer:
            nodes.append(helper.make_node("Relu", [last], [f"r{layer}"]))
            last = f"r{layer}"
        nodes.append(helper.make_node("MatMul", [last, f"w{layer}"], [f"y{layer}"]))
        last = f"y{layer}"
    weights = {f"w{layer}": _weights(*sizes[layer : layer + 2]) for layer in range(len(sizes) - 1)}
    return _model(nodes, [("x", [rows, sizes[0]])], [(last, [rows, sizes[-1]])], weights)


def elementwise(*operators: str, width: int = 3) -> onnx.ModelProto:
    """Operators one after another."""
    names = ["x", *(f"y{index}" for index in range(len(operators)))]
    nodes = [
        helper.make_node(operator, [names[index]], [names[index + 1]])
        for index, operator in enumerate(operators)
    ]
    return _model(nodes, [("x", [1, width])], [(names[-1], [1, width])], {})


def product(*shape: int) -> onnx.ModelProto:
    """Two inputs multiplied as matrices of (rows, inner, columns): Freivalds' argument unless it is off."""
    rows, inner, columns = shape
    node = helper.make_node("MatMul", ["x", "y"], ["z"])
    return _model([node], [("x", [rows, inner]), ("y", [inner, columns])], [("z", [rows, columns])], {})


def pooled(size: int = 4) -> onnx.ModelProto:
    """The largest of each square of four: sorted, which is a shuffle."""
    node = helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=[2, 2], strides=[2, 2])
    return _model([node], [("x", [1, 1, size, size])], [("y", [1, 1, size // 2, size // 2])], {})


def gathered(width: int = 4) -> onnx.ModelProto:
    """A value by the place of the largest: a dynamic lookup."""
    nodes = [
        helper.make_node("ArgMax", ["x"], ["i"], axis=1, keepdims=0),
        helper.make_node("Gather", ["x", "i"], ["y"], axis=1),
    ]
    return _model(nodes, [("x", [1, width])], [("y", [1, 1])], {})


def sorted_values(width: int = 4) -> onnx.ModelProto:
    """The two largest values."""
    node = helper.make_node("TopK", ["x", "k"], ["y", "i"], axis=1)
    return _model([node], [("x", [1, width])], [("y", [1, 2])], {"k": np.array([2], dtype=np.int64)})


def softmax(width: int = 3) -> onnx.ModelProto:
    """Exponentials, their sum, and quotients."""
    return _model(
        [helper.make_node("Softmax", ["x"], ["y"], axis=1)], [("x", [1, width])], [("y", [1, width])], {}
    )


def convolution(channels: int = 2, size: int = 6) -> onnx.ModelProto:
    """A convolution of 3 x 3 and a ReLU."""
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], kernel_shape=[3, 3], strides=[1, 1]),
        helper.make_node("Relu", ["c"], ["y"]),
    ]
    out = size - 2
    weights = {"w": _weights(channels, 1, 3, 3)}
    return _model(nodes, [("x", [1, 1, size, size])], [("y", [1, channels, out, out])], weights)


_LOOKUP = {"lookup_range": (-1000, 1000), "logrows": 11}
_WIDE = {"lookup_range": (-1000, 1000), "logrows": 9}
_FUNCTIONS = ("Sigmoid", "Tanh", "Sin", "Cos", "Erf", "Atan", "Sinh", "Asinh")


def _dense() -> Iterator[GasCircuit]:
    """One area of columns: blocks, inner columns and rows; the base of the decomposition sets the tables."""
    yield GasCircuit(name="dense-k8", model=lambda: dense(3, 2))
    yield GasCircuit(
        name="dense-k9-negative", model=lambda: dense(6, 4), run_args={"logrows": 9}, negative=True
    )
    for inner in (2, 3, 4, 5, 6):
        yield GasCircuit(
            name=f"dense-k8-c{inner}", model=lambda: dense(4, 3), run_args={"num_inner_cols": inner}
        )
    yield GasCircuit(
        name="dense-k10-c2", model=lambda: dense(8, 4), run_args={"logrows": 10, "num_inner_cols": 2}
    )
    base = {"decomp_base": 16, "decomp_legs": 6}
    yield GasCircuit(name="dense-k6", model=lambda: dense(2, 2), run_args={**base, "logrows": 6})
    yield GasCircuit(
        name="dense-k7-c2", model=lambda: dense(2, 2), run_args={**base, "logrows": 7, "num_inner_cols": 2}
    )
    yield GasCircuit(name="blocks-k8", model=lambda: dense(12, 8, 4))
    yield GasCircuit(name="blocks-k8-more", model=lambda: dense(12, 12, 8, 4))
    yield GasCircuit(name="blocks-k8-c2", model=lambda: dense(12, 12, 8, 4), run_args={"num_inner_cols": 2})
    yield GasCircuit(
        name="blocks-k9-c2", model=lambda: dense(16, 16, 12, 4), run_args={"logrows": 9, "num_inner_cols": 2}
    )
    yield GasCircuit(
        name="blocks-k9-c4", model=lambda: dense(16, 12, 4), run_args={"logrows": 9, "num_inner_cols": 4}
    )
    yield GasCircuit(
        name="instances-k11-c2", model=lambda: dense(100, 3), run_args={"logrows": 11, "num_inner_cols": 2}
    )
    yield GasCircuit(
        name="instances-k11-c2-negative",
        model=lambda: dense(200, 3),
        run_args={"logrows": 11, "num_inner_cols": 2},
        negative=True,
    )
    yield GasCircuit(
        name="convolution-k10-c2", model=convolution, run_args={"logrows": 10, "num_inner_cols": 2}
    )
    yield GasCircuit(name="convolution-k11", model=lambda: convolution(3, 8), run_args={"logrows": 11})
    yield GasCircuit(
        name="no-freivalds-k9",
        model=lambda: product(4, 4, 4),
        run_args={"logrows": 9, "disable_freivalds": True},
    )


def _public_values() -> Iterator[GasCircuit]:
    """Memory grows with the public values, and its price with the square of it."""
    for width, logrows in ((500, 12), (2_000, 14), (4_000, 15), (8_000, 16)):
        run_args = {"logrows": logrows, "num_inner_cols": 2, "decomp_base": 16384, "decomp_legs": 2}
        yield GasCircuit(
            name=f"values{2 * width}-k{logrows}-c2",
            model=lambda width=width: elementwise("Neg", width=width),
            run_args={**run_args, "ignore_range_check_inputs_outputs": True},
        )


def _visibilities() -> Iterator[GasCircuit]:
    yield GasCircuit(name="private-k8", model=lambda: dense(3, 2), run_args={"input_visibility": "private"})
    yield GasCircuit(
        name="params-private-k8", model=lambda: dense(3, 2), run_args={"param_visibility": "private"}
    )
    yield GasCircuit(
        name="polycommit-k8", model=lambda: dense(3, 2), run_args={"input_visibility": "polycommit"}
    )
    both = {"input_visibility": "polycommit", "output_visibility": "polycommit"}
    yield GasCircuit(
        name="polycommit-both-k9-c2",
        model=lambda: dense(3, 2),
        run_args={**both, "logrows": 9, "num_inner_cols": 2},
    )
    params = {"param_visibility": "polycommit", "logrows": 9, "num_inner_cols": 2}
    yield GasCircuit(name="polycommit-params-k9-c2", model=lambda: dense(20, 16), run_args=params)
    for inner in (1, 2, 3):
        hashed = {"input_visibility": "hashed", "logrows": 11, "num_inner_cols": inner}
        yield GasCircuit(name=f"hashed-k11-c{inner}", model=lambda: dense(3, 2), run_args=hashed)
    hashed = {"input_visibility": "hashed/public", "output_visibility": "hashed/public", "logrows": 11}
    yield GasCircuit(name="hashed-both-k11", model=lambda: dense(3, 2), run_args=hashed)


def _tables() -> Iterator[GasCircuit]:
    """Static lookups, some over several columns, and dynamic ones."""
    for count, inner in ((1, 1), (3, 1), (6, 1), (1, 2), (2, 2), (4, 2), (7, 2), (2, 3)):
        lookups = {**_LOOKUP, "num_inner_cols": inner}
        functions = _FUNCTIONS[:count]
        yield GasCircuit(
            name=f"lookups{count}-k11-c{inner}",
            model=lambda functions=functions: elementwise(*functions),
            run_args=lookups,
        )
    for count, inner, logrows in ((1, 1, 9), (2, 2, 9), (1, 2, 10), (2, 1, 10)):
        wide = {**_WIDE, "num_inner_cols": inner, "logrows": logrows}
        functions = _FUNCTIONS[:count]
        yield GasCircuit(
            name=f"wide{count}-k{logrows}-c{inner}",
            model=lambda functions=functions: elementwise(*functions),
            run_args=wide,
        )
    yield GasCircuit(name="wide-range-k6", model=lambda: dense(2, 2), run_args={"logrows": 6})
    yield GasCircuit(
        name="wide-range-k7-c2", model=lambda: dense(2, 2), run_args={"logrows": 7, "num_inner_cols": 2}
    )
    yield GasCircuit(name="softmax-k11", model=softmax, run_args=_LOOKUP)
    yield GasCircuit(name="softmax-k11-c2", model=softmax, run_args={**_LOOKUP, "num_inner_cols": 2})
    for inner in (1, 2, 3):
        run_args = {"logrows": 9, "num_inner_cols": inner}
        yield GasCircuit(name=f"max-pool-k9-c{inner}", model=pooled, run_args=run_args)
        yield GasCircuit(name=f"gather-k9-c{inner}", model=gathered, run_args=run_args)
    yield GasCircuit(name="top-k-k9", model=sorted_values, run_args={"logrows": 9})


def _freivalds() -> Iterator[GasCircuit]:
    for shape, logrows, inner in (
        ((4, 4, 4), 8, 1), ((5, 6, 4), 9, 2), ((3, 3, 3), 9, 1), ((3, 3, 3), 10, 1), ((3, 4, 2), 11, 1),
        ((3, 3, 3), 10, 2), ((4, 4, 4), 11, 2), ((2, 5, 3), 10, 3),
    ):  # fmt: skip
        yield GasCircuit(
            name=f"freivalds{'x'.join(map(str, shape))}-k{logrows}-c{inner}",
            model=lambda shape=shape: product(*shape),
            run_args={"logrows": logrows, "num_inner_cols": inner},
        )


CIRCUITS: tuple[GasCircuit, ...] = (*_dense(), *_public_values(), *_visibilities(), *_tables(), *_freivalds())
"""What ``tests/pricing/evm_runs.jsonl`` was recorded from."""
