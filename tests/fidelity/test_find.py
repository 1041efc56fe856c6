"""The stage: facts, traits, what is unknown, and what the report says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from auditor.fidelity import ValueFact, find, model_facts
from auditor.fidelity.rules.reshaping import tract_shape
from auditor.fidelity.traits import not_negative, whole, zero_or_one
from auditor.fidelity.view import GraphView
from auditor.lowering.graph.reshaping import target_shape
from auditor.model import read
from auditor.model.graph import Model
from tests.cli.test_shell import auditor
from tests.fidelity.building import example, floats, ints, numbers, one
from tests.fidelity.cases import CASES

Node = tuple[str, list[str], str]
"""Operator, inputs, output."""

SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("*/model.onnx"))


def model(tmp_path: Path, content: bytes) -> Model:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    return read(path).model


def view(tmp_path: Path, *nodes: Node, **constants: np.ndarray) -> GraphView:
    made = [helper.make_node(operator, inputs, [output]) for operator, inputs, output in nodes]
    last = nodes[-1][2]
    content = example(made, {"x": numbers(2, 3)}, constants, {last: ("float32", None)}).model
    found = model(tmp_path, content)
    return GraphView.of(found.graph, model_facts(found))


def test_facts_of_shapes_types_and_constants(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Shape", ["x"], ["s"]),
        helper.make_node("Gather", ["s", "zero"], ["n"]),
        helper.make_node("Concat", ["n", "rest"], ["target"], axis=0),
        helper.make_node("Reshape", ["x", "target"], ["r"]),
        helper.make_node("Greater", ["r", "one"], ["g"]),
        helper.make_node("Cast", ["g"], ["y"], to=TensorProto.FLOAT),
    ]
    constants = {"zero": ints(0), "rest": ints(-1, 2), "one": floats(1)}
    facts = model_facts(model(tmp_path, example(nodes, {"x": numbers(3, 4)}, constants).model))
    assert facts["target"].is_constant
    assert facts["target"].load is not None
    assert facts["target"].load().tolist() == [3, -1, 2]
    assert (facts["r"].dims, facts["g"].dtype, facts["g"].dims) == ((3, 2, 2), "bool", (3, 2, 2))
    assert (facts["y"].dtype, facts["y"].is_constant) == ("float", False)


def test_given_facts_win_and_spread(tmp_path: Path) -> None:
    nodes = [helper.make_node("Relu", ["x"], ["r"]), helper.make_node("Neg", ["r"], ["y"])]
    found = model(tmp_path, example(nodes, {"x": numbers(3)}).model)
    facts = model_facts(found, {"r": ValueFact(dtype="float16", shape=(7,))})
    assert (facts["y"].dtype, facts["y"].dims) == ("float16", (7,))


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ([("Relu", ["x"], "y")], True),
        ([("Neg", ["x"], "y")], False),
        ([("Mul", ["x", "x"], "y")], True),
        ([("Abs", ["x"], "a"), ("Add", ["a", "x"], "y")], False),
        ([("Abs", ["x"], "a"), ("Add", ["a", "c"], "y")], True),
        ([("Abs", ["x"], "a"), ("Add", ["a", "d"], "y")], False),
        ([("Max", ["x", "c"], "y")], True),
        ([("Min", ["x", "c"], "y")], False),
        ([("Clip", ["x", "zero"], "y")], True),
        ([("Pow", ["x", "c"], "y")], True),
        ([("Pow", ["x", "one"], "y")], False),
        ([("Sigmoid", ["x"], "s"), ("Transpose", ["s"], "t"), ("MaxPool", ["t"], "y")], True),
    ],
)
def test_what_is_never_negative(
    tmp_path: Path, nodes: list[tuple[str, list[str], str]], expected: bool
) -> None:
    scalars = {"zero": np.float32(0), "one": np.float32(1)}
    here = view(tmp_path, *nodes, c=floats(2, 2, 2), d=floats(-1, 0, 1), **scalars)
    assert not_negative(here, "y") is expected


def test_what_is_whole_and_what_is_zero_or_one(tmp_path: Path) -> None:
    here = view(tmp_path, ("Floor", ["x"], "f"), ("Add", ["f", "c"], "y"), c=floats(2))
    assert whole(here, "y")
    assert not whole(here, "x")
    assert not zero_or_one(here, "y")
    here = view(tmp_path, ("Greater", ["x", "c"], "g"), ("Where", ["g", "z", "o"], "y"),
                c=floats(2), z=floats(0), o=floats(1))  # fmt: skip
    assert zero_or_one(here, "y")


@pytest.mark.parametrize(
    ("dims", "wanted"),
    [((1, 2, 3, 4), (0, 0, -1)), ((2, 3, 4, 5), (0, -1, 0, 5)), ((1, 2, 12), (0, 0, 3, -1)),
     ((1, 1, 6), (0, 0, -1)), ((2, 3, 4), (6, 4)), ((1, 8, 12), (1, 0, -1)), ((4, 6), (-1, 0))],
)  # fmt: skip
def test_reshape_is_read_as_the_lowering_reads_it(dims: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    assert tract_shape(dims, wanted) == list(target_shape(dims, wanted))


def test_what_is_not_known_is_said(tmp_path: Path) -> None:
    nodes = [helper.make_node("TopK", ["x", "k"], ["t", "i"]), helper.make_node("Trilu", ["t"], ["y"])]
    report = find(model(tmp_path, example(nodes, {"x": numbers(2, 4, 4)}, {"k": ints(2)}).model))
    assert report.faithful is None
    assert report.unknown == (
        "AUD-FID-007 at Trilu y: the shape of input 0 is not known",
        "there is no circuit to look at",
    )


def test_a_foreign_operator_leaves_it_open(tmp_path: Path) -> None:
    node = helper.make_node("Relu", ["x"], ["y"], name="node", domain="com.example")
    path = tmp_path / "model.onnx"
    path.write_bytes(example([node], {"x": numbers(2, 2)}).model)
    audited = json.loads(auditor("estimate", str(path), "--format", "json").stdout)["models"][0]
    assert (audited["circuit"]["supported"], audited["circuit"]["faithful"]) == (True, None)
    assert (audited["verdict"]["status"], audited["verdict"]["binding"]) == ("undetermined", "fidelity")
    assert "Relu of domain com.example" in audited["verdict"]["reasons"][0]


def test_what_no_output_needs_is_no_finding(tmp_path: Path) -> None:
    nodes = [helper.make_node("Celu", ["x"], ["unused"], alpha=0.5), helper.make_node("Relu", ["x"], ["y"])]
    report = find(model(tmp_path, example(nodes, {"x": numbers(3)}).model))
    assert report.findings == ()


def test_a_node_in_a_loop_is_looked_at(tmp_path: Path) -> None:
    info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in ("s", "i", "n", "o")]
    body = helper.make_graph(
        [helper.make_node("Add", ["s", "i"], ["n"]), helper.make_node("Celu", ["n"], ["o"], alpha=2.0)],
        "body", info[:2], info[2:],
    )  # fmt: skip
    node = helper.make_node("Scan", ["c", "x"], ["state", "y"], body=body, num_scan_inputs=1)
    content = example([node], {"x": numbers(3, 2)}, {"c": floats(0, 0)}).model
    assert [finding.rule for finding in find(model(tmp_path, content)).findings] == ["AUD-FID-012"]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.parent.name)
def test_samples_are_faithful(sample: Path) -> None:
    audited = json.loads(auditor("estimate", str(sample), "--format", "json").stdout)["models"][0]
    assert audited["circuit"]["faithful"] is True
    assert [item for item in audited["findings"] if item["severity"] == "high"] == []


def test_an_unfaithful_circuit_is_infeasible(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(one("Celu", {"x": floats(-1, 1)}, alpha=0.5).model)
    ended = auditor("estimate", str(path), "--format", "json")
    audited = json.loads(ended.stdout)["models"][0]
    assert ended.returncode == 1
    assert audited["circuit"]["supported"] is True
    assert audited["circuit"]["faithful"] is False
    assert audited["verdict"]["binding"] == "fidelity"
    assert "auditor explain AUD-FID-012" in audited["verdict"]["next"]


def test_a_function_is_lowered_as_the_operator_ezkl_runs_for_it(tmp_path: Path) -> None:
    case = next(case for case in CASES if case.rule == "AUD-FID-029")
    path = tmp_path / "model.onnx"
    path.write_bytes(case.wrong.model)
    audited = json.loads(auditor("estimate", str(path), "--format", "json").stdout)["models"][0]
    assert audited["circuit"]["supported"] is True
    assert audited["circuit"]["faithful"] is False
    assert "local::Relu" in [layer["operator"] for layer in audited["circuit"]["layers"]]


def test_mild_findings_inform_and_do_not_decide(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(one("Gather", {"x": numbers(3, 3), "i": ints(0, 1)}).model)
    ended = auditor("estimate", str(path), "--format", "json")
    audited = json.loads(ended.stdout)["models"][0]
    assert [item["rule"] for item in audited["findings"]] == ["AUD-FID-025"]
    assert (audited["circuit"]["faithful"], audited["verdict"]["status"], ended.returncode) == (
        True,
        "feasible",
        0,
    )


def test_named_sizes_are_numbers_in_the_facts_of_a_model_that_is_rejected(tmp_path: Path) -> None:
    """Then there is no circuit to take facts from, and while a model is translated such sizes are symbols."""
    nodes = [
        helper.make_node("Conv", ["x", "kernel"], ["c"]),  # without strides EZKL rejects it
        helper.make_node("Reshape", ["c", "target"], ["r"]),
        helper.make_node("Relu", ["r"], ["y"]),
    ]
    constants = {"kernel": numbers(2, 1, 3), "target": ints(0, -1)}
    made = onnx.load_from_string(example(nodes, {"x": numbers(1, 1, 8)}, constants).model)
    made.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "batch"
    path = tmp_path / "model.onnx"
    path.write_bytes(made.SerializeToString())
    ended = auditor("estimate", str(path), "--dim", "batch=1", "--format", "json")
    verdict = json.loads(ended.stdout)["models"][0]["verdict"]
    assert (verdict["status"], verdict["binding"], ended.returncode) == ("infeasible", "support", 1)
