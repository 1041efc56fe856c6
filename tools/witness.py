"""What the real EZKL computes: its witness for one model and one input, in guarded worker processes.

EZKL aborts its process on some models, panics on others and prints to stdout, so it never runs in this
process; see ``tools.truth``, which asks for the circuit's size in the same way.
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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal

import numpy as np

Status = Literal["computed", "rejected", "fails", "aborted", "timeout"]

MEMORY_LIMIT_BYTES = 8 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """EZKL's outputs as real numbers, one for each output of the model, in the shapes EZKL gives them.

    ``rejected`` says that EZKL makes no circuit, ``fails`` that it makes one and then no witness.
    """

    status: Status
    reason: str
    outputs: tuple[np.ndarray, ...] = field(default=())


class WitnessWorker:
    """One process that runs EZKL, started when needed and replaced after it dies. A context manager."""

    def __init__(self, timeout_seconds: float = 60.0) -> None:
        self._timeout_seconds = timeout_seconds
        self._process: subprocess.Popen[str] | None = None
        self._directory = tempfile.TemporaryDirectory(prefix="auditor-witness-")
        self._errors: IO[str] | None = None

    def __enter__(self) -> WitnessWorker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._kill()
        self._directory.cleanup()

    def compute(
        self, model: bytes, inputs: Sequence[np.ndarray], run_args: Mapping[str, Any] | None = None
    ) -> Witness:
        """EZKL's outputs for ``inputs``, which stand in the order of the model's graph inputs."""
        process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        Path(self._directory.name, "model.onnx").write_bytes(model)
        data = {"input_data": [np.asarray(array, dtype=np.float64).ravel().tolist() for array in inputs]}
        Path(self._directory.name, "input.json").write_text(json.dumps(data))
        process.stdin.write(json.dumps(dict(run_args or {})) + "\n")
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], self._timeout_seconds)
        if not ready:
            self._kill()
            return Witness(status="timeout", reason=f"no answer in {self._timeout_seconds:g} s")
        line = process.stdout.readline()
        if not line:
            return Witness(status="aborted", reason=self._obituary())
        answer = json.loads(line)
        if answer["panicked"]:
            self._kill()
        outputs = zip(answer["outputs"], answer["shapes"], strict=True)
        return Witness(
            status=answer["status"],
            reason=answer["reason"],
            outputs=tuple(np.asarray(values, dtype=np.float64).reshape(shape) for values, shape in outputs),
        )

    def _start(self) -> subprocess.Popen[str]:
        self._errors = Path(self._directory.name, "stderr").open("w+")  # noqa: SIM115 - closed by _kill
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env={**os.environ, "RAYON_NUM_THREADS": "1"},
            cwd=self._directory.name,
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


# --- the worker ------------------------------------------------------------------------------


def run_worker() -> None:
    """Answers one JSON line on stdout for each on stdin; EZKL's own printing goes to stderr."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    import ezkl  # only here: it may end the process

    for line in sys.stdin:
        answers.write(json.dumps(_witness(ezkl, json.loads(line))) + "\n")
        answers.flush()


def _witness(ezkl: Any, run_args: Mapping[str, Any]) -> dict[str, Any]:
    arguments = ezkl.PyRunArgs()
    for name, value in run_args.items():
        setattr(arguments, name, tuple(value) if isinstance(value, list) else value)
    status = "rejected"
    answer: dict[str, Any] = {"reason": "", "panicked": False, "outputs": [], "shapes": []}
    try:
        ezkl.gen_settings("model.onnx", "settings.json", py_run_args=arguments)
        ezkl.compile_circuit("model.onnx", "model.compiled", "settings.json")
        status = "fails"
        ezkl.gen_witness("input.json", "model.compiled", "witness.json")
        pretty = json.loads(Path("witness.json").read_text())["pretty_elements"]
        outputs = pretty["rescaled_outputs"]
        answer["outputs"] = [[float(value) for value in one] for one in outputs]
        shapes = json.loads(Path("settings.json").read_text())["model_instance_shapes"]
        answer["shapes"] = shapes[len(shapes) - len(outputs) :]
        status = "computed"
    except Exception as error:
        answer["reason"] = str(error)
    except BaseException as error:  # PyO3 raises a Rust panic as a BaseException
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        answer |= {"reason": f"panic: {error}", "panicked": True}
    return answer | {"status": status}


if __name__ == "__main__":
    run_worker()
