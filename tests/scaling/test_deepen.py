"""A deepened model has the circuit of the same architecture built with that many layers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest

from auditor.model import read
from auditor.scaling import CannotScale, deepen
from samples.graphs import bert_base, gpt2, llama, mobilenet_v2, resnet50
from samples.graphs.graph import Graph
from tests.scaling.building import (
    FLOAT,
    batch_normalised,
    circuit,
    dynamic_transformer,
    loaded,
    masked,
    mlp,
    shapes,
)

SAMPLES = Path(__file__).parents[2] / "samples"
SMALL: dict[str, Any] = {"hidden": 16, "heads": 2, "vocabulary": 32, "sequence": 4}

LAYERED: dict[str, Callable[[int], onnx.ModelProto]] = {
    "llama": lambda layers: llama.llama(llama.Config(**SMALL, layers=layers, intermediate=24)),
    "gpt2": lambda layers: gpt2.gpt2(gpt2.Config(**SMALL, layers=layers, positions=8)),
    "bert": lambda layers: bert_base.bert_base(
        bert_base.Config(**SMALL, layers=layers, intermediate=24, positions=8)
    ),
    "dynamic_transformer": lambda layers: dynamic_transformer(8, layers=layers),
    "masked": lambda layers: masked(4, layers=layers),
    "batch_norm": lambda layers: batch_normalised(4, blocks=layers),
    "mlp": lambda layers: mlp(3, 8, *[8] * layers, 2),
}


@pytest.mark.parametrize("name", LAYERED)
@pytest.mark.parametrize(("layers", "factor"), [(1, 2), (1, 3), (2, 1), (2, 2), (3, 2)])
def test_the_circuit_is_that_of_the_architecture_with_so_many_layers(
    name: str, layers: int, factor: int
) -> None:
    dims = {"sequence": 4} if name == "dynamic_transformer" else {}
    model = loaded(LAYERED[name](layers), **dims)
    deeper = deepen(model, shapes(model), factor)
    assert circuit(deeper) == circuit(loaded(LAYERED[name](layers * factor), **dims))
    assert [info.name for info in deeper.graph.outputs] == [info.name for info in model.graph.outputs]


def test_resnet50_gets_more_of_the_blocks_it_has_most_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first block of a stage has a convolution in its shortcut: it is another block."""
    config = resnet50.Config(size=16, classes=5)
    monkeypatch.setattr(resnet50, "STAGES", ((8, 3, 1), (16, 2, 2)))
    model = loaded(resnet50.resnet50(config))
    deeper = deepen(model, shapes(model), 3)
    monkeypatch.setattr(resnet50, "STAGES", ((8, 7, 1), (16, 2, 2)))
    assert circuit(deeper) == circuit(loaded(resnet50.resnet50(config)))


def test_mobilenet_v2_likewise(monkeypatch: pytest.MonkeyPatch) -> None:
    config = mobilenet_v2.Config(size=8, classes=5)
    monkeypatch.setattr(mobilenet_v2, "STAGES", ((1, 8, 1, 1), (6, 8, 4, 2)))
    model = loaded(mobilenet_v2.mobilenet_v2(config))
    deeper = deepen(model, shapes(model), 2)
    monkeypatch.setattr(mobilenet_v2, "STAGES", ((1, 8, 1, 1), (6, 8, 7, 2)))
    assert circuit(deeper) == circuit(loaded(mobilenet_v2.mobilenet_v2(config)))


def test_new_layers_have_weights_without_values_and_the_old_ones_keep_theirs() -> None:
    model = loaded(batch_normalised(4, blocks=2))
    deeper = deepen(model, shapes(model), 2)
    new = {n: d for n, d in deeper.graph.initializers.items() if n not in model.graph.initializers}
    kernels = [data for data in new.values() if len(data.shape) == 4]
    assert [data.load for data in kernels] == [None, None]
    assert all(deeper.graph.initializers[name] == data for name, data in model.graph.initializers.items())


def test_the_transformer_of_the_samples_gets_a_second_layer() -> None:
    model = read(SAMPLES / "digits_transformer" / "model.onnx").model
    deeper = deepen(model, shapes(model), 2)
    own, twice = circuit(model), circuit(deeper)
    assert 1.8 * own["num_rows"] < twice["num_rows"] < 2 * own["num_rows"]
    softmax = [sum(node.op_type == "Softmax" for node in m.graph.nodes) for m in (model, deeper)]
    assert softmax == [1, 2]


def test_blocks_that_hand_on_to_others_than_the_next_are_no_run() -> None:
    """As in DenseNet: each layer reads all that were before it."""
    graph = Graph(weights=False)
    first = graph.gemm("x", "a", 3, 4)
    second = graph.gemm(first, "b", 4, 5)
    third = graph.gemm(graph.add("Concat", first, second, name="j", axis=1), "c", 9, 6)
    y = graph.gemm(graph.add("Concat", first, third, name="k", axis=1), "y", 10, 2)
    model = loaded(graph.model("g", {"x": (FLOAT, [1, 3])}, {y: [1, 2]}))
    with pytest.raises(CannotScale, match="no block of the model"):
        deepen(model, shapes(model), 2)


@pytest.mark.parametrize("name", ["cancer_mlp", "cancer_trees", "digits_cnn", "digits_gru"])
def test_layers_of_different_widths_are_no_run(name: str) -> None:
    model = read(SAMPLES / name / "model.onnx").model
    with pytest.raises(CannotScale, match="no block of the model"):
        deepen(model, shapes(model), 2)


def test_a_factor_below_one_is_refused() -> None:
    model = loaded(mlp(3, 8, 8, 2))
    with pytest.raises(CannotScale, match="0 times as deep"):
        deepen(model, shapes(model), 0)


def test_a_block_lies_on_the_way_of_one_value() -> None:
    """What comes of the second input passes by the layer of the first, and is no block with it."""
    graph = Graph(weights=False)
    layer = graph.gemm("x", "a", 4, 5)
    y = graph.add("Max", "z", graph.gemm(layer, "b", 5, 4), name="y")
    model = loaded(graph.model("g", {"x": (FLOAT, [1, 4]), "z": (FLOAT, [1, 4])}, {y: [1, 4]}))
    deeper = deepen(model, shapes(model), 2)
    assert [node.op_type for node in deeper.graph.nodes] == ["Gemm", "Gemm", "Gemm", "Gemm", "Max"]
    assert circuit(deeper)["num_rows"] > 1.5 * circuit(model)["num_rows"]
