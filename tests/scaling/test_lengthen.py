"""A lengthened model has the circuit of the same architecture built for that length."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from auditor.model import read
from auditor.scaling import CannotScale, lengthen
from samples.graphs import bert_base, gpt2, llama
from samples.graphs.graph import Graph
from tests.scaling.building import FLOAT, circuit, cnn, dynamic_transformer, loaded, masked, mlp, shapes

SAMPLES = Path(__file__).parents[2] / "samples"
SMALL: dict[str, Any] = {"hidden": 16, "heads": 2, "vocabulary": 32, "layers": 2}


def gru(steps: int) -> onnx.ModelProto:
    graph = Graph(weights=False)
    weights = [graph.weight("w", 1, 12, 3), graph.weight("r", 1, 12, 4), graph.weight("b", 1, 24)]
    node = helper.make_node("GRU", ["x", *weights], ["", "last"], hidden_size=4, linear_before_reset=1)
    graph.nodes.append(node)
    graph.constant("axis", [0], np.int64)
    y = graph.gemm(graph.add("Squeeze", "last", "axis", name="flat"), "y", 4, 2)
    return graph.model("gru", {"x": (FLOAT, [steps, 1, 3])}, {y: [1, 2]})


def conv1d(length: int) -> onnx.ModelProto:
    """Convolutions along time, one of stride two, and the mean over what is left."""
    graph = Graph(weights=False)
    weights = [graph.weight("c1.weight", 4, 2, 3), graph.weight("c1.bias", 4)]
    window = {"kernel_shape": [3], "strides": [1], "pads": [1, 1]}
    x = graph.add("Relu", graph.add("Conv", "x", *weights, name="c1", **window), name="r")
    weights = [graph.weight("c2.weight", 4, 4, 3), graph.weight("c2.bias", 4)]
    x = graph.add("Conv", x, *weights, name="c2", **{**window, "strides": [2], "pads": [0, 0]})
    y = graph.gemm(graph.add("ReduceMean", x, name="mean", axes=[2], keepdims=0), "y", 4, 2)
    return graph.model("conv1d", {"x": (FLOAT, [1, 2, length])}, {y: [1, 2]})


LONG: dict[str, Callable[[int], onnx.ModelProto]] = {
    "llama": lambda n: llama.llama(llama.Config(**SMALL, sequence=n, intermediate=24)),
    "gpt2": lambda n: gpt2.gpt2(gpt2.Config(**SMALL, sequence=n, positions=32)),
    "bert": lambda n: bert_base.bert_base(
        bert_base.Config(**SMALL, sequence=n, intermediate=24, positions=32)
    ),
    "fixed_transformer": lambda n: dynamic_transformer(8, batch=1, length=n, positions=32),
    "masked": masked,
    "gru": gru,
    "conv1d": conv1d,
}


@pytest.mark.parametrize("name", LONG)
@pytest.mark.parametrize(("length", "factor"), [(5, 1), (5, 2), (4, 3)])
def test_the_circuit_is_that_of_the_architecture_at_that_length(name: str, length: int, factor: int) -> None:
    model = loaded(LONG[name](length))
    longer = lengthen(model, shapes(model), factor)
    assert circuit(longer) == circuit(loaded(LONG[name](length * factor)))


def test_a_named_size_is_bound_anew() -> None:
    model = loaded(dynamic_transformer(8), sequence=4)
    longer = lengthen(model, shapes(model), 3)
    assert longer.bound == {"batch": 1, "sequence": 12}
    assert longer.graph.inputs[0].declared == ("batch", "sequence", 3)
    assert circuit(longer) == circuit(loaded(dynamic_transformer(8), sequence=12))
    assert circuit(lengthen(model, shapes(model), 3, "sequence")) == circuit(longer)


def test_tables_of_positions_grow_where_they_are_too_short() -> None:
    model = loaded(dynamic_transformer(8, positions=6), sequence=4)
    longer = lengthen(model, shapes(model), 2)
    assert longer.graph.initializers["positions.weight"].shape == (1, 8, 8)
    assert longer.graph.initializers["positions.weight"].load is None
    causal = longer.graph.initializers["causal"]
    assert causal.load is not None
    assert np.array_equal(causal.load(), np.tril(np.ones((1, 1, 8, 8), np.bool_)))
    assert circuit(longer) == circuit(loaded(dynamic_transformer(8, positions=8), sequence=8))


@pytest.mark.parametrize("name", ["digits_gru", "digits_transformer"])
def test_samples_with_a_sequence(name: str) -> None:
    model = read(SAMPLES / name / "model.onnx").model
    known = shapes(model)
    own = circuit(model)
    assert circuit(lengthen(model, known, 1)) == own
    longer = lengthen(model, known, 2)
    axis = 0 if name == "digits_gru" else 1
    assert longer.graph.inputs[0].shape[axis] == 2 * model.graph.inputs[0].shape[axis]  # type: ignore
    assert circuit(longer)["num_rows"] > 1.9 * own["num_rows"]


def test_positions_count_on_and_keep_their_type() -> None:
    model = loaded(LONG["gpt2"](4))
    ids = lengthen(model, shapes(model), 2).graph.initializers["position_ids"]
    assert ids.load is not None
    assert ids.load().tolist() == [list(range(8))]
    assert ids.load().dtype == np.int64


@pytest.mark.parametrize(
    ("proto", "dims", "symbol", "reason"),
    [
        (mlp(3, 4, 2), {}, None, "no axis is certainly a sequence"),
        (cnn(4), {}, None, "no axis is certainly a sequence"),
        (dynamic_transformer(8), {"sequence": 1}, None, "has length 1"),
        (dynamic_transformer(8), {"sequence": 4}, "tokens", "no input has an open size called 'tokens'"),
        (dynamic_transformer(8), {"sequence": 4}, "batch", "has length 1"),
    ],
)
def test_what_is_no_sequence_is_refused(
    proto: onnx.ModelProto, dims: dict[str, int], symbol: str | None, reason: str
) -> None:
    model = loaded(proto, **dims)
    with pytest.raises(CannotScale, match=reason):
        lengthen(model, shapes(model), 2, symbol)


def test_a_batch_is_no_sequence() -> None:
    """Rows that never meet are many inputs, and not one long one."""
    graph = Graph(weights=False)
    y = graph.linear(graph.add("Relu", graph.linear("x", "h", 3, 4), name="r"), "y", 4, 2)
    model = loaded(graph.model("g", {"x": (FLOAT, [6, 3])}, {y: [6, 2]}))
    with pytest.raises(CannotScale, match="no axis is certainly a sequence"):
        lengthen(model, shapes(model), 2)


def test_several_named_sizes_have_to_be_told_apart() -> None:
    graph = Graph(weights=False)
    graph.add("MatMul", "x", "z", name="y")
    proto = graph.model(
        "g", {"x": (FLOAT, ["rows", "seq"]), "z": (FLOAT, ["seq", "words"])}, {"y": [None, None]}
    )
    model = loaded(proto, rows=2, seq=3, words=4)
    with pytest.raises(CannotScale, match="several sizes have names: seq, words"):
        lengthen(model, shapes(model), 2)
    longer = lengthen(model, shapes(model), 2, "seq")
    assert [info.shape for info in longer.graph.inputs] == [(2, 6), (6, 4)]


def test_the_depth_of_an_index_is_no_length() -> None:
    """The last axis of the indices of ScatterND says how many axes they name."""
    graph = Graph(weights=False)
    graph.add("ScatterND", "x", "at", "new", name="y")
    inputs = {"x": (FLOAT, [3, 2]), "new": (FLOAT, [1]), "at": (TensorProto.INT64, [1, 2])}
    model = loaded(graph.model("g", inputs, {"y": [3, 2]}))
    with pytest.raises(CannotScale, match="ScatterND 'y/ScatterND' would need another size for what is 2"):
        lengthen(model, shapes(model), 2)
