"""action.yml: its shell steps, run by bash as a GitHub runner runs them."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cli import models
from tests.hooks.checkout import ROOT, copy_project, require_registry, run, shared

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
if shutil.which("bash") is None:
    pytest.skip("there is no bash", allow_module_level=True)

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS: dict[str, dict[str, Any]] = {step["id"]: step for step in ACTION["runs"]["steps"]}


@pytest.fixture(scope="session")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder for temporary files of a runner, on which the action has installed auditor from itself."""

    def make(place: Path) -> None:
        require_registry(place)
        copy_project(place / "action")
        code, out, _ = Step("install", place, {}).run(place, timeout=300)
        assert code == 0, out

    with shared(tmp_path_factory, "action", make) as place:
        yield place


class Step:
    """One step with its inputs: expressions are evaluated in its ``env``, as the script has none."""

    def __init__(self, name: str, runner: Path, inputs: Mapping[str, str]) -> None:
        known = {key: value["default"] for key, value in ACTION["inputs"].items()}
        assert set(inputs) <= set(known)
        self._values = {f"inputs.{key}": value for key, value in (known | dict(inputs)).items()}
        self._values |= {
            "runner.temp": str(runner),
            "github.action_path": str(runner / "action"),
            "steps.python.outputs.python-path": sys.executable,
        }
        step = STEPS[name]
        assert step["shell"] == "bash"
        self._script = step["run"]
        self._env = {key: self._evaluated(value) for key, value in step["env"].items()}

    def run(self, cwd: Path, timeout: float = 60) -> tuple[int, str, dict[str, str]]:
        """The exit code, what is printed, and the files that the step may write to."""
        place = cwd.parent / f"{cwd.name}-step"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        script = place / "script.sh"
        script.write_text(self._script)
        files = {"GITHUB_OUTPUT": place / "output", "GITHUB_STEP_SUMMARY": place / "summary"}
        for file in files.values():
            file.touch()
        env = {**self._env, **{key: str(file) for key, file in files.items()}}
        words = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", script)
        ended = run(*words, cwd=cwd, env=env, timeout=timeout)
        return ended.returncode, ended.stdout, {key: file.read_text() for key, file in files.items()}

    def _evaluated(self, value: str) -> str:
        return re.sub(r"\$\{\{ (.*?) \}\}", lambda found: self._values[found[1]], value)


def check(runner: Path, cwd: Path, **inputs: str) -> tuple[int, str, dict[str, str]]:
    """The step in a repository, on a runner whose other files are its own."""
    own = cwd.parent / "runner"
    own.mkdir(exist_ok=True)
    if not (own / "auditor-venv").exists():
        (own / "auditor-venv").symlink_to(runner / "auditor-venv")
    return Step("check", own, inputs).run(cwd)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    for name in ("m/a.onnx", "m/deep/b c.onnx"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        models.perceptron(root / name)
    (root / "auditor.toml").write_text('[budget."*.onnx"]\nmax_rows = 1_000\n')
    return root


def test_no_text_from_outside_stands_in_a_script() -> None:
    for step in STEPS.values():
        assert "${{" not in step.get("run", "")
    assert ACTION["runs"]["using"] == "composite"
    assert all("default" in item and item["description"] for item in ACTION["inputs"].values())
    assert STEPS["python"]["with"]["update-environment"] is False


def test_inputs_that_are_used_are_declared() -> None:
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"\$\{\{ inputs\.([a-z-]+) \}\}", text)) == set(ACTION["inputs"])
    assert set(re.findall(r"\$\{\{ steps\.([a-z-]+)\.", text)) <= set(STEPS)


def test_what_passes_is_in_the_summary_and_has_no_annotations(runner: Path, repository: Path) -> None:
    code, out, files = check(runner, repository)
    assert code == 0, out
    assert files["GITHUB_OUTPUT"] == "exit-code=0\n"
    assert "max_rows" in files["GITHUB_STEP_SUMMARY"]
    assert [line for line in out.splitlines() if line.startswith("::")] == [
        "::group::auditor check",
        "::endgroup::",
    ]
    assert "m/deep/b c.onnx: PASS max_rows: rows 402 <= 1,000 (auditor.toml:2)" in out
    assert check(runner, repository, summary="false")[2]["GITHUB_STEP_SUMMARY"] == ""


def test_what_fails_is_annotated_and_written_where_it_was_asked_for(runner: Path, repository: Path) -> None:
    (repository / "auditor.toml").write_text('[budget."*.onnx"]\nmax_rows = 100\n')
    formats = "sarif=auditor.sarif\njunit=auditor.xml\n"
    code, out, files = check(runner, repository, formats=formats, paths="m/a.onnx")
    assert code == 1
    assert files["GITHUB_OUTPUT"] == "exit-code=1\n"
    assert "::error file=m/a.onnx,line=1,title=budget max_rows::" in out
    assert "FAIL" in files["GITHUB_STEP_SUMMARY"]
    assert '"version": "2.1.0"' in (repository / "auditor.sarif").read_text()
    assert "<testsuite" in (repository / "auditor.xml").read_text()


def test_wrong_usage_is_an_error_and_no_report(runner: Path, repository: Path) -> None:
    for inputs in ({"formats": "sariff=x"}, {"formats": "sarif=nowhere/x"}, {"args": "--fail-on grave"}):
        code, out, files = check(runner, repository, **inputs)
        assert code == 2
        assert "::error title=auditor::exit code 2: " in out
        assert files["GITHUB_OUTPUT"] == "exit-code=2\n"


def test_paths_may_be_globs_and_have_blanks(runner: Path, repository: Path) -> None:
    def seen(paths: str) -> set[str]:
        out = check(runner, repository, paths=paths)[1]
        return {line.partition(": ")[0] for line in out.splitlines() if ": PASS max_rows" in line}

    both = {"m/a.onnx", "m/deep/b c.onnx"}
    assert seen("m/*.onnx") == {"m/a.onnx"}
    assert seen("m/**/*.onnx") == both
    assert seen("m/deep/b c.onnx\n\n  m/a.onnx".replace("  ", "")) == both
    assert seen("m/a.onnx\nm/deep/*c.onnx\n") == both
    code, out, _ = check(runner, repository, paths="n/*.onnx")
    assert code == 2
    assert "n/*.onnx: FAIL verdict: does not exist" in out


def test_arguments_are_words_and_never_commands(runner: Path, repository: Path) -> None:
    code, out, _ = check(runner, repository, args="--static\n  --fail-on info", paths="m/a.onnx")
    assert code == 0, out
    assert "the circuit was not looked at" in out
    for text in ("--fail-on $(touch owned)", "`touch owned`", "; touch owned", "m/*"):
        check(runner, repository, args=text, paths=text, formats=text)
    assert not (repository / "owned").exists()
    assert not (Path(os.environ.get("PWD", ".")) / "owned").exists()


def test_what_cannot_be_told_is_exit_code_3(runner: Path, repository: Path) -> None:
    oid = "a" * 64
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 1234\n"
    (repository / "p.onnx").write_text(text)
    code, out, files = check(runner, repository, paths="p.onnx")
    assert code == 3
    assert files["GITHUB_OUTPUT"] == "exit-code=3\n"
    assert "git lfs pull" in out
    assert check(runner, repository, paths="p.onnx", args="--allow-undetermined")[0] == 0
