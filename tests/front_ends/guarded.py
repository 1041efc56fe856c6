"""Functions for a guarded worker to run: each misbehaves in its own way."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


def echo(request: dict[str, Any], result: Path) -> None:
    result.write_text(json.dumps(request))


def surroundings(request: dict[str, Any], result: Path) -> None:
    soft_limits = {
        name: resource.getrlimit(getattr(resource, name))[0] for name in ("RLIMIT_AS", "RLIMIT_CORE")
    }
    about = {
        "directory": os.getcwd(),
        "environment": dict(os.environ),
        "stdin": sys.stdin.read(),
        "limits": soft_limits,
        "leads_session": os.getsid(0) == os.getpid(),
    }
    result.write_text(json.dumps(about))


def refuse(request: dict[str, Any], result: Path) -> None:
    raise RuntimeError(request["message"])


def blunder(request: dict[str, Any], result: Path) -> None:
    raise KeyError("no such thing")


def panic(request: dict[str, Any], result: Path) -> None:
    raise PanicException("index out of bounds")


class PanicException(BaseException):
    """Named as pyo3 names a Rust panic."""


def abort(request: dict[str, Any], result: Path) -> None:
    print(request["message"], file=sys.stderr, flush=True)
    os.abort()


def leave(request: dict[str, Any], result: Path) -> None:
    os._exit(3)


def take_memory(request: dict[str, Any], result: Path) -> None:
    result.write_bytes(bytearray(request["bytes"]))


def be_killed(request: dict[str, Any], result: Path) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def spin(request: dict[str, Any], result: Path) -> None:
    while True:
        pass


def compute(request: dict[str, Any], result: Path) -> None:
    end = time.monotonic() + request["seconds"]
    while time.monotonic() < end:
        sum(range(10_000))
    result.touch()


def sleep_with_a_child(request: dict[str, Any], result: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    Path(request["pids"]).write_text(f"{os.getpid()} {child.pid}")
    time.sleep(60)
