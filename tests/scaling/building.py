"""Models built at a size, and what is compared of their circuits."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from msgspec.structs import fields
from onnx import TensorProto, helper, numpy_helper

from auditor.circuit import RunArgs
from auditor.layout import lay_out
from auditor.lowering import lower
from auditor.model import Model, read
from auditor.value_shapes import value_shapes
from samples.graphs.graph import Graph

FLOAT = TensorProto.FLOAT

_OPEN = {"layers", "total_const_size", "total_const_size_bounds"}
"""What names its nodes, or is a span where weights have no values."""


def loaded(proto: onnx.ModelProto, **dims: int) -> Model:
    """The model as the reader gives it, bound."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "model.onnx")
        path.write_bytes(proto.SerializeToString())
        return read(path, dims=dims).model


def circuit(model: Model) -> dict[str, Any]:
    """Every size of the circuit; without the spans, rows and tables among them are exact."""
    size = lay_out(lower(model, RunArgs()).circuit)
    return {item.name: getattr(size, item.name) for item in fields(size) if item.name not in _OPEN}


def shapes(model: Model) -> Mapping[str, tuple[int, ...]]:
    return value_shapes(model)


def mlp(*widths: int) -> onnx.ModelProto:
    """Gemm and Relu from width to width."""
    graph = Graph(weights=False)
    x = "x"
    for number, (before, after) in enumerate(pairwise(widths)):
        x = graph.gemm(x, f"fc{number}", before, after)
        if number < len(widths) - 2:
            x = graph.add("Relu", x, name=f"relu{number}")
    return graph.model("mlp", {"x": (FLOAT, [1, widths[0]])}, {x: [1, widths[-1]]})


def cnn(width: int, *, classes: int = 3) -> onnx.ModelProto:
    """Plain, grouped and depthwise convolutions, squeeze-and-excitation, a pool, two dense layers."""
    graph = Graph(weights=False)
    x = graph.add("Relu", graph.conv("x", "c1", 1, width, kernel=3), name="r1")
    x = graph.conv(x, "depthwise", width, 2 * width, kernel=3, groups=width)
    x = graph.conv(x, "grouped", 2 * width, width, kernel=3, groups=2)
    pooled = graph.add("GlobalAveragePool", x, name="squeezed")
    small = graph.add("Relu", graph.conv(pooled, "c2", width, width // 2, kernel=1), name="r2")
    gate = graph.add("Sigmoid", graph.conv(small, "c3", width // 2, width, kernel=1), name="gate")
    x = graph.add("Mul", x, gate, name="excited")
    both = graph.add("Concat", "x", graph.conv(x, "c4", width, width, kernel=3), name="both", axis=1)
    x = graph.max_pool(graph.conv(both, "c5", width + 1, width, kernel=3), "pool", kernel=2, stride=2)
    x = graph.add("Flatten", x, name="flat", axis=1)
    x = graph.gemm(
        graph.add("Relu", graph.gemm(x, "f1", 16 * width, 2 * width), name="r3"), "y", 2 * width, classes
    )
    return graph.model("cnn", {"x": (FLOAT, [1, 1, 8, 8])}, {x: [1, classes]})


def batch_normalised(width: int, *, blocks: int = 1) -> onnx.ModelProto:
    """Convolutions with a batch normalisation of their own, all values in the file."""
    rng, nodes, tensors = np.random.default_rng(0), [], []

    def add(op: str, x: str, weights: Mapping[str, np.ndarray], **attributes: Any) -> str:
        tensors.extend(numpy_helper.from_array(v.astype(np.float32), name) for name, v in weights.items())
        nodes.append(
            helper.make_node(op, [x, *weights], [f"v{len(nodes)}"], name=f"n{len(nodes)}", **attributes)
        )
        return f"v{len(nodes) - 1}"

    x, channels = "x", 1
    for block in range(blocks + 1):
        x = add(
            "Conv",
            x,
            {f"w{block}": rng.normal(size=(width, channels, 3, 3))},
            pads=[1, 1, 1, 1],
            strides=[1, 1],
        )
        kinds = ("scale", "bias", "mean", "var")
        x = add("BatchNormalization", x, {f"{kind}{block}": rng.uniform(0.5, 2, width) for kind in kinds})
        x = add("Relu", x, {})
        channels = width
    x = add("Flatten", add("GlobalAveragePool", x, {}), {}, axis=1)
    x = add("Gemm", x, {"wy": rng.normal(size=(width, 3)), "by": rng.normal(size=3)})
    inputs = [helper.make_tensor_value_info("x", FLOAT, [1, 1, 4, 4])]
    outputs = [helper.make_tensor_value_info(x, FLOAT, [1, 3])]
    graph = helper.make_graph(nodes, "bn", inputs, outputs, tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def dynamic_transformer(
    width: int, *, heads: int = 2, layers: int = 1, positions: int = 16, batch: int | str = "batch",
    length: int | str = "sequence",
) -> onnx.ModelProto:  # fmt: skip
    """As PyTorch exports it with open sizes: heads are cut by Shape, Gather, Concat and Reshape, positions
    are the first rows of a table, and the causal mask is cut from a larger one."""
    graph = Graph(weights=False)
    graph.constant("one", 1, np.int64)
    for name, values in {"zero": 0, "first": [0], "last": [3], "axis1": [1], "heads": [heads]}.items():
        graph.constant(name, values, np.int64)
    graph.constant("head_width", [width // heads], np.int64)
    graph.constant("width", [width], np.int64)
    graph.constant("batch_axis", [2], np.int64)
    graph.constant("root", np.sqrt(width // heads))
    graph.constant("masked", -100.0)
    graph.constant("causal", np.tril(np.ones((1, 1, positions, positions))), np.bool_)
    x = graph.linear("x", "embed", 3, width)
    length_of = _size(graph, x, "one")
    rows = graph.add(
        "Slice",
        graph.weight("positions.weight", 1, positions, width),
        "first",
        length_of,
        "axis1",
        name="rows",
    )
    x = graph.add("Add", x, rows, name="placed")
    for number in range(layers):
        x = _attended(graph, x, f"l{number}", width)
    x = graph.add("ReduceMean", x, name="mean", axes=[1], keepdims=0)
    y = graph.gemm(x, "y", width, 2)
    return graph.model("dynamic", {"x": (FLOAT, [batch, length, 3])}, {y: [batch, 2]})


def _size(graph: Graph, x: str, axis: str) -> str:
    name = f"{x}.{axis}"
    size = graph.add("Gather", graph.add("Shape", x, name=f"{name}.shape"), axis, name=f"{name}.size", axis=0)
    return graph.add("Unsqueeze", size, "first", name=name)


def _attended(graph: Graph, x: str, name: str, width: int) -> str:
    normal = graph.layer_norm(x, f"{name}.norm", width, 1e-5)
    batch, length = _size(graph, normal, "zero"), _size(graph, normal, "one")
    cut = graph.add("Concat", batch, length, "heads", "head_width", name=f"{name}.cut", axis=0)
    parts = {"q": [0, 2, 1, 3], "k": [0, 2, 3, 1], "v": [0, 2, 1, 3]}
    q, k, v = (_head(graph, normal, f"{name}.{part}", cut, width, perm) for part, perm in parts.items())
    scores = graph.add("Div", graph.add("MatMul", q, k, name=f"{name}.scores"), "root", name=f"{name}.scaled")
    mask = graph.add("Slice", "causal", "first", length, "batch_axis", name=f"{name}.mask_rows")
    mask = graph.add("Slice", mask, "first", length, "last", name=f"{name}.mask")
    shares = graph.add(
        "Softmax",
        graph.add("Where", mask, scores, "masked", name=f"{name}.seen"),
        name=f"{name}.shares",
        axis=-1,
    )
    mixed = graph.add(
        "Transpose",
        graph.add("MatMul", shares, v, name=f"{name}.mixed"),
        name=f"{name}.turned",
        perm=[0, 2, 1, 3],
    )
    joined = graph.add("Concat", batch, length, "width", name=f"{name}.join", axis=0)
    mixed = graph.add("Reshape", mixed, joined, name=f"{name}.joined")
    return graph.add("Add", x, graph.linear(mixed, f"{name}.o", width, width), name=f"{name}.out")


def _head(graph: Graph, x: str, name: str, cut: str, width: int, perm: list[int]) -> str:
    split = graph.add("Reshape", graph.linear(x, name, width, width), cut, name=f"{name}.cut")
    return graph.add("Transpose", split, name=f"{name}.heads", perm=perm)


def masked(length: int, *, width: int = 8, layers: int = 1) -> onnx.ModelProto:
    """Token ids and a mask of those to look at, as in BERT; the first token is classified."""
    graph = Graph(weights=False)
    for name, values in {"axis1": [1], "axis2": [2], "first": 0}.items():
        graph.constant(name, values, np.int64)
    graph.constant("one", 1.0)
    graph.constant("far", -100.0)
    graph.head_shapes(length, width, 2)
    x = graph.add("Gather", graph.weight("words.weight", 10, width), "ids", name="embedded", axis=0)
    mask = graph.add("Unsqueeze", graph.add("Unsqueeze", "mask", "axis1", name="m1"), "axis2", name="m2")
    mask = graph.add("Mul", graph.add("Sub", "one", mask, name="m3"), "far", name="m4")
    for number in range(layers):
        name = f"l{number}"
        q, k, v = (graph.linear(x, f"{name}.{part}", width, width) for part in "qkv")
        scores = graph.add("MatMul", graph.heads(q), graph.heads(k, perm=(0, 2, 3, 1)), name=f"{name}.scores")
        scores = graph.add("Div", scores, "root_head_width", name=f"{name}.scaled")
        seen = graph.add("Add", scores, mask, name=f"{name}.seen")
        shares = graph.add("Softmax", seen, name=f"{name}.shares", axis=-1)
        mixed = graph.merged(graph.add("MatMul", shares, graph.heads(v), name=f"{name}.mixed"), name)
        x = graph.add("Add", x, graph.linear(mixed, f"{name}.o", width, width), name=f"{name}.out")
    y = graph.gemm(graph.add("Gather", x, "first", name="token", axis=1), "y", width, 2)
    inputs = {"ids": (TensorProto.INT64, [1, length]), "mask": (FLOAT, [1, length])}
    return graph.model("masked", inputs, {y: [1, 2]})
