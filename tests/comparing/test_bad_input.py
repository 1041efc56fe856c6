"""Bad input ends in one sentence that says what is wrong, where, and what to do, with code 2 or 3."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli import models
from tests.comparing.running import Ended, auditor


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("bad")
    models.perceptron(place / "small.onnx")
    models.perceptron(place / "open.onnx", batch="seq_len")
    (place / "text.onnx").write_text("no model at all")
    (place / "folder.onnx").mkdir()
    (place / "empty.toml").write_text("")
    (place / "pointer.onnx").write_text(
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12345\n"
    )
    return place


def hold(ended: Ended, code: int, *said: str) -> None:
    assert (ended.code, ended.out) == (code, "")
    for words in said:
        assert words in ended.err
    assert "fault of auditor" not in ended.err
    assert ended.err.count("\n") == 1 or ended.err.startswith("Usage:")
    assert "\x1b" not in ended.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--way zkllmm", ("--way", "'zkllmm'", "did you mean zkllm?")),
        ("--way RE_EXECUTIONS", ("'RE_EXECUTIONS'", "did you mean re-execution?")),
        ("--way nonsense-of-names", ("'nonsense-of-names'", "there are", "jolt-atlas")),
        ("--way \x1b[2J::error::", ("there is no system",)),
        ("--way aggregation", ("'aggregation'",)),
        ("--way EMPTY", ("empty.toml", "schema")),
        ("--way nothere/mine.toml", ("mine.toml", "No such file")),
        ("--scale-width 0", ("--scale-width", "'0'", "1 to 4,096", "as in 2,4,8")),
        ("--scale-depth x", ("--scale-depth", "'x'", "as in 2,4,8")),
        ("--scale-sequence 5000", ("--scale-sequence", "'5000'")),
        ("--scale-width 1.5", ("'1.5'",)),
        ("--scale-width 2,,4", ("''",)),
        ("--scale-width -2", ("'-2'",)),
        ("--scale-width ²", ("--scale-width",)),
        (f"--scale-width {'9' * 5000}", ("--scale-width", "as in 2,4,8")),
        (f"--scale-width {','.join(map(str, range(2, 20)))}", ("19 sizes", "at most 12")),
        ("--stakes enormous", ("--stakes", "'enormous'", "there are high, low, medium")),
        ("--stakes HIGH", ("did you mean high?",)),
        ("--latency nan", ("--latency: nan is no number of seconds", "as in --latency")),
        ("--latency inf", ("--latency: inf",)),
        ("--latency -1", ("--latency",)),
        ("--budget nan", ("--budget: nan is no number of dollars",)),
        ("--budget inf", ("--budget: inf",)),
        ("--budget x", ("--budget",)),
        ("--sequence 0", ("--sequence",)),
        ("--hardware laptop", ("'laptop'", "did you mean laptop-8c-16g?")),
        ("--hardware EMPTY", ("empty.toml", "schema")),
        ("--policy fast", ("'fast'", "there are batch")),
        ("--chain ethereum", ("did you mean ethereum-mainnet?",)),
        ("--fork nonsense", ("'nonsense'", "there are")),
        ("--dim N=1", ("'N'", "open sizes here: none")),
        ("--set nonsense=1", ("nonsense",)),
        ("--format nope", ("'nope'", "there are")),
        ("--output nope", ("--output",)),
        ("second.onnx", ("second.onnx",)),
    ],
)
def test_compare_refuses(words: str, said: tuple[str, ...], folder: Path) -> None:
    given = words.replace("EMPTY", str(folder / "empty.toml")).split(" ")
    hold(auditor("compare", folder / "small.onnx", "--no-plan", *given), 2, *said)


@pytest.mark.parametrize("command", ["compare", "forecast"])
@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("nothere.onnx", 2, ("nothere.onnx", "does not exist", "check the path")),
        ("folder.onnx", 2, ("folder.onnx", "is a directory")),
        ("text.onnx", 2, ("text.onnx", "plain text")),
        # As everywhere: what is missing, and can be had, is 3.
        ("pointer.onnx", 3, ("pointer.onnx", "Git-LFS pointer", "git lfs pull")),
        ("open.onnx", 3, ("open", "--dim seq_len=SIZE")),
    ],
)
def test_a_file_that_is_no_model(
    command: str, name: str, code: int, said: tuple[str, ...], folder: Path
) -> None:
    hold(auditor(command, folder / name, "--no-plan"), code, *said)
