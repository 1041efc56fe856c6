"""A forked worker that judges mutants with little memory, and the watcher who replaces it."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from msgspec import to_builtins
from msgspec.structs import replace

from tools.fuzzing.outcome import Judge, Mutant, Outcome, Subject, crash

CPU_SECONDS = 10.0
WALL_SECONDS = 60.0
MEMORY_BYTES = 10**9
_KB = 1024

Mutants = Callable[[int], Mutant]
"""The mutant of every number."""


# --- the worker ----------------------------------------------------------------------------


def _work(numbers: range, mutant: Mutants, judge: Judge, pipe: int) -> None:
    """Judges mutant after mutant; before each it says its number, after each the outcome."""
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (_status_kb("VmSize") * _KB + MEMORY_BYTES,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=_memory_disk()) as directory:
        for number in numbers:
            subject = _written(mutant(number), Path(directory))
            _tell(pipe, {"number": number})
            _tell(pipe, {"number": number, "outcome": to_builtins(_measured(judge, subject))})


def _written(mutant: Mutant, directory: Path) -> Subject:
    path, parent = directory / "m.onnx", directory / "parent.onnx"
    path.write_bytes(mutant.content)
    parent.write_bytes(mutant.parent)
    return Subject(number=mutant.number, path=path, parent=parent)


def _measured(judge: Judge, subject: Subject) -> Outcome:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak counts from here
    before, started = _status_kb("VmRSS"), time.process_time()
    try:
        outcome = judge(subject)
    except MemoryError:
        outcome = Outcome(kind="memory", failure="memory: MemoryError")
    except BaseException:
        outcome = crash(traceback.format_exc())
    seconds = time.process_time() - started
    grown = max(0, _status_kb("VmHWM") - before) * _KB
    failure = outcome.failure or ("hang" if seconds > CPU_SECONDS else "")
    return replace(outcome, failure=failure, cpu_seconds=seconds, memory_bytes=grown)


def _status_kb(name: str) -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith(f"{name}:")))


def _memory_disk() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _tell(pipe: int, what: dict[str, Any]) -> None:
    os.write(pipe, json.dumps(what).encode() + b"\n")


# --- the watcher ---------------------------------------------------------------------------


def run(numbers: range, mutant: Mutants, judge: Judge) -> Iterator[tuple[int, Outcome]]:
    """The outcomes of mutants, in order; a worker that dies or does not end is replaced by another."""
    at = numbers.start
    while at < numbers.stop:
        for number, outcome in _one_worker(range(at, numbers.stop), mutant, judge):
            at = number + 1
            yield number, outcome


def _one_worker(numbers: range, mutant: Mutants, judge: Judge) -> Iterator[tuple[int, Outcome]]:
    """Outcomes until the worker is done or has to be ended; then the last is why."""
    reader, writer = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        try:
            _work(numbers, mutant, judge, writer)
            os._exit(0)
        except BaseException:  # a fault of this tool
            traceback.print_exc()
        finally:
            os._exit(1)
    os.close(writer)
    busy_with = numbers.start
    try:
        left = b""
        while True:
            lines, left, ended = _listen(pid, reader, left)
            for line in lines:
                told = json.loads(line)
                busy_with = told["number"] + ("outcome" in told)
                if "outcome" in told:
                    yield told["number"], Outcome(**told["outcome"])
            if ended:
                break
    finally:
        os.close(reader)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if busy_with < numbers.stop:
        why = "hang" if ended == "hang" else f"died: {status}"
        yield busy_with, Outcome(kind=why.partition(":")[0], failure=why, cpu_seconds=CPU_SECONDS)


def _listen(pid: int, reader: int, left: bytes) -> tuple[list[bytes], bytes, str]:
    """(whole lines, the rest, why it is over or '')."""
    started, used = time.monotonic(), _cpu_seconds(pid)
    while not select.select([reader], [], [], 0.5)[0]:
        late = _cpu_seconds(pid) - used > CPU_SECONDS + 1
        if late or time.monotonic() - started > WALL_SECONDS:
            return [], left, "hang"
    got = os.read(reader, 1 << 16)
    if not got:
        return [], left, "end"
    *lines, left = (left + got).split(b"\n")
    return lines, left, ""


def _cpu_seconds(pid: int) -> float:
    fields = (
        Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    )
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
