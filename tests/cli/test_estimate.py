"""``estimate`` and ``inspect`` from a file to a report and an exit code."""

from __future__ import annotations

import json
import os
from importlib import resources
from pathlib import Path

import jsonschema
import pytest

from tests.cli import models
from tests.cli.test_shell import auditor

HOSTILE = "fc\x1b[2J\x1b]0;pwn\x07\n::error::x\u202e[red]"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    models.perceptron(tmp_path / "small.onnx")
    models.dilated_convolution(tmp_path / "dilated.onnx")
    models.perceptron(tmp_path / "open.onnx", batch="seq_len")
    (tmp_path / "text.onnx").write_text("no model at all")
    (tmp_path / "pointer.onnx").write_text(
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12345\n"
    )
    return tmp_path


def report(folder: Path, *words: str) -> dict:
    ended = auditor("estimate", *words, "--format", "json", cwd=folder)
    document = json.loads(ended.stdout)
    schema = json.loads((resources.files("auditor") / "schemas" / "report-1.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(document)
    assert document["verdict"]["exit_code"] == ended.returncode
    return document


def test_a_small_model_is_feasible_with_every_size(folder: Path) -> None:
    model = report(folder, "small.onnx", "--no-plan")["models"][0]
    circuit = model["circuit"]
    assert (model["path"], model["verdict"]["status"], circuit["supported"], circuit["exact"]) == (
        "small.onnx",
        "feasible",
        True,
        True,
    )
    # ezkl.gen_settings 23.0.5 of this model, at EZKL's default run args.
    assert (circuit["num_rows"], circuit["total_assignments"]) == EZKL_SIZES
    assert sum(layer["num_rows"] for layer in circuit["layers"]) == circuit["num_rows"]
    assert model["model"]["parameters"] == 4 * 8 + 8 + 8 * 3 + 3
    assert model["model"]["macs"] == 4 * 8 + 8 * 3
    assert model["model"]["operators"] == {"Gemm": 2, "Relu": 1}
    assert not [key for key, value in circuit.items() if value is None and key not in ("faithful", "plan")]


EZKL_SIZES = (402, 805)


def test_the_same_input_gives_the_same_bytes(folder: Path) -> None:
    first = auditor("estimate", "small.onnx", "dilated.onnx", "--format", "json", cwd=folder)
    assert (
        auditor("estimate", "small.onnx", "dilated.onnx", "--format", "json", cwd=folder).stdout
        == first.stdout
    )
    absolute = auditor(
        "estimate", str(folder / "small.onnx"), str(folder / "dilated.onnx"), "--format", "json", cwd=folder
    )
    assert absolute.stdout == first.stdout
    assert str(folder) not in first.stdout


def test_run_args_change_the_circuit(folder: Path) -> None:
    one = report(folder, "small.onnx", "--set", "num_inner_cols=1", "--set", "input_scale=5")["models"][0][
        "circuit"
    ]
    assert (one["run_args"]["num_inner_cols"], one["run_args"]["input_scale"]) == (1, 5)
    assert one["num_rows"] == one["total_assignments"]


def test_settings_of_a_report_reproduce_it(folder: Path) -> None:
    first = report(folder, "small.onnx", "--set", "param_scale=9")["models"][0]["circuit"]
    (folder / "settings.json").write_text(json.dumps({"run_args": first["run_args"]}))
    again = report(folder, "small.onnx", "--settings", "settings.json")["models"][0]["circuit"]
    assert again["num_rows"] == first["num_rows"]
    assert again["run_args"] == first["run_args"]


def test_what_ezkl_rejects_is_infeasible_with_reason_and_way_out(folder: Path) -> None:
    model = report(folder, "dilated.onnx")["models"][0]
    assert model["verdict"]["binding"] == "support"
    assert model["circuit"]["supported"] is False
    assert model["circuit"]["unsupported"][0]["reason"]
    shown = auditor("estimate", "dilated.onnx", cwd=folder)
    assert shown.returncode == 1
    assert "Unsupported operators" in shown.stdout


def test_open_dimensions_are_bound_or_asked_for(folder: Path) -> None:
    asked = report(folder, "open.onnx")
    assert asked["verdict"] == {"status": "undetermined", "exit_code": 3}
    assert asked["models"][0]["model"]["inputs"][0]["shape"] == ["seq_len", 4]
    assert any("--dim" in step and "seq_len" in step for step in asked["models"][0]["verdict"]["next"])
    bound = report(folder, "open.onnx", "--dim", "seq_len=5")["models"][0]
    assert bound["model"]["bound_dimensions"] == {"seq_len": 5}
    assert ["seq_len", 5] in bound["circuit"]["run_args"]["variables"]


def test_a_dimension_is_for_the_models_that_have_it(folder: Path) -> None:
    both = report(folder, "small.onnx", "open.onnx", "--dim", "seq_len=5")
    assert [model["verdict"]["status"] for model in both["models"]] == ["feasible", "feasible"]
    assert auditor("estimate", "small.onnx", "open.onnx", "--dim", "point=5", cwd=folder).returncode == 2


def test_one_bad_file_hides_no_other(folder: Path) -> None:
    document = report(folder, "text.onnx", "pointer.onnx", "small.onnx", "missing.onnx")
    assert [model["verdict"]["status"] for model in document["models"]] == [
        "undetermined",
        "undetermined",
        "feasible",
        "undetermined",
    ]
    assert document["verdict"]["exit_code"] == 2
    assert report(folder, "pointer.onnx", "small.onnx")["verdict"]["exit_code"] == 3


def test_limits_of_the_user(folder: Path) -> None:
    default = "--no-plan"
    rows = report(folder, "small.onnx", default)["models"][0]["circuit"]["num_rows"]
    assert report(folder, "small.onnx", default, "--max-rows", str(rows))["verdict"]["status"] == "feasible"
    over = report(folder, "small.onnx", default, "--max-rows", str(rows - 1))
    assert (over["models"][0]["verdict"]["binding"], over["verdict"]["exit_code"]) == ("rows", 1)
    small = report(folder, "small.onnx", default, "--max-logrows", "10")
    assert small["models"][0]["verdict"]["binding"] == "logrows"


def test_run_args_are_planned_unless_they_are_set(folder: Path) -> None:
    planned = report(folder, "small.onnx")["models"][0]["circuit"]
    default = report(folder, "small.onnx", "--no-plan")["models"][0]["circuit"]
    given = report(folder, "small.onnx", "--set", "input_scale=9")["models"][0]["circuit"]
    assert (default["plan"], given["plan"]) == (None, None)
    assert planned["logrows"] < default["logrows"]
    assert planned["plan"]["relative_error"] <= planned["plan"]["tolerance"]
    assert (planned["plan"]["inputs"], planned["plan"]["rows"]) == ("random", 16)


def test_limits_that_no_run_args_keep_are_said_and_the_defaults_are_told(folder: Path) -> None:
    model = report(folder, "small.onnx", "--max-rows", "10")["models"][0]
    assert model["circuit"]["plan"]["reason"] == "no run args keep the limits"
    assert model["circuit"]["run_args"]["input_scale"] == 7
    assert model["verdict"]["binding"] == "rows"


def test_files_are_written_whole_or_not_at_all(folder: Path) -> None:
    ended = auditor(
        "estimate",
        "small.onnx",
        "--output",
        "json=a.json",
        "--output",
        "concise=b.txt",
        "--format",
        "concise",
        cwd=folder,
    )
    assert json.loads((folder / "a.json").read_text())["schema"] == "auditor.report/1"
    assert (folder / "b.txt").read_text() == ended.stdout
    failed = auditor("estimate", "small.onnx", "--output", "json=nowhere/a.json", cwd=folder)
    assert (failed.returncode, failed.stdout) == (2, "")
    (folder / "taken").mkdir()
    assert auditor("estimate", "small.onnx", "--output", "json=taken", cwd=folder).returncode == 2
    assert not [name for name in os.listdir(folder) if name.endswith(".part")]


@pytest.mark.parametrize("command", ["estimate", "inspect"])
def test_the_terminal_report_fits_eighty_columns_and_any_encoding(folder: Path, command: str) -> None:
    plain = auditor(command, "small.onnx", "dilated.onnx", "text.onnx", cwd=folder)
    assert max(len(line) for line in plain.stdout.splitlines()) <= 80
    assert "\x1b" not in plain.stdout
    assert plain.stderr == ""
    narrow = auditor(command, "small.onnx", cwd=folder, PYTHONIOENCODING="ascii")
    assert narrow.returncode == 0
    assert narrow.stdout.isascii()


def test_inspect_shows_what_is_in_the_file(folder: Path) -> None:
    shown = auditor("inspect", "small.onnx", cwd=folder).stdout
    for word in (
        "opset 17",
        "x float [1, 4]",
        "y float [1, 3]",
        "67 parameters",
        "56 multiply",
        "2 Gemm · 1 Relu",
    ):
        assert word in shown


def test_names_of_a_model_act_on_nothing(folder: Path) -> None:
    models.perceptron(folder / "hostile.onnx", name=HOSTILE)
    for words in (["terminal"], ["concise"], ["json"]):
        ended = auditor("estimate", "hostile.onnx", "--format", *words, cwd=folder)
        assert ended.returncode in (0, 1)
        for poison in ("\x1b", "\x07", "\u202e"):
            assert poison not in ended.stdout + ended.stderr
        assert not [line for line in ended.stdout.splitlines() if line.lstrip().startswith("::")]


def test_verbose_and_quiet_leave_stdout_alone(folder: Path) -> None:
    loud = auditor("estimate", "small.onnx", "--verbose", cwd=folder)
    assert auditor("estimate", "small.onnx", "--quiet", cwd=folder).stdout == loud.stdout
