"""The front end that reads the circuit from EZKL itself: exact by construction, where EZKL is installed.

EZKL's ``compile_circuit`` parses and lowers a model without laying it out. It therefore accepts models that
``gen_settings`` rejects: what fails only in EZKL's layout (an operation left ``Unknown``, a panic in a
gadget) is for our own layout to reject. ``ezkl_settings`` runs the real thing, for tests and accuracy runs.
"""

from __future__ import annotations

import importlib.metadata
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.errors import InternalFailure, Undetermined, UsageError
from auditor.front_ends.ezkl.settings import py_run_args, settings_for_compiling
from auditor.guard import Limits, WorkerFailure, WorkerResult, run_guarded

if TYPE_CHECKING:  # the worker imports this package too, and has no use for numpy
    from auditor.circuit.graph import Circuit
    from auditor.circuit.run_args import RunArgs

EZKL_VERSION = "23.0.5"
"""The version whose compiled circuits are understood."""

_WORKER = "auditor.front_ends.ezkl.worker"


class Rejected(Exception):
    """EZKL does not accept the model. ``reason`` is EZKL's, on one line."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def ezkl_version() -> str | None:
    """The version of the installed EZKL, or None; found without importing it."""
    try:
        return importlib.metadata.version("ezkl")
    except importlib.metadata.PackageNotFoundError:
        return None


def lower_with_ezkl(
    model_path: Path,
    run_args: RunArgs,
    *,
    limits: Limits | None = None,
    note: Callable[[str], None] | None = None,
) -> Circuit:
    """The circuit EZKL makes of a model, before layout.

    ``note`` is told, in one sentence, when a copy had to be lowered instead: EZKL reads no external data, so
    such weights are put inside first. Raises :class:`Rejected` when EZKL rejects the model or panics over
    it, :class:`UsageError` when EZKL is not installed, :class:`Undetermined` for another version of it,
    :class:`InternalFailure` when the worker ran into ``limits`` or died.
    """
    from auditor.front_ends.ezkl.decode import decode_circuit

    _require_supported_version()
    limits = limits or Limits()
    with tempfile.TemporaryDirectory(prefix="auditor-") as directory:
        inlined = _inlined_copy(model_path, Path(directory), limits)
        if inlined is not None and note is not None:
            note("EZKL reads no external data: lowered a copy of the model with the weights inside it")
        request = {
            "model": str((inlined or model_path).absolute()),
            "settings": settings_for_compiling(run_args, EZKL_VERSION),
        }
        compiled = _call("compile_circuit", request, limits, "lowering with EZKL")
    return decode_circuit(compiled.value, run_args)


def ezkl_settings(model_path: Path, run_args: RunArgs, *, limits: Limits | None = None) -> dict[str, Any]:
    """What EZKL's ``gen_settings`` writes, layout included. Raises as :func:`lower_with_ezkl` does."""
    _require_supported_version()
    request = {"model": str(model_path.absolute()), "run_args": py_run_args(run_args)}
    result = _call("gen_settings", request, limits or Limits(), "laying out with EZKL")
    settings: dict[str, Any] = json.loads(result.value)
    return settings


def _require_supported_version() -> None:
    version = ezkl_version()
    if version is None:
        raise UsageError("EZKL is not installed", "pip install 'auditor[prove]'")
    if version != EZKL_VERSION:
        raise Undetermined(
            f"EZKL {version} is installed and this program reads circuits of {EZKL_VERSION} only",
            f"pip install ezkl=={EZKL_VERSION}, or use the onnx front end",
        )


def _inlined_copy(model_path: Path, directory: Path, limits: Limits) -> Path | None:
    """A copy of the model with its external weights inside, or None when it has none."""
    # External data is named by an entry with this key, so most models are cleared without parsing them.
    if b"location" not in model_path.read_bytes():
        return None
    model = str(model_path.absolute())
    result = _call("inline_external_data", {"model": model}, limits, "reading external data")
    if not result.value:
        return None
    copy = directory / "inlined.onnx"
    copy.write_bytes(result.value)
    return copy


def _call(function: str, request: dict[str, Any], limits: Limits, stage: str) -> WorkerResult:
    outcome = run_guarded(f"{_WORKER}:{function}", request, stage=stage, limits=limits)
    if isinstance(outcome, WorkerResult):
        return outcome
    if outcome.kind in ("rejected", "panic"):
        raise Rejected(outcome.reason)
    raise InternalFailure(_explain(outcome))


def _explain(failure: WorkerFailure) -> str:
    match failure.kind:
        case "memory":
            return f"{failure.stage} ran out of memory: {failure.reason}"
        case "timeout":
            return f"{failure.stage} took too long: {failure.reason}"
        case _:
            return f"{failure.stage} failed: {failure.reason}"
