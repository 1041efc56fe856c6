"""Everything that is asked of EZKL, each time in a guarded process of its own.

EZKL panics, aborts when memory runs out and prints to stdout; :mod:`auditor.ezkl.worker` is the only module
that imports it, and runs nowhere but under :mod:`auditor.guard`.
"""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor._version import EZKL_VERSION
from auditor.errors import InternalFailure, Undetermined, UsageError
from auditor.ezkl.settings import py_run_args
from auditor.guard import Limits, WorkerFailure, WorkerResult, run_guarded

if TYPE_CHECKING:  # the worker imports this package too, and has no use for numpy
    from auditor.circuit.run_args import RunArgs

_WORKER = "auditor.ezkl.worker"


class Rejected(Exception):
    """EZKL says no, in order or by a panic. ``reason`` is its own, on one line; ``stage`` was going on."""

    def __init__(self, reason: str, stage: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.stage = stage


class WorkerDied(InternalFailure):
    """EZKL gave no answer at all: ``kind`` says what ended it."""

    def __init__(self, failure: WorkerFailure) -> None:
        super().__init__(_explain(failure))
        self.kind = failure.kind


def ezkl_version() -> str | None:
    """The version of the installed EZKL, or None; found without importing it."""
    try:
        return importlib.metadata.version("ezkl")
    except importlib.metadata.PackageNotFoundError:
        return None


def require_ezkl() -> None:
    """Raises :class:`UsageError` when EZKL is not installed, :class:`Undetermined` for another version."""
    version = ezkl_version()
    if version is None:
        raise UsageError("EZKL is not installed", "pip install 'auditor[prove]'")
    if version != EZKL_VERSION:
        raise Undetermined(
            f"EZKL {version} is installed and this program knows circuits of {EZKL_VERSION} only",
            f"pip install ezkl=={EZKL_VERSION}",
        )


def call(
    function: str,
    request: dict[str, Any],
    *,
    stage: str,
    limits: Limits,
    workspace: Path | None = None,
) -> WorkerResult:
    """Runs a function of :mod:`auditor.ezkl.worker`, as :func:`auditor.guard.run_guarded` does.

    Raises:
        Rejected: EZKL refused, or panicked.
        WorkerDied: the worker ran into ``limits`` or died.
    """
    outcome = run_guarded(f"{_WORKER}:{function}", request, stage=stage, limits=limits, workspace=workspace)
    if isinstance(outcome, WorkerResult):
        return outcome
    if outcome.kind in ("rejected", "panic"):
        raise Rejected(outcome.reason, outcome.stage)
    raise WorkerDied(outcome)


def gen_settings(model_path: Path, run_args: RunArgs, *, limits: Limits | None = None) -> dict[str, Any]:
    """What EZKL's ``gen_settings`` writes, layout included. Raises as :func:`call` does."""
    require_ezkl()
    request = {"model": str(model_path.absolute()), "run_args": py_run_args(run_args)}
    result = call("gen_settings", request, stage="laying out with EZKL", limits=limits or Limits())
    settings: dict[str, Any] = json.loads(result.value)
    return settings


def inlined_copy(model_path: Path, directory: Path, limits: Limits) -> Path | None:
    """A copy of the model, in ``directory``, with its external weights inside; None when it has none.

    EZKL reads no external data. Raises as :func:`call`.
    """
    # External data is named by an entry with this key, so most models are cleared without parsing them.
    if b"location" not in model_path.read_bytes():
        return None
    request = {"model": str(model_path.absolute())}
    result = call("inline_external_data", request, stage="reading external data", limits=limits)
    if not result.value:
        return None
    copy = directory / "inlined.onnx"
    copy.write_bytes(result.value)
    return copy


def _explain(failure: WorkerFailure) -> str:
    match failure.kind:
        case "memory":
            return f"{failure.stage} ran out of memory: {failure.reason}"
        case "disk":
            return f"{failure.stage} found no room on the disk: {failure.reason}"
        case "hang":
            return f"{failure.stage} hangs: EZKL {failure.reason}"
        case "timeout":
            return f"{failure.stage} took too long: {failure.reason}"
        case _:
            return f"{failure.stage} failed: {failure.reason}"
