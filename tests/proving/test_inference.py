"""The reference: right numbers, and a reason for each way of getting none."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import NodeProto, TensorProto, helper, numpy_helper

from auditor.errors import UsageError
from auditor.guard import Limits
from auditor.proving.inference import InferenceFailed, infer, infer_all
from tests.cli.models import perceptron, save

pytest.importorskip("onnxruntime")

LIMITS = Limits(memory_bytes=2 << 30, cpu_seconds=30, wall_seconds=30)
X = np.float32([[1, -2, 3, 0.5]])


def expected(model: Path, x: np.ndarray) -> np.ndarray:
    """The perceptron by hand."""
    tensors = onnx.load(model).graph.initializer
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in tensors}
    hidden = np.maximum(x @ weights["w1"] + weights["b1"], 0)
    return np.asarray(hidden @ weights["w2"] + weights["b2"])


def model_of(directory: Path, *nodes: NodeProto, kind: int = TensorProto.FLOAT) -> Path:
    """From float ``x`` of 1 to ``y``."""
    graph = helper.make_graph(
        nodes,
        "it",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])],
        [helper.make_tensor_value_info("y", kind, None)],
    )
    return save(graph, directory / "model.onnx")


def failure(model: Path, *inputs: np.ndarray, limits: Limits = LIMITS) -> str:
    with pytest.raises(InferenceFailed) as raised:
        infer(model, inputs, limits=limits, repeats=False)
    return raised.value.reason


def test_the_answer_is_the_model_s_and_has_a_time(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    model = perceptron(tmp_path / "model.onnx")
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    found = infer(model, [X], limits=LIMITS, workspace=workspace)
    np.testing.assert_allclose(found.outputs[0], expected(model, X), rtol=1e-5)
    assert (found.names, found.outputs[0].dtype) == (("y",), np.float32)
    assert found.seconds > 0
    assert found.runtime.startswith("onnxruntime 1.")
    assert list(workspace.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_several_inputs_keep_their_order(tmp_path: Path) -> None:
    model = perceptron(tmp_path / "model.onnx")
    sets = [X, X * 2, -X]
    found = infer_all(model, [[x] for x in sets], limits=LIMITS, repeats=False)
    for x, one in zip(sets, found, strict=True):
        np.testing.assert_allclose(one.outputs[0], expected(model, x), rtol=1e-5)
    assert infer_all(model, [], limits=LIMITS) == ()


def test_inputs_are_matched_by_their_order_and_not_by_initializers(tmp_path: Path) -> None:
    kinds = {"a": TensorProto.INT64, "w": TensorProto.INT64, "b": TensorProto.BOOL}
    graph = helper.make_graph(
        [helper.make_node("Add", ["a", "w"], ["sum"]), helper.make_node("Not", ["b"], ["not"])],
        "three",
        [helper.make_tensor_value_info(name, kind, [2]) for name, kind in kinds.items()],
        [
            helper.make_tensor_value_info("sum", TensorProto.INT64, [2]),
            helper.make_tensor_value_info("not", TensorProto.BOOL, [2]),
        ],
        [numpy_helper.from_array(np.array([2**60, 5]), "w")],
    )
    model = save(graph, tmp_path / "model.onnx")
    found = infer(model, [np.array([1, -5]), np.array([True, False])], limits=LIMITS, repeats=False)
    assert [output.tolist() for output in found.outputs] == [[2**60 + 1, 0], [False, True]]


def test_a_refusal_is_told_without_the_way_to_the_file(tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.onnx"
    garbage.write_bytes(b"\x08\x01garbage")
    unknown = model_of(tmp_path, helper.make_node("NoSuchOperator", ["x"], ["y"]))
    model = perceptron(tmp_path / "perceptron.onnx")
    reasons = [failure(garbage, X), failure(unknown, X[0]), failure(tmp_path / "absent.onnx", X)]
    assert all(reason.startswith("ONNX Runtime: ") for reason in reasons)
    assert "NoSuchOperator" in reasons[1]
    assert not any(str(tmp_path) in reason for reason in reasons)
    assert "takes 1 inputs and got 2" in failure(model, X, X)
    assert "Got: 3 Expected: 4" in failure(model, X[:, :3])
    assert "tensor(float)" in failure(model, X.astype(np.int64))


def test_an_output_that_is_no_tensor_of_numbers_is_a_failure(tmp_path: Path) -> None:
    texts = model_of(
        tmp_path, helper.make_node("Cast", ["x"], ["y"], to=TensorProto.STRING), kind=TensorProto.STRING
    )
    assert "no tensor of numbers" in failure(texts, np.float32([1]))


def endless(directory: Path) -> Path:
    """A loop of 2^62 rounds."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Sin", ["v"], ["w"])],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("v", TensorProto.FLOAT, [1]),
        ],
        [
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("w", TensorProto.FLOAT, [1]),
        ],
    )
    rounds = helper.make_tensor("rounds", TensorProto.INT64, [], [1 << 62])
    return model_of(
        directory,
        helper.make_node("Constant", [], ["n"], value=rounds),
        helper.make_node("Loop", ["n", "", "x"], ["y"], body=body),
    )


def test_a_model_that_never_ends_is_stopped(tmp_path: Path) -> None:
    limits = Limits(memory_bytes=2 << 30, cpu_seconds=30, wall_seconds=2)
    reason = failure(endless(tmp_path), np.float32([1]), limits=limits)
    assert reason == "ONNX Runtime took too long: stopped after 2 seconds"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing limits address space")
def test_a_model_that_wants_all_memory_is_refused_it(tmp_path: Path) -> None:
    size = helper.make_tensor("size", TensorProto.INT64, [1], [1 << 34])
    model = model_of(
        tmp_path,
        helper.make_node("Constant", [], ["n"], value=size),
        helper.make_node("Expand", ["x", "n"], ["y"]),
    )
    reason = failure(model, np.float32([1]))
    assert "memory" in reason


def test_without_onnx_runtime_the_user_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'auditor\[prove\]'"):
        infer(tmp_path / "model.onnx", [X], limits=LIMITS)
