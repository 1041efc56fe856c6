"""Products counted in ONNX's nodes are those of the circuit, where there is one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from auditor.circuit import RunArgs
from auditor.comparing.node_macs import node_macs
from auditor.lowering import lower
from auditor.macs import macs
from auditor.model import Model, bind_dimensions, read_source
from auditor.value_shapes import value_shapes
from samples.graphs import bert_base, mobilenet_v2, resnet50

ROOT = Path(__file__).parents[2]


def bound(path: Path) -> Model:
    return bind_dimensions(read_source(path).inlined, {}, None)[0]


def counted(model: Model) -> int | None:
    return node_macs(model, value_shapes(model))


@pytest.mark.parametrize("name", ["cancer_mlp", "cancer_trees", "digits_cnn", "digits_transformer"])
def test_a_samples_products_are_those_of_its_circuit(name: str) -> None:
    model = bound(ROOT / "samples" / name / "model.onnx")
    assert counted(model) == macs(lower(model, RunArgs()).circuit.graph)


@pytest.mark.parametrize(
    "graph",
    [
        mobilenet_v2.mobilenet_v2(mobilenet_v2.Config()),
        resnet50.resnet50(resnet50.Config()),
        bert_base.bert_base(bert_base.Config(layers=1)),
    ],
    ids=["mobilenet_v2", "resnet50", "bert_base"],
)
def test_so_are_those_of_known_architectures(graph: onnx.ModelProto, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(graph.SerializeToString())
    model = bound(path)
    assert counted(model) == macs(lower(model, RunArgs()).circuit.graph)


def one_node(op_type: str, shapes: list[list[int]], output: list[int], **attributes: object) -> Model:
    """A model of one node, whose first input is the model's and the others weights."""
    names = ["x", *(f"w{number}" for number in range(1, len(shapes)))]
    weights = [
        numpy_helper.from_array(np.ones(shape, np.float32), name)
        for name, shape in zip(names[1:], shapes[1:], strict=True)
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, shapes[0])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, output)
    node = helper.make_node(op_type, names, ["y"], **attributes)
    graph = helper.make_graph([node], "one", [x], [y], weights)
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path = Path("model.onnx")
    path.write_bytes(proto.SerializeToString())
    return bound(path)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_groups_strides_and_transposed_matrices() -> None:
    # 6 channels in 2 groups of 3, a window of 9, outputs of 4 x 4.
    assert counted(one_node("Conv", [[1, 6, 6, 6], [4, 3, 3, 3]], [1, 4, 4, 4], group=2)) == 64 * 27
    # Each of 5 x 5 inputs of 3 channels meets a window of 4 for 2 outputs.
    assert counted(one_node("ConvTranspose", [[1, 3, 5, 5], [3, 2, 2, 2]], [1, 2, 6, 6])) == 75 * 8
    assert counted(one_node("Gemm", [[7, 1], [7, 5]], [1, 5], transA=1)) == 5 * 7
    assert counted(one_node("MatMul", [[1, 3, 4], [4, 2]], [1, 3, 2])) == 6 * 4


def test_what_may_hide_products_has_no_count() -> None:
    model = bound(ROOT / "samples" / "digits_gru" / "model.onnx")
    assert counted(model) is None
    assert node_macs(bound(ROOT / "samples" / "cancer_mlp" / "model.onnx"), {}) is None
