"""Signs of life: which step, for how long, how long still; and nothing when nobody wants to know."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from auditor import progress as module
from auditor.progress import StepProgress, progress


def until_said(capsys: pytest.CaptureFixture[str], words: str) -> str:
    """What stands on stderr as soon as ``words`` do."""
    said, patience = "", time.monotonic() + 10
    while words not in said:
        assert time.monotonic() < patience, said
        time.sleep(0.01)
        said += capsys.readouterr().err
    return said


def test_a_step_leaves_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    steps = StepProgress(quiet=False)
    with steps.step("keys"):
        pass
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("auditor: keys done in ")
    assert said.err.count("\n") == 1


def test_a_step_that_fails_is_not_done(capsys: pytest.CaptureFixture[str]) -> None:
    steps = StepProgress(quiet=False)
    with pytest.raises(ValueError, match="no"), steps.step("keys"):
        raise ValueError("no")
    assert "done" not in capsys.readouterr().err


def test_what_is_expected_to_be_long_is_announced(capsys: pytest.CaptureFixture[str]) -> None:
    steps = StepProgress(quiet=False)
    steps.expect({"keys": 30.0, "proof": 40.0})
    with steps.step("keys"):
        said = until_said(capsys, "...")
    assert "keys · " in said
    assert "of about 30.0 s · about " in said
    assert "left in all ..." in said


def test_the_patience_for_what_nobody_expected(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.01)
    steps = StepProgress(quiet=False)
    with steps.step("srs"):
        said = until_said(capsys, "...")
    assert "left" not in said
    with progress("reading", quiet=False):
        assert "auditor: reading ..." in until_said(capsys, "...")


def test_a_download_says_how_far_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.2)
    steps = StepProgress(quiet=False)
    with steps.step("srs"):
        steps.bytes_done(1 << 20, 1 << 22)
        assert "srs · 1.0 MiB of 4.0 MiB · " in until_said(capsys, "...")


def test_a_step_that_is_over_is_no_longer_ahead() -> None:
    """What remains is what is left of this step and all of the next."""
    status = module._status
    assert status("keys", 12.0, 30.0, 40.0, "").endswith("about 58.0 s left in all")
    assert status("keys", 45.0, 30.0, 40.0, "").endswith("about 40.0 s left in all")
    assert status("srs", 3.0, None, 40.0, "half") == "srs · half · 3.0 s"


def test_quiet_is_quiet(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.0)
    steps = StepProgress(quiet=True)
    steps.expect({"keys": 30.0})
    with steps.step("keys"), progress("reading", quiet=True):
        steps.detail("half")
        steps.note("something")
        time.sleep(0.05)
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_one_line_lives(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with (tmp_path / "err").open("w", encoding="utf-8") as err:
        monkeypatch.setattr(err, "isatty", lambda: True, raising=False)
        monkeypatch.setattr("sys.stderr", err)
        monkeypatch.setenv("TERM", "dumb")
        steps = StepProgress(quiet=False)
        steps.expect({"keys": 9.0})
        with steps.step("keys"):
            time.sleep(0.6)
    assert (
        (tmp_path / "err").read_text(encoding="utf-8").splitlines()[-1].startswith("auditor: keys done in ")
    )
