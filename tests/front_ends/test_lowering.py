"""The EZKL front end against the EZKL that is installed."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

from auditor import ezkl
from auditor.circuit import ops
from auditor.circuit.graph import Circuit, CircuitNode
from auditor.circuit.run_args import RunArgs
from auditor.errors import InternalFailure, Undetermined, UsageError
from auditor.front_ends.ezkl import lower_with_ezkl
from auditor.front_ends.ezkl.decode import decode_circuit
from auditor.guard import Limits
from tests.front_ends import models

needs_ezkl = pytest.mark.skipif(
    ezkl.ezkl_version() != ezkl.EZKL_VERSION, reason=f"EZKL {ezkl.EZKL_VERSION} is not installed"
)


def saved(model: onnx.ModelProto, directory: Path) -> Path:
    path = directory / "model.onnx"
    onnx.save(model, path)
    return path


def operators(circuit: Circuit) -> list[str]:
    return [node.op.name for node in circuit.graph.nodes if isinstance(node, CircuitNode)]


@needs_ezkl
@pytest.mark.parametrize("make", [models.dense, models.recurrent])
def test_the_stored_circuits_are_what_ezkl_compiles(make, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    lowered = lower_with_ezkl(saved(make(), tmp_path), RunArgs())
    stored = decode_circuit((models.COMPILED / f"{make.__name__}.bin").read_bytes(), RunArgs())
    assert lowered == stored


@needs_ezkl
@pytest.mark.parametrize(
    "run_args",
    [
        RunArgs(input_scale=3, param_scale=9, rebase_scale=5, logrows=9, variables=(("n", 3),)),
        RunArgs(input_visibility="hashed", param_visibility="private", output_visibility="fixed"),
        RunArgs(input_visibility="hashed/private/0", param_visibility="polycommit"),
        RunArgs(epsilon=0.5, check_mode="safe", lookup_range=(-5, 5), disable_freivalds=True),
    ],
)
def test_every_run_arg_reaches_ezkl(run_args: RunArgs, tmp_path: Path) -> None:
    circuit = lower_with_ezkl(saved(models.dense(), tmp_path), run_args)
    source, weights = circuit.graph.nodes[:2]
    assert isinstance(source, CircuitNode)
    assert source.scale == run_args.input_scale
    assert isinstance(weights, CircuitNode)
    assert isinstance(weights.op, ops.Constant)
    assert weights.op.visibility == run_args.param_visibility


@needs_ezkl
def test_variables_bind_dimensions(tmp_path: Path) -> None:
    path = saved(models.single("Relu", ["rows", 4]), tmp_path)
    circuit = lower_with_ezkl(path, RunArgs(variables=(("rows", 5),)))
    first = circuit.graph.nodes[0]
    assert isinstance(first, CircuitNode)
    assert first.shape == (5, 4)
    with pytest.raises(ezkl.Rejected, match="Undetermined symbol"):
        lower_with_ezkl(path, RunArgs())


@needs_ezkl
def test_what_ezkl_rejects_is_rejected_in_its_words(tmp_path: Path) -> None:
    path = saved(models.single("Det", [4, 4]), tmp_path)
    with pytest.raises(ezkl.Rejected) as rejection:
        lower_with_ezkl(path, RunArgs())
    assert rejection.value.reason == 'Translating node #1 "y" Unimplemented(Det) ToTypedTranslator'
    with pytest.raises(ezkl.Rejected, match="Unimplemented"):
        ezkl.gen_settings(path, RunArgs())


@needs_ezkl
def test_what_only_layout_rejects_is_lowered_to_unknown(tmp_path: Path) -> None:
    path = saved(models.single("LRN", [1, 4, 4, 4], size=3), tmp_path)
    assert operators(lower_with_ezkl(path, RunArgs())) == ["Input", "Unknown"]
    with pytest.raises(ezkl.Rejected):
        ezkl.gen_settings(path, RunArgs())


@needs_ezkl
def test_external_data_is_put_inside_and_said(tmp_path: Path) -> None:
    path = tmp_path / "external.onnx"
    onnx.save(models.dense(), path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    notes: list[str] = []
    circuit = lower_with_ezkl(path, RunArgs(), note=notes.append)
    assert circuit == lower_with_ezkl(saved(models.dense(), tmp_path), RunArgs())
    assert len(notes) == 1
    with pytest.raises(ezkl.Rejected):
        ezkl.gen_settings(path, RunArgs())


@needs_ezkl
def test_external_data_outside_of_the_folder_is_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "external.onnx"
    onnx.save(models.dense(), path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    (folder / "weights.bin").rename(tmp_path / "weights.bin")
    model = onnx.load(path, load_external_data=False)
    for tensor in model.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = "../weights.bin"
    path.write_bytes(model.SerializeToString())
    with pytest.raises((ezkl.Rejected, InternalFailure)):
        lower_with_ezkl(path, RunArgs())


@needs_ezkl
def test_the_word_location_alone_changes_nothing(tmp_path: Path) -> None:
    model = models.dense()
    model.doc_string = "location"
    notes: list[str] = []
    lower_with_ezkl(saved(model, tmp_path), RunArgs(), note=notes.append)
    assert notes == []


@needs_ezkl
def test_running_out_of_limits_is_no_rejection(tmp_path: Path) -> None:
    path = saved(models.dense(), tmp_path)
    with pytest.raises(InternalFailure, match="took too long"):
        lower_with_ezkl(path, RunArgs(), limits=Limits(wall_seconds=0.001))


@needs_ezkl
def test_settings(tmp_path: Path) -> None:
    settings = ezkl.gen_settings(saved(models.dense(), tmp_path), RunArgs(num_inner_cols=3, logrows=16))
    assert settings["run_args"]["num_inner_cols"] == 3
    assert settings["model_instance_shapes"] == [[1, 3], [1, 2]]
    assert settings["num_rows"] > 0


def test_without_ezkl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ezkl, "ezkl_version", lambda: None)
    with pytest.raises(UsageError, match="not installed"):
        lower_with_ezkl(tmp_path / "model.onnx", RunArgs())


def test_another_version_of_ezkl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ezkl, "ezkl_version", lambda: "24.0.0")
    with pytest.raises(Undetermined, match=r"24\.0\.0"):
        lower_with_ezkl(tmp_path / "model.onnx", RunArgs())
