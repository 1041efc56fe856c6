"""A process that answers one JSON line for each it is given, and may die of any of them.

EZKL aborts its process on some models, panics on others and prints to stdout, so the tools run it only here.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, Literal

from msgspec import Struct

REPOSITORY = Path(__file__).parents[1]
MEMORY_LIMIT_BYTES = 8 << 30


class Died(Struct, frozen=True, kw_only=True):
    """There is no answer: the process ended, or was stopped after the time it was given."""

    status: Literal["aborted", "timeout"]
    reason: str


class Worker:
    """One process, started when needed and replaced after it dies.

    ``module`` is run with the argument ``worker`` and calls :func:`serve`; it runs in ``directory``, where
    files for it may be put.
    """

    def __init__(self, module: str) -> None:
        self._module = module
        self._process: subprocess.Popen[str] | None = None
        self._errors: IO[str] | None = None
        self._temporary = tempfile.TemporaryDirectory(prefix="auditor-worker-")
        self.directory = Path(self._temporary.name)

    def ask(self, question: object, timeout_seconds: float) -> dict[str, Any] | Died:
        """The answer; one that is marked ``panicked`` is the process's last."""
        process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(question) + "\n")
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], timeout_seconds)
        if not ready:
            self._kill()
            return Died(status="timeout", reason=f"no answer in {timeout_seconds:g} s")
        line = process.stdout.readline()
        if not line:
            return Died(status="aborted", reason=self._obituary())
        answer: dict[str, Any] = json.loads(line)
        if answer.pop("panicked"):
            self._kill()
        return answer

    def stop(self) -> None:
        """End the process and remove its directory."""
        self._kill()
        self._temporary.cleanup()

    def _start(self) -> subprocess.Popen[str]:
        self._errors = (self.directory / "stderr").open("w+")
        path = os.pathsep.join(filter(None, (str(REPOSITORY), os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            [sys.executable, "-m", self._module, "worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env={**os.environ, "RAYON_NUM_THREADS": "1", "PYTHONPATH": path},
            cwd=self.directory,
        )
        return self._process

    def _kill(self) -> None:
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream is not None:
                stream.close()
        self._process = None

    def _obituary(self) -> str:
        assert self._process is not None
        assert self._errors is not None
        code = self._process.wait()
        self._errors.seek(0)
        last_words = self._errors.read()[-400:].strip()
        self._kill()
        cause = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return f"{cause}: {last_words}"


def serve(answer: Callable[[Any, Any], dict[str, Any]]) -> None:
    """Answers every line on stdin with ``answer(ezkl, question)``; EZKL's own printing goes to stderr."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    import ezkl  # only here: it may end the process

    for line in sys.stdin:
        answers.write(json.dumps(answer(ezkl, json.loads(line))) + "\n")
        answers.flush()


def as_run_args(ezkl: Any, values: Mapping[str, Any]) -> Any:
    """EZKL's own run args; JSON has no tuples, which it wants for ranges and pairs."""
    arguments = ezkl.PyRunArgs()
    for name, value in values.items():
        setattr(arguments, name, _as_tuples(value))
    return arguments


def _as_tuples(value: Any) -> Any:
    if isinstance(value, list | tuple) and value and isinstance(value[0], list | tuple):
        return [tuple(pair) for pair in value]
    return tuple(value) if isinstance(value, list) else value


# --- functions for guarded workers, as auditor/guard.py calls them ---------------------------


def calibrate(request: Mapping[str, str], result: Path) -> None:
    """Has EZKL choose the run args of ``model`` for ``rows`` (paths); the result is its settings.json.

    ``rows`` is an input.json with all rows in turn. All else is EZKL's default.
    """
    import ezkl

    settings = Path("settings.json")
    ezkl.gen_settings(request["model"], str(settings))
    ezkl.calibrate_settings(request["rows"], request["model"], str(settings), "resources")
    result.write_bytes(settings.read_bytes())


def witnesses(request: Mapping[str, Any], result: Path) -> None:
    """Asks ``circuit`` (path) for a witness of each of ``inputs``, contents of input.json, in one process.

    The result is a JSON list: for each the field elements of the outputs, or why there is no witness.
    """
    import ezkl

    found: list[object] = []
    data, witness = Path("input.json"), Path("witness.json")
    for content in request["inputs"]:
        data.write_text(json.dumps(content), encoding="utf-8")
        try:
            ezkl.gen_witness(str(data), request["circuit"], str(witness), vk_path=None, srs_path=None)
            found.append(json.loads(witness.read_bytes())["outputs"])
        except BaseException as error:  # a Rust panic is not an Exception
            found.append(str(error) or type(error).__name__)
    result.write_text(json.dumps(found), encoding="utf-8")
