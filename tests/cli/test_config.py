"""``auditor config``: what holds, and where that is said."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import jsonschema
import pytest

from auditor.cli import run
from tests.cli import models

TEXT = """\
fail_on = "medium"
exclude = ["old/**"]
[models."*.onnx"]
run_args = { input_scale = 5 }
[budget."m/*.onnx"]
max_rows = 10
max_logrows = "unlimited"
[budget."*.onnx"]
max_rows = 20
max_logrows = 21
max_increase = { rows = "10%" }
"""


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "m").mkdir()
    monkeypatch.chdir(tmp_path)
    models.perceptron(tmp_path / "m" / "a.onnx")
    (tmp_path / "auditor.toml").write_text(TEXT)


def told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    capsys.readouterr()
    code = run(["config", *words])
    return code, "".join(capsys.readouterr())


def test_a_model_has_one_value_of_each_key(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = told(capsys, "m/a.onnx", "--format", "concise")
    assert code == 0
    assert out.splitlines() == [
        'fail_on = "medium" (auditor.toml:1)',
        "gate_time = false (default)",
        'exclude = "old/**" (auditor.toml:2)',
        'models.run_args = {"input_scale": 5} (auditor.toml:4)',
        "budget.max_rows = 10 (auditor.toml:6)",
        "budget.max_increase.rows = 10% (auditor.toml:11)",
    ]


def test_the_command_line_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    out = told(capsys, "m/a.onnx", "--fail-on", "low", "--gate-time", "--format", "concise")[1]
    assert 'fail_on = "low" (command line)' in out
    assert "gate_time = true (command line)" in out


def test_a_folder_shows_all_tables(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = told(capsys, "--format", "concise")
    assert code == 0
    assert 'budget."m/*.onnx".max_logrows = "unlimited" (auditor.toml:7)' in out
    assert 'budget."*.onnx".max_rows = 20 (auditor.toml:9)' in out


def test_the_document_keeps_its_schema(capsys: pytest.CaptureFixture[str]) -> None:
    schema = json.loads((resources.files("auditor") / "schemas" / "config-1.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    for words in (["m/a.onnx"], [], ["old/x.onnx"]):
        document = json.loads(told(capsys, *words, "--format", "json")[1])
        jsonschema.Draft202012Validator(schema).validate(document)
    assert document["excluded_by"] == "auditor.toml:2"
    assert document["files"] == ["auditor.toml"]


def test_the_page_fits(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = told(capsys, "m/a.onnx")
    assert code == 0
    assert "auditor.toml:6" in out
    assert max(len(line) for line in out.splitlines()) <= 80


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            '[models."*.onnx"]\nrun_args = { input_scal = 7 }',
            "auditor.toml:2: run_args: input_scal: EZKL has no such",
        ),
        (
            '[models."*.onnx"]\nchains = ["bse"]',
            "auditor.toml:2: there is no chain profile 'bse'; did you mean base?",
        ),
        ('[models."x.onnx"]\nplan = true', "auditor.toml:1: no file is named by 'x.onnx'"),
        ("fial_on = 1", "auditor.toml:1: unknown key 'fial_on'; did you mean fail_on?"),
    ],
)
def test_what_is_wrong_is_said(text: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("auditor.toml").write_text(text)
    code, out = told(capsys)
    assert code == 2
    assert words in out
