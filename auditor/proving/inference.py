"""The model's own answer, and how long it takes: what a proof is compared with."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct

from auditor.guard import Limits, WorkerFailure
from auditor.onnx_runtime import call, require_onnx_runtime
from auditor.safe import safe

_STAGE = "running the model in ONNX Runtime"


class InferenceFailed(Exception):
    """ONNX Runtime gave no answer; ``reason`` is one printable line."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Inference(Struct, frozen=True, kw_only=True):
    """What a model made of one set of inputs.

    ``seconds`` is the time on one thread, loading not counted (see :func:`infer_all`); ``runtime`` names
    who ran it, with its version. ``names`` are as the file has them.
    """

    outputs: tuple[np.ndarray, ...]
    names: tuple[str, ...]
    seconds: float
    runtime: str


def infer(
    model_path: Path,
    inputs: Sequence[np.ndarray],
    *,
    limits: Limits,
    workspace: Path | None = None,
    repeats: bool = True,
) -> Inference:
    """The outputs for one set of inputs, in the order of the model's. Raises as :func:`infer_all`."""
    (inference,) = infer_all(model_path, [inputs], limits=limits, workspace=workspace, repeats=repeats)
    return inference


def infer_all(
    model_path: Path,
    input_sets: Sequence[Sequence[np.ndarray]],
    *,
    limits: Limits,
    workspace: Path | None = None,
    repeats: bool = True,
) -> tuple[Inference, ...]:
    """The same for several sets of inputs, with one loading of the model.

    With ``repeats``, ``seconds`` of the first set is the shortest of at least three warm runs. Otherwise,
    and of all other sets, it is that of the only run.

    Raises:
        UsageError: ONNX Runtime is not installed.
        InferenceFailed: it refuses the model or the inputs, dies, or runs into ``limits``.
    """
    require_onnx_runtime()
    if not input_sets:
        return ()
    with tempfile.TemporaryDirectory(prefix="auditor-inputs-", dir=workspace) as directory:
        packed = Path(directory, "inputs.npz").absolute()
        np.savez(packed, **_numbered(input_sets))
        request = {
            "model": str(model_path.absolute()),
            "inputs": str(packed),
            "sets": len(input_sets),
            "inputs_per_set": len(input_sets[0]),
            "repeats": repeats,
        }
        outcome = call("infer", request, stage=_STAGE, limits=limits, workspace=workspace)
    if isinstance(outcome, WorkerFailure):
        raise InferenceFailed(_explain(outcome))
    return _unpack(outcome.value, len(input_sets))


def _numbered(input_sets: Sequence[Sequence[np.ndarray]]) -> dict[str, Any]:
    return {
        f"{number}_{index}": array
        for number, arrays in enumerate(input_sets)
        for index, array in enumerate(arrays)
    }


def _unpack(content: bytes, sets: int) -> tuple[Inference, ...]:
    with np.load(io.BytesIO(content), allow_pickle=False) as answer:
        names = tuple(str(name) for name in answer["names"])
        runtime = f"onnxruntime {safe(str(answer['version']), limit=40)}"
        return tuple(
            Inference(
                outputs=tuple(answer[f"{number}_{index}"] for index in range(len(names))),
                names=names,
                seconds=float(answer["seconds"][number]),
                runtime=runtime,
            )
            for number in range(sets)
        )


def _explain(failure: WorkerFailure) -> str:
    match failure.kind:
        case "memory":
            return f"ONNX Runtime ran out of memory: {failure.reason}"
        case "disk":
            return f"ONNX Runtime found no room on the disk: {failure.reason}"
        case "timeout":
            return f"ONNX Runtime took too long: {failure.reason}"
        case _:
            return f"ONNX Runtime: {failure.reason}"
