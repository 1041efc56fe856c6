"""EZKL asked about what we do not model: how long it may take, and what is said when it does not answer."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest

from auditor import front_end
from auditor.circuit import RunArgs
from auditor.ezkl import WorkerDied
from auditor.front_ends import ezkl
from auditor.front_ends.ezkl import instead_limits
from auditor.guard import FailureKind, Limits, WorkerFailure
from auditor.model import read
from tests.hostile.operators.values import VALUES


@pytest.fixture
def unmodelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model that only EZKL can lower, and EZKL is there."""
    path = tmp_path / "m.onnx"
    path.write_bytes(VALUES["pow-of-2-to-the-40"]())
    monkeypatch.setattr(front_end, "_has_ezkl", lambda: True)
    return path


def die(monkeypatch: pytest.MonkeyPatch, kind: FailureKind) -> list[Limits]:
    """EZKL dies of this; what it was allowed comes into the list."""
    allowed: list[Limits] = []

    def call(function: str, request: object, *, stage: str, limits: Limits) -> NoReturn:
        allowed.append(limits)
        raise WorkerDied(WorkerFailure(stage=stage, kind=kind, reason="it was so"))

    monkeypatch.setattr(ezkl, "require_ezkl", lambda: None)
    monkeypatch.setattr(ezkl, "call", call)
    return allowed


def lowered(path: Path, choice: str) -> front_end.Lowered:
    return front_end.lower_model(path, read(path).model, (), RunArgs(), choice)


@pytest.mark.parametrize(("megabytes", "seconds"), [(0, 20), (0.9, 20), (8, 36), (500, 300)])
def test_what_it_may_take_grows_with_the_file(tmp_path: Path, megabytes: float, seconds: int) -> None:
    path = tmp_path / "m.onnx"
    with path.open("wb") as file:
        file.truncate(int(megabytes * 1e6))
    assert instead_limits(path).cpu_seconds == seconds
    assert instead_limits(path).memory_bytes == Limits().memory_bytes


@pytest.mark.parametrize("kind", ["timeout", "memory", "abort", "exit", "hang"])
def test_no_answer_of_ezkl_leaves_it_open(
    unmodelled: Path, monkeypatch: pytest.MonkeyPatch, kind: FailureKind
) -> None:
    allowed = die(monkeypatch, kind)
    found = lowered(unmodelled, "auto")
    assert found.circuit is None
    (open_,) = found.unknown
    assert open_.reason.startswith("Pow is not modelled exactly: a scale of")
    assert "; and lowering with EZKL" in open_.reason
    assert open_.next == (("--front-end ezkl: EZKL has more time then",) if kind == "timeout" else ())
    assert allowed == [instead_limits(unmodelled)]


def test_a_full_disk_is_no_answer_about_the_model(unmodelled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    die(monkeypatch, "disk")
    with pytest.raises(WorkerDied):
        lowered(unmodelled, "auto")


def test_whoever_asks_for_ezkl_waits_as_long_as_it_takes(
    unmodelled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = die(monkeypatch, "timeout")
    with pytest.raises(WorkerDied):
        lowered(unmodelled, "ezkl")
    assert allowed == [Limits()]
