"""``auditor-hook`` where it is more than a check: proofs, and terminals that lack letters."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from auditor import hook
from tests.cli import models, proving
from tests.hooks.checkout import ROOT

SMALL = "{ decomp_base = 128, decomp_legs = 4, num_inner_cols = 1, input_scale = 7, param_scale = 7 }"


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one model, and a cache of its own."""
    monkeypatch.setenv("AUDITOR_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "repository"
    (root / ".git").mkdir(parents=True)
    monkeypatch.chdir(root)
    proving.dense(root / "a.onnx")
    (root / "auditor.toml").write_text(f'[models."*.onnx"]\nrun_args = {SMALL}\n')
    return root


@pytest.fixture
def needs_ezkl() -> None:
    for module in ("ezkl", "onnxruntime"):
        pytest.importorskip(module)


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[str]]:
    capsys.readouterr()
    code = hook.run(list(words))
    out, err = capsys.readouterr()
    assert err == ""
    return code, out.splitlines()


@pytest.mark.usefixtures("needs_ezkl")
def test_each_model_is_proved_and_nothing_is_left_in_the_tree(
    capsys: pytest.CaptureFixture[str], repository: Path
) -> None:
    models.perceptron(Path("open.onnx"), batch="seq_len")
    proving.padded_pool(Path("p.onnx"))
    Path("broken.onnx").write_bytes(b"\x08\x08broken")
    before = sorted(repository.iterdir())
    code, lines = said(capsys, "--prove", "a.onnx", "open.onnx", "p.onnx", "broken.onnx")
    assert code == 2
    assert lines[0].startswith("a.onnx: PASS proof: proved and verified in ")
    assert lines[0].endswith(", SRS unsafe-local")
    assert lines[1].startswith("open.onnx: SKIP proof: undetermined: ")
    assert lines[2].startswith("p.onnx: FAIL proof: refused (fidelity): AUD-FID-003 at node")
    assert lines[3].startswith("broken.onnx: FAIL proof: ")
    assert lines[4:] == ["FAIL [pass: 1 fail: 2 skip: 1]"]
    assert sorted(repository.iterdir()) == before
    assert said(capsys, "--prove", "a.onnx")[0] == 0
    code, lines = said(capsys, "--prove", "open.onnx")
    assert (code, lines[-1]) == (3, "UNDETERMINED [pass: 0 fail: 0 skip: 1]")
    assert said(capsys, "--prove", "--allow-undetermined", "open.onnx")[0] == 0


@pytest.mark.usefixtures("needs_ezkl")
def test_proofs_heed_the_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    models.perceptron(Path("b.onnx"))
    Path("auditor.toml").write_text(
        'exclude = ["a.onnx"]\n[models."b.onnx"]\ncircuit = false\n[models."*.onnx"]\nfront_end = "auto"\n'
    )
    assert said(capsys, "--prove", "a.onnx", "b.onnx") == (0, ["a.onnx: excluded by auditor.toml:1"])
    assert said(capsys, "--prove", "--all-files") == (0, [])
    assert said(capsys, "--prove") == (0, [])
    Path("auditor.toml").write_text("max_row = 1")
    assert said(capsys, "--prove", "a.onnx")[0] == 2


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--srs", "public", "a.onnx"], "--srs is about proofs; add --prove"),
        (["--prove", "--timeout=soon", "a.onnx"], "--timeout soon: expected a number of seconds"),
        (["--prove", "--srs=nowhere", "a.onnx"], "--srs: there is no file 'nowhere'"),
        (["--prove", "--srs"], "--srs: expected a value after it"),
        (["--prov", "a.onnx"], "there is no option --prov; did you mean --prove?"),
    ],
)
def test_usage(words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = said(capsys, *words)
    assert code == 2
    assert len(lines) == 1
    assert lines[0].startswith(f"auditor: {complaint}")


def test_the_last_of_two_values_counts(capsys: pytest.CaptureFixture[str]) -> None:
    """So ``args`` of pre-commit, which follow the entry, can choose another SRS."""
    flags, options, files = hook._parsed(["--prove", "--srs=unsafe-local", "--srs", "public", "a.onnx"])
    assert (flags, options, files) == ({"--prove"}, {"--srs": "public"}, ["a.onnx"])


def test_letters_that_a_terminal_lacks_do_not_fail() -> None:
    Path("a.onnx").rename("größe.onnx")
    Path("auditor.toml").write_text('[budget."*.onnx"]\nmax_rows = 1\nmessage = "too large → ask"\n')
    ended = subprocess.run(
        [sys.executable, "-m", "auditor.hook", "größe.onnx"],
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stdout.startswith(b"gr??e.onnx: FAIL max_rows: rows ")
    assert b"too large ? ask" in ended.stdout
