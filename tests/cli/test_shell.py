"""The command as a user meets it: a process with arguments, stdout, stderr and an exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from auditor import __version__, cli

ROOT = Path(__file__).parents[2]


def auditor(*words: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs ``python -m auditor`` as a user would."""
    return subprocess.run(
        [sys.executable, "-m", "auditor", *words],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_version() -> None:
    for words in (["--version"], ["--version", "list"]):
        ended = auditor(*words)
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"auditor {__version__}\n", "")


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["estimate", "--help"],
        ["inspect", "-h"],
        ["list", "-h"],
        ["explain", "-h"],
        ["prove", "-h"],
        ["verify", "-h"],
        ["cache", "-h"],
        ["cache", "prune", "-h"],
    ],
)
def test_help_fits_a_terminal_and_shows_an_example_or_the_exit_codes(words: list[str]) -> None:
    ended = auditor(*words, COLUMNS="80")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert max(len(line) for line in ended.stdout.splitlines()) <= 80
    assert "Example" in ended.stdout or "Exit codes" in ended.stdout


def test_lists_and_explanations() -> None:
    assert "operators" in auditor("list").stdout.splitlines()
    assert any(line.startswith("MaxPool ") for line in auditor("list", "operators").stdout.splitlines())
    assert "terminal" in auditor("list", "formats").stdout.splitlines()
    explained = auditor("explain", "max-pool")
    assert explained.stdout.startswith("MaxPool (operators)\n")
    assert "Sources" in explained.stdout


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["estimate"],
        ["estimate", "x.onnx", "--nonsense"],
        ["estimate", "x.onnx", "--set", "scale=1"],
        ["estimate", "x.onnx", "--set", "input_scale"],
        ["estimate", "x.onnx", "--dim", "N=0"],
        ["estimate", "x.onnx", "--format", "yaml"],
        ["estimate", "x.onnx", "--output", "yaml=x"],
        ["estimate", "x.onnx", "--output", "json"],
        ["estimate", "x.onnx", "--front-end", "tract"],
        ["estimate", "x.onnx", "--settings", "none.json"],
        ["estimate", "x.onnx", "-n", "-1"],
        ["estimate", "x.onnx", "--max-rows", "many"],
        ["list", "nonsense"],
        ["explain", "nonsense"],
    ],
)
def test_wrong_usage_is_exit_2_with_one_reason_on_stderr(words: list[str]) -> None:
    ended = auditor(*words)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.strip()
    assert "Traceback" not in ended.stderr


def test_a_reader_that_leaves_is_no_error() -> None:
    pipeline = f"{sys.executable} -m auditor list operators | true; echo ${{PIPESTATUS[0]}}"
    ended = subprocess.run(
        ["bash", "-c", pipeline], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip
    assert ended.stderr == ""
    assert ended.stdout == "0\n"


def test_completion_scripts_are_there() -> None:
    assert (
        "auditor"
        in auditor("--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1").stdout
    )


def test_a_fault_of_auditor_is_exit_4_with_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("first\x1b[31m line\nsecond line")

    monkeypatch.setattr("auditor.rules.find", fail)
    assert cli.run(["explain", "x"]) == 4
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "RuntimeError: first[31m line; this is a fault of auditor" in said.err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_process_without_a_traceback(number: signal.Signals, code: int) -> None:
    # Waits on a pipe that nobody writes to, so that it is still running when the signal comes.
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "auditor", "estimate", "x.onnx", "--settings", f"/dev/fd/{reading}"],
        cwd=ROOT,
        pass_fds=[reading],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=2)
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
        os.close(reading)
        os.close(writing)
    assert (process.returncode, out, err) == (code, "", "")


def test_ctrl_c_is_exit_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("auditor.rules.find", interrupt)
    assert cli.run(["explain", "x"]) == 130
    assert capsys.readouterr().out == ""
