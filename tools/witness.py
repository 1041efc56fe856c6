"""What the real EZKL computes: its witness for one model and one input, in guarded worker processes.

EZKL aborts its process on some models, panics on others and prints to stdout, so it never runs in this
process; see ``tools.truth``, which asks for the circuit's size in the same way.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import numpy as np
from msgspec import Struct, field

from tools.worker import Died, Worker, as_run_args, serve

Status = Literal["computed", "rejected", "fails", "aborted", "timeout"]


class Witness(Struct, frozen=True, kw_only=True):
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
        self._worker = Worker("tools.witness")

    def __enter__(self) -> WitnessWorker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._worker.stop()

    def compute(
        self, model: bytes, inputs: Sequence[np.ndarray], run_args: Mapping[str, Any] | None = None
    ) -> Witness:
        """EZKL's outputs for ``inputs``, which stand in the order of the model's graph inputs."""
        (self._worker.directory / "model.onnx").write_bytes(model)
        data = {"input_data": [np.asarray(array, dtype=np.float64).ravel().tolist() for array in inputs]}
        (self._worker.directory / "input.json").write_text(json.dumps(data))
        answer = self._worker.ask(dict(run_args or {}), self._timeout_seconds)
        if isinstance(answer, Died):
            return Witness(status=answer.status, reason=answer.reason)
        outputs = zip(answer["outputs"], answer["shapes"], strict=True)
        return Witness(
            status=answer["status"],
            reason=answer["reason"],
            outputs=tuple(np.asarray(values, dtype=np.float64).reshape(shape) for values, shape in outputs),
        )


# --- the worker ------------------------------------------------------------------------------


def _witness(ezkl: Any, run_args: Mapping[str, Any]) -> dict[str, Any]:
    arguments = as_run_args(ezkl, run_args)
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
    serve(_witness)
