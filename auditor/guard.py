"""Runs a function in a process of its own, so that whatever it does to itself does nothing to us.

EZKL panics, aborts when memory runs out, holds Python's lock for minutes and reads caches from the home
directory. A guarded function therefore runs in a fresh interpreter with limits on memory, processor and wall
time, in an empty directory that is also its home, and hands its result back in a file.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from msgspec import Struct

from auditor.safe import safe

FailureKind = Literal["rejected", "panic", "abort", "memory", "disk", "timeout", "hang", "exit"]
"""``rejected``: an orderly no. ``panic``, ``abort``: the library died. ``memory``, ``disk``, ``timeout``: a
limit was reached. ``hang``: it lived and did nothing. ``exit``: anything else that ended it without a
result."""

_GIB = 1 << 30


class Limits(Struct, frozen=True, kw_only=True):
    """What a worker may use. ``file_bytes`` bounds each file it writes, its result included.

    A worker that uses next to no processor time for ``idle_seconds`` waits for something that never comes;
    None is patient, as one has to be with a worker that has others work for it. Known on Linux only.
    """

    memory_bytes: int = 8 * _GIB
    cpu_seconds: int = 300
    wall_seconds: float = 300.0
    file_bytes: int = 4 * _GIB
    threads: int = 1
    idle_seconds: float | None = None


class WorkerResult(Struct, frozen=True, kw_only=True):
    """What a worker returned, and what it used."""

    value: bytes
    wall_seconds: float
    cpu_seconds: float
    peak_memory_bytes: int


class WorkerFailure(Struct, frozen=True, kw_only=True):
    """Why a worker returned nothing. ``reason`` is one printable line in the words of who failed."""

    stage: str
    kind: FailureKind
    reason: str

    def __str__(self) -> str:
        return f"{self.stage}: {self.reason}"


def run_guarded(
    function: str,
    request: Mapping[str, object],
    *,
    stage: str,
    limits: Limits,
    workspace: Path | None = None,
) -> WorkerResult | WorkerFailure:
    """Calls ``function`` (``package.module:name``) in a worker as ``name(request, result_path)``.

    ``request`` must survive JSON; paths in it must be absolute, as the worker starts in a directory of its
    own, made in ``workspace`` (where None, in the system's place for temporary files). The function writes
    its result to ``result_path``. ``stage`` says in a failure what was going on.
    An interruption (Ctrl-C, or any exception here) kills the worker and all it started, then goes on.
    """
    with tempfile.TemporaryDirectory(prefix="auditor-", dir=workspace, ignore_cleanup_errors=True) as name:
        directory = Path(name)
        order = {"function": function, "request": request, "limits": _as_order(limits)}
        (directory / _ORDER).write_text(json.dumps(order), encoding="utf-8")
        started = time.monotonic()
        with (directory / _OUTPUT).open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-I", "-B", "-c", _BOOTSTRAP, str(Path(__file__).parents[1])],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=directory,
                env=_environment(directory, limits.threads),
                start_new_session=True,
            )
            stopped = _wait(process, limits)
        if stopped == "timeout":
            reason = f"stopped after {limits.wall_seconds:g} seconds"
            return WorkerFailure(stage=stage, kind="timeout", reason=reason)
        if stopped == "hang":
            reason = f"did nothing for {limits.idle_seconds:g} seconds"
            return WorkerFailure(stage=stage, kind="hang", reason=reason)
        return _read_outcome(directory, process.returncode, time.monotonic() - started, stage)


def _wait(process: subprocess.Popen[bytes], limits: Limits) -> Literal["timeout", "hang"] | None:
    """Why the worker was stopped, or None; at any exit from here its whole process group is gone."""
    try:
        if sys.platform == "linux":
            return _watch(process.pid, limits)
        process.wait(limits.wall_seconds)
        return None
    except subprocess.TimeoutExpired:
        return "timeout"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


_LOOKS_WHILE_IDLE = 10
_IDLE_SHARE = 0.05
"""Less of a processor than this is the ticking of a runtime that waits."""


def _watch(pid: int, limits: Limits) -> Literal["timeout", "hang"] | None:
    # Popen.wait polls, which costs a short-lived worker as much again as its work.
    ended = os.pidfd_open(pid)
    idle_seconds = limits.idle_seconds or limits.wall_seconds
    deadline = time.monotonic() + limits.wall_seconds
    busy_until, used = time.monotonic(), 0.0
    try:
        while (left := deadline - time.monotonic()) > 0:
            if select.select([ended], [], [], min(left, idle_seconds / _LOOKS_WHILE_IDLE))[0]:
                return None
            now, cpu_seconds = time.monotonic(), _cpu_seconds(pid)
            if cpu_seconds - used > _IDLE_SHARE * idle_seconds:
                busy_until, used = now, cpu_seconds
            elif limits.idle_seconds is not None and now - busy_until >= idle_seconds:
                return "hang"
        return "timeout"
    finally:
        os.close(ended)


def _cpu_seconds(pid: int) -> float:
    """Processor time of a process and all its threads so far, by ``/proc``; 0 when it has just ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0.0
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _environment(directory: Path, threads: int) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    home = str(directory)
    return kept | {
        "HOME": home,
        "TMPDIR": home,
        # EZKL trusts the tables it finds in this cache without a check: nobody else may have written there.
        "EZKL_REPO_PATH": home,
        "RAYON_NUM_THREADS": str(threads),
        "LC_ALL": "C.UTF-8",
    }


# --- what became of it ---------------------------------------------------------------------

_TAIL_BYTES = 1 << 16

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

_NO_ROOM = 77
"""The exit code of a worker that found no room even for the word that there is none."""


def _read_outcome(
    directory: Path, returncode: int, wall_seconds: float, stage: str
) -> WorkerResult | WorkerFailure:
    outcome_path = directory / _OUTCOME
    if returncode != 0 or not outcome_path.exists():
        with (directory / _OUTPUT).open("rb") as output:
            output.seek(max(0, output.seek(0, os.SEEK_END) - _TAIL_BYTES))
            text = output.read().decode("utf-8", "replace")
        return _death(returncode, text, stage)
    outcome = json.loads(outcome_path.read_text(encoding="utf-8"))
    if outcome["kind"] != "done":
        return WorkerFailure(stage=stage, kind=outcome["kind"], reason=one_line(outcome["reason"]))
    return WorkerResult(
        value=(directory / _RESULT).read_bytes(),
        wall_seconds=wall_seconds,
        cpu_seconds=outcome["cpu_seconds"],
        peak_memory_bytes=outcome["peak_memory_bytes"],
    )


def _death(returncode: int, output: str, stage: str) -> WorkerFailure:
    """A worker that ended without a word: by a signal, or with an exit code of its own."""
    how = signal.Signals(-returncode).name if returncode < 0 else f"exit code {returncode}"
    message, _, _ = output.partition("stack backtrace:")
    lines = [line for line in message.splitlines() if line.strip() and not line.startswith("note: ")]
    last_words = one_line("".join(lines[-1:]))
    if -returncode == signal.SIGXCPU:
        return WorkerFailure(stage=stage, kind="timeout", reason="used up its processor time")
    if -returncode == signal.SIGKILL:
        # Nobody but the kernel's out-of-memory killer or a person kills a worker like this.
        return WorkerFailure(stage=stage, kind="memory", reason="killed by the system, likely out of memory")
    if returncode == _NO_ROOM:
        return WorkerFailure(stage=stage, kind="disk", reason="no space left on device")
    kind: FailureKind = "abort" if returncode < 0 else "exit"
    if _says_out_of_memory(output):
        kind = "memory"
    return WorkerFailure(stage=stage, kind=kind, reason=f"{last_words} ({how})")


def _says_out_of_memory(text: str) -> bool:
    # The last is what a thread gets that finds no room for its stack.
    signs = ("memory allocation of", "cannot allocate memory", "resource temporarily unavailable")
    return any(sign in text.lower() for sign in signs)


def _says_disk_full(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in _DISK_FULL:
        return True
    signs = ("no space left on device", "disk quota exceeded", "file too large")
    return any(sign in str(error).lower() for sign in signs)


def one_line(text: str) -> str:
    """The message in a Rust error: without wrappers, module tags, notes about backtraces and line breaks.

    >>> one_line("Failed to compile circuit: [graph] [tract] Undetermined symbol in expression: N")
    'Undetermined symbol in expression: N'
    >>> one_line("could not do it\\n\\nCaused by:\\n    0: outer\\n    1: the disk is full")
    'could not do it: outer: the disk is full'
    """
    words = []
    for line in text.strip().splitlines():
        line = line.strip()
        if line.startswith(("note: ", "stack backtrace:")):
            break
        number, colon, rest = line.partition(": ")
        line = rest if colon and number.isdigit() else line
        if line and line != "Caused by:":
            words.append(line)
    message = ": ".join(words)
    wrapper, colon, rest = message.partition(": ")
    if colon and wrapper.startswith("Failed to "):
        message = rest
    while message.startswith("[") and "] " in message:
        message = message.partition("] ")[2]
    return safe(message, limit=400) or "no message"


# --- the worker's side ---------------------------------------------------------------------

_ORDER, _OUTPUT, _OUTCOME, _RESULT = "order.json", "output.txt", "outcome.json", "result.bin"

_BOOTSTRAP = "import sys; sys.path.append(sys.argv[1]); from auditor.guard import work; work()"
"""``-I`` keeps the user's PYTHONPATH and current directory out of the worker, so it is told where we are."""


def work() -> None:
    """The main function of a worker: carries out the order in its current directory."""
    order = json.loads(Path(_ORDER).read_text(encoding="utf-8"))
    _limit_this_process(order["limits"])
    outcome = _carry_out(order["function"], order["request"])
    try:
        Path(_OUTCOME).write_text(json.dumps(outcome | _usage()), encoding="utf-8")
    except OSError as error:
        # Nothing can be handed over, nor printed, as that goes to the same disk.
        os._exit(_NO_ROOM if error.errno in _DISK_FULL else 1)
    sys.stdout.flush()
    # Libraries with threads have been seen to crash while the interpreter shuts down; all is written by now.
    os._exit(0)


def _carry_out(function: str, request: dict[str, object]) -> dict[str, object]:
    module, _, name = function.partition(":")
    try:
        getattr(importlib.import_module(module), name)(request, Path(_RESULT).absolute())
    except BaseException as error:  # a Rust panic is not an Exception
        return {"kind": _kind_of(error), "reason": str(error) or type(error).__name__}
    return {"kind": "done"}


def _kind_of(error: BaseException) -> FailureKind:
    if isinstance(error, MemoryError) or _says_out_of_memory(str(error)):
        return "memory"
    if _says_disk_full(error):
        return "disk"
    if type(error).__name__ == "PanicException":
        return "panic"
    # What EZKL and its argument conversion raise. Anything else is a fault of the worker's own code.
    return "rejected" if isinstance(error, (RuntimeError, ValueError, OverflowError)) else "exit"


def _as_order(limits: Limits) -> dict[str, int]:
    return {
        "memory_bytes": limits.memory_bytes,
        "cpu_seconds": limits.cpu_seconds,
        "file_bytes": limits.file_bytes,
        "parent": os.getpid(),
    }


def _limit_this_process(limits: dict[str, int]) -> None:
    import resource

    if sys.platform == "linux":
        import ctypes

        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
        if os.getppid() != limits["parent"]:  # it died before we asked to die with it
            os._exit(1)
        _offer_to_the_oom_killer()
        # macOS has no working limit on address space.
        _lower(resource.RLIMIT_AS, limits["memory_bytes"])
    _lower(resource.RLIMIT_CPU, limits["cpu_seconds"])
    _lower(resource.RLIMIT_FSIZE, limits["file_bytes"])
    _lower(resource.RLIMIT_CORE, 0)


def _offer_to_the_oom_killer() -> None:
    """When memory runs out, the worker is to die, and not a bystander."""
    with contextlib.suppress(OSError):  # some containers allow no change
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def _lower(which: int, limit: int) -> None:
    """Sets a limit, or keeps the one in force where that is lower."""
    import resource

    _, hard = resource.getrlimit(which)
    limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(which, (limit, hard))


def _usage() -> dict[str, object]:
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    unit_bytes = 1 if sys.platform == "darwin" else 1024
    peak_bytes = _peak_since_start_bytes() or used.ru_maxrss * unit_bytes
    return {"cpu_seconds": used.ru_utime + used.ru_stime, "peak_memory_bytes": peak_bytes}


def _peak_since_start_bytes() -> int | None:
    """Linux counts to ``ru_maxrss`` what the process held before it became this program: our own memory."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return None
    peaks = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return next((int(peak) * 1024 for peak in peaks), None)
