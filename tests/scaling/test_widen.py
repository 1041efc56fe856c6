"""A widened model has the circuit of the same architecture built at that width."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper

from auditor.model import read
from auditor.scaling import CannotScale, widen
from samples.graphs import bert_base, gpt2, llama, mobilenet_v2, resnet50
from samples.graphs.graph import Graph
from tests.scaling.building import (
    FLOAT,
    batch_normalised,
    circuit,
    cnn,
    dynamic_transformer,
    loaded,
    mlp,
    shapes,
)

SAMPLES = sorted(Path(__file__).parents[2].glob("samples/*/model.onnx"))
SMALL: dict[str, Any] = {"layers": 2, "hidden": 16, "heads": 2, "vocabulary": 32, "sequence": 4}


def llama_of(hidden: int) -> onnx.ModelProto:
    return llama.llama(llama.Config(**{**SMALL, "hidden": hidden}, intermediate=hidden * 3 // 2))


def gpt2_of(hidden: int) -> onnx.ModelProto:
    return gpt2.gpt2(gpt2.Config(**{**SMALL, "hidden": hidden}, positions=16))


def gru(width: int) -> onnx.ModelProto:
    """Steps of a GRU from a state of zeros, whose last state is classified."""
    graph = Graph(weights=False)
    shapes_of = {"w": (1, 3 * width, 3), "r": (1, 3 * width, width), "b": (1, 6 * width)}
    weights = [graph.weight(name, *shape) for name, shape in shapes_of.items()]
    graph.constant("state", np.zeros((1, 1, width)))
    graph.nodes.append(
        helper.make_node(
            "GRU", ["x", *weights, "", "state"], ["", "last"], hidden_size=width, linear_before_reset=1
        )
    )
    graph.constant("axis", [0], np.int64)
    y = graph.gemm(graph.add("Squeeze", "last", "axis", name="flat"), "y", width, 2)
    return graph.model("gru", {"x": (FLOAT, [5, 1, 3])}, {y: [1, 2]})


def grouped() -> onnx.ModelProto:
    """A convolution in two groups, of two channels."""
    graph = Graph(weights=False)
    x = graph.conv(graph.conv("x", "c", 1, 4, kernel=3), "g", 4, 2, kernel=3, groups=2)
    y = graph.conv(x, "y", 2, 1, kernel=3)
    return graph.model("grouped", {"x": (FLOAT, [1, 1, 4, 4])}, {y: [1, 1, 4, 4]})


@pytest.mark.parametrize(
    "build",
    [llama_of, gpt2_of, gru, cnn, batch_normalised, lambda w: mlp(3, w, 2 * w, 2), dynamic_transformer],
    ids=["llama", "gpt2", "gru", "cnn", "batch_norm", "mlp", "dynamic_transformer"],
)  # fmt: skip
@pytest.mark.parametrize(("width", "factor"), [(16, Fraction(1)), (16, Fraction(2)), (32, Fraction(3, 2))])
def test_the_circuit_is_that_of_the_architecture_at_that_width(
    build: Callable[[int], onnx.ModelProto], width: int, factor: Fraction
) -> None:
    dims = {"sequence": 4} if build is dynamic_transformer else {}
    model = loaded(build(width), **dims)
    wider = widen(model, shapes(model), factor)
    assert circuit(wider) == circuit(loaded(build(int(width * factor)), **dims))


def scaled_source(
    module: ModuleType, name: str, replaced: dict[str, str]
) -> Callable[[Any], onnx.ModelProto]:
    """A function of a module with other numbers in it."""
    source = inspect.getsource(getattr(module, name))
    for old, new in replaced.items():
        assert old in source
        source = source.replace(old, new)
    namespace = dict(vars(module))
    exec(source, namespace)
    return namespace[name]  # type: ignore[no-any-return]


def test_resnet50_of_half_the_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resnet50, "STAGES", ((16, 2, 1), (32, 2, 2)))
    model = loaded(resnet50.resnet50(resnet50.Config(size=16, classes=5)))
    narrow = widen(model, shapes(model), Fraction(1, 2))
    monkeypatch.setattr(resnet50, "STAGES", ((8, 2, 1), (16, 2, 2)))
    build = scaled_source(resnet50, "resnet50", {"3, 64": "3, 32", "channels = 64": "channels = 32"})
    assert circuit(narrow) == circuit(loaded(build(resnet50.Config(size=16, classes=5))))


def test_mobilenet_v2_of_twice_the_width(monkeypatch: pytest.MonkeyPatch) -> None:
    config = mobilenet_v2.Config(size=8, classes=5)
    monkeypatch.setattr(mobilenet_v2, "STAGES", ((1, 8, 1, 1), (6, 8, 2, 2)))
    monkeypatch.setattr(mobilenet_v2, "FIRST", 8)
    monkeypatch.setattr(mobilenet_v2, "LAST", 16)
    model = loaded(mobilenet_v2.mobilenet_v2(config))
    wider = widen(model, shapes(model), Fraction(2))
    monkeypatch.setattr(mobilenet_v2, "STAGES", ((1, 16, 1, 1), (6, 16, 2, 2)))
    monkeypatch.setattr(mobilenet_v2, "FIRST", 16)
    monkeypatch.setattr(mobilenet_v2, "LAST", 32)
    assert circuit(wider) == circuit(loaded(mobilenet_v2.mobilenet_v2(config)))
    groups = {node.attributes["group"] for node in wider.graph.nodes if node.op_type == "Conv"}
    assert groups == {1, 16, 96}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.parent.name)
def test_samples_keep_their_circuit_at_one_and_grow_at_two(path: Path) -> None:
    model = read(path).model
    known = shapes(model)
    own = circuit(model)
    assert circuit(widen(model, known, Fraction(1))) == own
    wider = widen(model, known, Fraction(2))
    assert circuit(wider)["num_rows"] > 1.5 * own["num_rows"]
    assert [info.shape for info in wider.graph.outputs] == [info.shape for info in model.graph.outputs]


def test_weights_lose_their_values_where_their_shape_changes_and_only_there() -> None:
    model = loaded(batch_normalised(4))
    wider = widen(model, shapes(model), Fraction(2))
    weights = wider.graph.initializers
    assert weights["w0"].shape == (8, 1, 3, 3)
    assert weights["w0"].load is None
    assert weights["by"].load is not None
    same = widen(model, shapes(model), Fraction(1))
    assert all(data.load is not None for data in same.graph.initializers.values())


def test_what_is_tied_to_an_output_keeps_its_width() -> None:
    """BERT gives its hidden state away: only what lies between is widened."""
    model = loaded(bert_base.bert_base(bert_base.Config(**SMALL, intermediate=24, positions=16)))
    wider = widen(model, shapes(model), Fraction(2))
    assert wider.graph.outputs == model.graph.outputs
    grown = {
        n: d.shape
        for n, d in wider.graph.initializers.items()
        if d.shape != model.graph.initializers.get(n, d).shape
    }
    assert grown["layer.0.intermediate.weight"] == (16, 48)
    assert grown["layer.1.attention.value.weight"] == (16, 32)
    assert "word_embeddings.weight" not in grown
    assert circuit(wider)["model_instance_shapes"] == circuit(model)["model_instance_shapes"]


@pytest.mark.parametrize(
    ("proto", "factor", "reason"),
    [
        (mlp(3, 2), Fraction(2), "no width is hidden"),
        (mlp(3, 5, 2), Fraction(3, 2), "width of 5 times 3/2 is no whole number"),
        (mlp(3, 5, 2), Fraction(0), "0 times as wide"),
        (grouped(), Fraction(1, 2), "'g/Conv' cannot share its channels among 2 groups"),
    ],
)
def test_what_has_no_wider_form_is_refused(proto: onnx.ModelProto, factor: Fraction, reason: str) -> None:
    model = loaded(proto)
    with pytest.raises(CannotScale, match=reason):
        widen(model, shapes(model), factor)


def test_what_joins_an_input_and_a_width_grows_by_the_width_alone() -> None:
    graph = Graph(weights=False)
    both = graph.add("Concat", "x", graph.gemm("x", "h", 3, 5), name="both", axis=1)
    graph.add("Add", both, graph.add("Relu", graph.gemm("x", "g", 3, 8), name="r"), name="sum")
    y = graph.gemm("sum", "y", 8, 2)
    model = loaded(graph.model("g", {"x": (FLOAT, [1, 3])}, {y: [1, 2]}))
    wider = widen(model, shapes(model), Fraction(2))
    assert wider.graph.initializers["g.weight"].shape == (13, 3), "5 of 8 are hidden: they become 10"
    assert circuit(wider)["num_rows"] > circuit(model)["num_rows"]


def test_a_width_that_would_have_two_sizes_is_refused_at_the_node() -> None:
    graph = Graph(weights=False)
    both = graph.add("Concat", "x", graph.gemm("x", "h", 3, 5), name="both", axis=1)
    free = graph.add("Concat", "h", graph.gemm("h", "m", 5, 3), name="free", axis=1)
    y = graph.gemm(graph.add("Add", both, free, name="knot"), "y", 8, 2)
    model = loaded(graph.model("g", {"x": (FLOAT, [1, 3])}, {y: [1, 2]}))
    with pytest.raises(CannotScale, match="Concat 'free/Concat' would need the sizes 16 and 13 to be one"):
        widen(model, shapes(model), Fraction(2))


def test_an_operator_without_a_rule_is_named() -> None:
    node = helper.make_node("NonZero", ["h"], ["z"], name="where")
    graph = Graph(weights=False)
    graph.gemm("x", "h", 3, 5)
    graph.nodes.append(node)
    y = graph.gemm("h", "y", 5, 2)
    model = loaded(graph.model("g", {"x": (FLOAT, [1, 3])}, {y: [1, 2]}))
    known = {"x": (1, 3), "h": (1, 5), "z": (2, 5), "y": (1, 2)}
    with pytest.raises(CannotScale, match="NonZero 'where'") as refusal:
        widen(model, known, Fraction(2))
    assert refusal.value.node == "where"
    assert refusal.value.hint
