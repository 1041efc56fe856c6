"""``auditor plan`` as a user runs it."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import referencing

from auditor.ezkl import ezkl_version
from auditor.guard import Limits, WorkerFailure, run_guarded
from tests.cli import models
from tests.cli.test_estimate import auditor

SAMPLES = Path(__file__).parents[2] / "samples"
DIGITS = SAMPLES / "digits_cnn" / "model.onnx"


def schema(name: str) -> dict[str, Any]:
    path = resources.files("auditor") / "schemas" / f"{name}-1.schema.json"
    return json.loads(path.read_text(encoding="utf-8"))


def plan(*words: object, cwd: Path | None = None) -> dict[str, Any]:
    ended = auditor("plan", *map(str, words), "--format", "json", cwd=cwd)
    assert ended.stdout, ended.stderr
    document = json.loads(ended.stdout)
    report = schema("report")
    registry = referencing.Registry().with_resource(
        str(report["$id"]), referencing.Resource.from_contents(report)
    )
    jsonschema.Draft202012Validator(schema("plan"), registry=registry).validate(document)
    assert document["verdict"]["exit_code"] == ended.returncode
    return document


@pytest.fixture(scope="module")
def digits() -> dict[str, Any]:
    return plan(DIGITS, "--input", DIGITS.with_name("input.json"), "--what-if")


def test_it_beats_ezkls_own_choice_and_keeps_the_answers(digits: dict[str, Any]) -> None:
    chosen, own = digits["plan"], digits["calibrated"]
    assert chosen["prove_seconds"] < own["prove_seconds"] / 2
    assert chosen["accuracy"]["relative_error"] <= digits["goal"]["tolerance"]
    assert chosen["headroom"] >= digits["goal"]["margin"] == 2
    assert digits["sample"] == {
        "fresh_failure_rate": 0.5,
        "ranges": "sample",
        "reference": digits["sample"]["reference"],
        "rows": 1,
        "seed": None,
        "source": "file",
    }
    assert digits["model"]["circuit"]["run_args"] == chosen["run_args"]
    assert digits["front"][0] == chosen


def test_changes_are_told_with_what_they_save(digits: dict[str, Any]) -> None:
    changes = digits["changes"]
    assert 1 <= len(changes) <= 5
    assert any("MaxPool" in change["title"] for change in changes)
    seconds = [item["setup_seconds"]["after"] + item["prove_seconds"]["after"] for item in changes]
    assert seconds == sorted(seconds)
    for change in changes:
        before = change["setup_seconds"]["before"] + change["prove_seconds"]["before"]
        assert change["setup_seconds"]["after"] + change["prove_seconds"]["after"] < before


def test_estimate_and_plan_agree(digits: dict[str, Any]) -> None:
    ended = auditor(
        "estimate", str(DIGITS), "--input", str(DIGITS.with_name("input.json")), "--format", "json"
    )
    circuit = json.loads(ended.stdout)["models"][0]["circuit"]
    assert circuit["run_args"] == digits["plan"]["run_args"]


def test_the_same_bytes_every_time(tmp_path: Path) -> None:
    model = models.perceptron(tmp_path / "m.onnx")
    runs = {auditor("plan", str(model), "--format", "json").stdout for _ in range(2)}
    assert len(runs) == 1


def test_it_reads_as_a_page_and_as_lines(tmp_path: Path) -> None:
    models.perceptron(tmp_path / "m.onnx")
    page = auditor("plan", "m.onnx", cwd=tmp_path)
    assert page.returncode == 0
    assert max(map(len, page.stdout.splitlines())) <= 80
    assert "EZKL" in page.stdout
    assert "saved" in page.stdout
    assert "--input" in page.stdout
    lines = auditor("plan", "m.onnx", "--format", "concise", cwd=tmp_path).stdout.splitlines()
    assert lines[0] == "m.onnx: feasible"
    words = [word for line in lines[1:] for word in ("--set", line)]
    again = auditor("estimate", "m.onnx", *words, "--format", "json", cwd=tmp_path)
    assert json.loads(again.stdout)["models"][0]["circuit"]["logrows"] < 12


def test_several_rows_make_the_evidence_better(tmp_path: Path) -> None:
    models.perceptron(tmp_path / "m.onnx")
    rows = np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32)
    np.savez(tmp_path / "rows.npz", x=rows)
    document = plan("m.onnx", "--input", "rows.npz", cwd=tmp_path)
    assert (document["sample"]["rows"], document["sample"]["fresh_failure_rate"]) == (9, 0.1)


def test_sound_ranges_are_told_as_a_bound(tmp_path: Path) -> None:
    models.perceptron(tmp_path / "m.onnx")
    document = plan("m.onnx", "--ranges", "sound", "--input-range", "-4,4", cwd=tmp_path)
    assert (document["sample"]["ranges"], document["sample"]["fresh_failure_rate"]) == ("sound", 0)
    assert document["plan"]["headroom"] >= 1


def test_what_cannot_be_had_is_said(tmp_path: Path) -> None:
    models.perceptron(tmp_path / "m.onnx")
    document = plan("m.onnx", "--max-memory", "1MiB", cwd=tmp_path)
    assert (document["plan"], document["model"]["verdict"]["binding"]) == (None, "plan")
    assert document["verdict"]["exit_code"] == 1
    exact = plan("m.onnx", "--tolerance", "1e-12", cwd=tmp_path)
    assert "of the output's range off" in exact["model"]["verdict"]["reasons"][0]


def test_a_model_that_ezkl_rejects_has_no_plan(tmp_path: Path) -> None:
    models.dilated_convolution(tmp_path / "m.onnx")
    document = plan("m.onnx", cwd=tmp_path)
    assert (document["plan"], document["verdict"]["status"]) == (None, "infeasible")
    assert document["model"]["verdict"]["binding"] == "support"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--minimize", "prof"), "did you mean prove?"),
        (("--minimize", "usd"), "nobody knows what this-machine costs"),
        (("--input", "nowhere.json"), "nowhere.json"),
        (("--hardware", "laptop"), "did you mean laptop-8c-16g?"),
        (("--max-memory", "lots"), "expected a size"),
        (("--ranges", "soun"), "did you mean sound?"),
        (("--ranges", "sound", "--input-range", "2,1"), "LOW is at most HIGH"),
    ],
)
def test_mistakes_are_told_in_a_line(words: tuple[str, ...], message: str, tmp_path: Path) -> None:
    models.perceptron(tmp_path / "m.onnx")
    ended = auditor("plan", "m.onnx", *words, cwd=tmp_path)
    said = ended.stderr + ended.stdout
    assert ended.returncode == 2
    assert message in said
    assert "Traceback" not in said


def test_an_input_of_another_shape_is_refused(tmp_path: Path) -> None:
    models.perceptron(tmp_path / "m.onnx")
    (tmp_path / "i.json").write_text(json.dumps({"input_data": [[1.0, 2.0, 3.0]]}))
    ended = auditor("plan", "m.onnx", "--input", "i.json", cwd=tmp_path)
    assert "input 'x' takes" in ended.stderr + ended.stdout


@pytest.mark.skipif(ezkl_version() is None, reason="EZKL is not installed")
@pytest.mark.parametrize("sample", ["cancer_mlp", "digits_gru"])
def test_the_settings_it_writes_are_those_ezkl_would_write(sample: str, tmp_path: Path) -> None:
    from auditor.circuit import RunArgs
    from auditor.ezkl.settings import canonical_settings, py_run_args
    from auditor.options import run_arg_changes

    model = SAMPLES / sample / "model.onnx"
    written = tmp_path / "settings.json"
    document = plan(model, "--input", model.with_name("input.json"), "--write", written)
    chosen = RunArgs().with_changes(**run_arg_changes(written, ()))
    request = {"model": str(model), "run_args": py_run_args(chosen)}
    made = run_guarded("auditor.ezkl.worker:gen_settings", request, stage="settings", limits=Limits())
    assert not isinstance(made, WorkerFailure), made
    assert written.read_bytes() == canonical_settings(json.loads(made.value))
    assert json.loads(written.read_bytes())["num_rows"] == document["plan"]["num_rows"]
