"""The guard: results come back, failures come back as values, and nothing stays behind."""

from __future__ import annotations

import json
import os
import signal
import tempfile
import threading
import time
from pathlib import Path

import pytest

from auditor.guard import Limits, WorkerFailure, WorkerResult, one_line, run_guarded

MIB = 1 << 20


def run(
    function: str, request: dict[str, object] | None = None, **limits: float
) -> WorkerResult | WorkerFailure:
    return run_guarded(
        f"tests.front_ends.guarded:{function}",
        request or {},
        stage="testing",
        limits=Limits(**limits),  # type: ignore[arg-type]
    )


def failure(function: str, request: dict[str, object] | None = None, **limits: float) -> WorkerFailure:
    outcome = run(function, request, **limits)
    assert isinstance(outcome, WorkerFailure)
    assert outcome.stage == "testing"
    assert "\n" not in outcome.reason
    return outcome


def test_a_result_comes_back_with_what_it_cost() -> None:
    outcome = run("echo", {"n": 1, "text": "é"})
    assert isinstance(outcome, WorkerResult)
    assert json.loads(outcome.value) == {"n": 1, "text": "é"}
    assert 0 < outcome.cpu_seconds < 10
    assert MIB < outcome.peak_memory_bytes < 500 * MIB
    assert 0 < outcome.wall_seconds < 30


def test_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    outcome = run("surroundings", memory_bytes=1024 * MIB, threads=2)
    assert isinstance(outcome, WorkerResult)
    about = json.loads(outcome.value)
    directory = about["directory"]
    environment = about["environment"]
    assert environment["HOME"] == environment["EZKL_REPO_PATH"] == environment["TMPDIR"] == directory
    assert environment["RAYON_NUM_THREADS"] == "2"
    assert set(environment) <= {
        "PATH", "LD_LIBRARY_PATH", "HOME", "EZKL_REPO_PATH", "TMPDIR", "RAYON_NUM_THREADS", "LC_ALL",
    }  # fmt: skip
    assert about["stdin"] == ""
    assert about["limits"]["RLIMIT_CORE"] == 0
    assert about["leads_session"]
    assert not Path(directory).exists()


@pytest.mark.skipif(os.uname().sysname != "Linux", reason="address space is limited on Linux only")
def test_memory_is_limited() -> None:
    assert failure("take_memory", {"bytes": 4096 * MIB}, memory_bytes=512 * MIB).kind == "memory"


def test_an_orderly_no() -> None:
    outcome = failure("refuse", {"message": "Failed to do it: [graph] [tract] no such op: Foo"})
    assert (outcome.kind, outcome.reason) == ("rejected", "no such op: Foo")


def test_a_panic() -> None:
    assert failure("panic") == WorkerFailure(stage="testing", kind="panic", reason="index out of bounds")


def test_a_fault_of_the_worker() -> None:
    assert failure("blunder").kind == "exit"


def test_an_abort() -> None:
    outcome = failure("abort", {"message": "stack overflow\nnote: run with a backtrace"})
    assert (outcome.kind, outcome.reason) == ("abort", "stack overflow (SIGABRT)")


def test_an_abort_for_lack_of_memory() -> None:
    outcome = failure("abort", {"message": "memory allocation of 15728640 bytes failed"})
    assert outcome.kind == "memory"
    assert "15728640" in outcome.reason


def test_killed_by_the_system() -> None:
    assert failure("be_killed").kind == "memory"


def test_an_exit_code() -> None:
    assert failure("leave").kind == "exit"


def test_processor_time_is_limited() -> None:
    started = time.monotonic()
    assert failure("spin", cpu_seconds=1).kind == "timeout"
    assert time.monotonic() - started < 30


@pytest.mark.skipif(os.uname().sysname != "Linux", reason="what a process does is known on Linux only")
def test_a_worker_that_does_nothing_hangs(tmp_path: Path) -> None:
    found = failure("sleep_with_a_child", {"pids": str(tmp_path / "pids")}, wall_seconds=50, idle_seconds=2)
    assert (found.kind, found.reason) == ("hang", "did nothing for 2 seconds")
    assert all(gone(int(pid)) for pid in (tmp_path / "pids").read_text().split())


def test_a_worker_that_computes_does_not_hang() -> None:
    assert isinstance(run("compute", {"seconds": 3}, wall_seconds=50, idle_seconds=1), WorkerResult)


def test_a_timeout_ends_the_whole_process_group(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    assert failure("sleep_with_a_child", {"pids": str(pids)}, wall_seconds=3).kind == "timeout"
    assert all(gone(int(pid)) for pid in pids.read_text().split())


def test_an_interruption_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    pids = tmp_path / "pids"

    def interrupt_when_started() -> None:
        while not (pids.exists() and len(pids.read_text().split()) == 2):
            time.sleep(0.02)
        interrupted.append(time.monotonic())
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    interrupted: list[float] = []
    threading.Thread(target=interrupt_when_started, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        run("sleep_with_a_child", {"pids": str(pids)})
    assert time.monotonic() - interrupted[0] < 1.0
    assert all(gone(int(pid)) for pid in pids.read_text().split())
    assert [path.name for path in tmp_path.iterdir()] == ["pids"]


def gone(pid: int) -> bool:
    """Whether a process is over, waiting a moment for the kernel to say so."""
    for _ in range(50):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        status = Path(f"/proc/{pid}/stat")
        if status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z":
            return True  # over, though nobody has collected it
        time.sleep(0.02)
    return False


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("Failed to compile circuit: [graph] [io] (m.onnx) No such file", "(m.onnx) No such file"),
        ("could not\n\nCaused by:\n    0: outer\n    1: inner", "could not: outer: inner"),
        ("called `unwrap()`\nnote: run with `RUST_BACKTRACE=1`", "called `unwrap()`"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("", "no message"),
    ],
)
def test_one_line(text: str, expected: str) -> None:
    assert one_line(text) == expected
