"""Parameters are counted wherever real models keep them; findings are made of what stands in plain sight."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import NodeProto, TensorProto, helper, numpy_helper

from auditor.model import operators, parameters, read_source
from auditor.model.read import SourceModel


def source(tmp_path: Path, nodes: list[NodeProto], tensors: Any = (), **model: Any) -> SourceModel:
    metadata = model.pop("metadata", {})
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        tensors,
        sparse_initializer=model.pop("sparse", []),
    )
    proto = helper.make_model(graph, **model)
    helper.set_model_props(proto, metadata)
    (tmp_path / "m.onnx").write_bytes(proto.SerializeToString())
    return read_source(tmp_path / "m.onnx")


def floats(name: str, *shape: int) -> TensorProto:
    return numpy_helper.from_array(np.ones(shape, np.float32), name)


RELU = helper.make_node("Relu", ["x"], ["y"])


def constant(output: str, **value: Any) -> NodeProto:
    return helper.make_node("Constant", [], [output], **value)


def test_initializers(tmp_path: Path) -> None:
    shape = numpy_helper.from_array(np.array([1, 4]), "shape")
    quantised = numpy_helper.from_array(np.ones((3, 3), np.int8), "q")
    assert parameters(source(tmp_path, [RELU], [floats("w", 4, 5), shape, quantised]).model) == 29


@pytest.mark.parametrize(
    ("value", "count"),
    [
        ({"value": floats("v", 2, 3)}, 6),
        ({"value_floats": [1.0, 2.0]}, 2),
        ({"value_float": 1.0}, 1),
        ({"value_ints": [1, 2]}, 0),
        ({"value_string": "a"}, 0),
    ],
)
def test_constant_nodes(tmp_path: Path, value: dict[str, Any], count: int) -> None:
    assert parameters(source(tmp_path, [constant("c", **value), RELU]).model) == count


def test_subgraphs(tmp_path: Path) -> None:
    branch = helper.make_graph(
        [constant("c", value=floats("v", 7))],
        "b",
        [],
        [helper.make_tensor_value_info("c", 1, None)],
        [floats("w", 2)],
    )
    flag = constant("flag", value=numpy_helper.from_array(np.array(True)))
    both = helper.make_node("If", ["flag"], ["y"], then_branch=branch, else_branch=branch)
    model = source(tmp_path, [flag, both]).model
    assert parameters(model) == 18
    assert operators(model) == {"Constant": 3, "If": 1}


def test_tree_ensembles_keep_theirs_in_attributes(tmp_path: Path) -> None:
    tree = helper.make_node(
        "TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml",
        nodes_values=[0.5, 1.5, 2.5], nodes_treeids=[0, 0, 0], target_weights=[1.0, 2.0],
    )  # fmt: skip
    model = source(tmp_path, [tree]).model
    assert parameters(model) == 5
    assert operators(model) == {"ai.onnx.ml::TreeEnsembleRegressor": 1}


def test_attributes_that_are_no_weights(tmp_path: Path) -> None:
    resize = helper.make_node("Upsample", ["x"], ["y"], scales=[1.0, 2.0])
    assert parameters(source(tmp_path, [resize]).model) == 0


def test_functions_count_once_however_often_they_are_called(tmp_path: Path) -> None:
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    body = [constant("c", value=floats("v", 4)), helper.make_node("Add", ["a", "c"], ["r"])]
    function = helper.make_function("local", "biased", ["a"], ["r"], body, imports)
    calls = [
        helper.make_node("biased", ["x"], ["t"], domain="local"),
        helper.make_node("biased", ["t"], ["y"], domain="local"),
    ]
    read = source(tmp_path, calls, functions=[function], opset_imports=imports)
    assert parameters(read.model) == 4
    assert operators(read.inlined) == {"Add": 2, "Constant": 2}


FOUND: dict[str, tuple[NodeProto, dict[str, Any], str, str]] = {
    "custom domain": (helper.make_node("Foo", ["x"], ["y"], domain="evil.corp"), {}, "AUD-SEC-016", "medium"),
    "context": (
        helper.make_node("EPContext", ["x"], ["y"], domain="com.microsoft", ep_cache_context="../a.bin"),
        {}, "AUD-SEC-017", "high",
    ),
    "python": (helper.make_node("PyOp", ["x"], ["y"], domain="ai.onnx.contrib"), {}, "AUD-SEC-018", "high"),
    "program": (helper.make_node("Relu", ["x"], ["y"], blob=b"\x7fELF\x02\x01"), {}, "AUD-SEC-018", "high"),
    "pickle": (helper.make_node("Relu", ["x"], ["y"], blob=b"\x80\x04\x95abc"), {}, "AUD-SEC-018", "high"),
    "escape": (helper.make_node("Relu", ["x"], ["y"], name="a\x1b[2Jb"), {}, "AUD-SEC-019", "medium"),
    "bidi": (helper.make_node("Relu", ["x"], ["y"], name="a\u202eb"), {}, "AUD-SEC-019", "medium"),
    "key": (RELU, {"metadata": {"note": "AKIA" + "A" * 16}}, "AUD-SEC-021", "low"),
    "home": (RELU, {"metadata": {"from": "/home/alice/model"}}, "AUD-SEC-021", "low"),
    "session": (RELU, {"metadata": {"ort_config": "{}"}}, "AUD-SEC-022", "low"),
    "long metadata": (RELU, {"metadata": {"note": "n" * 70_000}}, "AUD-SEC-020", "low"),
    "long doc string": (RELU, {"doc_string": "n" * 70_000}, "AUD-SEC-020", "low"),
    "opset": (
        RELU, {"opset_imports": [helper.make_opsetid("", 17), helper.make_opsetid("com.ms", 1)]},
        "AUD-SEC-023", "info",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FOUND)
def test_security_findings(tmp_path: Path, name: str) -> None:
    node, model, rule, severity = FOUND[name]
    findings = source(tmp_path, [node], **model).findings
    assert (rule, severity) in {(finding.rule, finding.severity) for finding in findings}
    for finding in findings:
        assert finding.message.isprintable()


def test_plain_models_have_no_findings(tmp_path: Path) -> None:
    assert source(tmp_path, [RELU], [floats("w", 2)]).findings == ()


def test_training_graphs(tmp_path: Path) -> None:
    proto = helper.make_model(helper.make_graph([], "g", [], []))
    proto.training_info.add()
    onnx.save(proto, tmp_path / "m.onnx")
    assert [finding.rule for finding in read_source(tmp_path / "m.onnx").findings] == ["AUD-SEC-024"]


def test_duplicate_initializers_are_reported_and_the_later_counts(tmp_path: Path) -> None:
    read = source(tmp_path, [RELU], [floats("w", 2), floats("w", 3)])
    assert [finding.rule for finding in read.findings] == ["AUD-SEC-015"]
    assert read.model.graph.initializers["w"].shape == (3,)


def test_many_findings_of_one_rule_are_summed_up(tmp_path: Path) -> None:
    nodes = [helper.make_node("Relu", ["x"], [f"a{index}"], name=f"\x07{index}") for index in range(100)]
    findings = source(tmp_path, [*nodes, RELU]).findings
    assert len(findings) == 21
    assert findings[-1].message == "80 more of the same kind"


def test_a_declared_value_of_no_known_type_is_refused_by_ezkl(tmp_path: Path) -> None:
    info = onnx.ValueInfoProto(name="y")
    info.type.tensor_type.elem_type = 0
    graph = helper.make_graph(
        [RELU], "g", [helper.make_tensor_value_info("x", 1, [1])], [], value_info=[info]
    )
    onnx.save(helper.make_model(graph), tmp_path / "m.onnx")
    assert [refusal.subject for refusal in read_source(tmp_path / "m.onnx").refusals] == ["y"]


@pytest.mark.parametrize(
    ("tensor", "reason"),
    [
        (TensorProto(name="w", data_type=16, dims=[1], raw_data=b"\0\0"), "bfloat16"),
        (TensorProto(name="w", data_type=13, dims=[1], uint64_data=[1]), "uint64_data"),
        (TensorProto(name="w", data_type=12, dims=[1], uint64_data=[1]), "uint64_data"),
        (TensorProto(name="w", data_type=1, dims=[1]), "without values"),
    ],
)
def test_what_ezkls_reader_refuses(tmp_path: Path, tensor: TensorProto, reason: str) -> None:
    refusals = source(tmp_path, [RELU], [tensor]).refusals
    assert [refusal.subject for refusal in refusals] == ["w"]
    assert reason in refusals[0].reason
