"""Calls into :mod:`auditor.evm.worker`, each in a guarded process of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from auditor.errors import InternalFailure
from auditor.guard import Limits, WorkerFailure, run_guarded


def run(
    function: str, request: Mapping[str, object], *, stage: str, limits: Limits, workspace: Path | None
) -> bytes:
    """The result of a function of the worker; raises :class:`InternalFailure` when there is none."""
    outcome = run_guarded(
        f"auditor.evm.worker:{function}", request, stage=stage, limits=limits, workspace=workspace
    )
    if not isinstance(outcome, WorkerFailure):
        return outcome.value
    match outcome.kind:
        case "memory":
            raise InternalFailure(f"{stage} ran out of memory: {outcome.reason}")
        case "disk":
            raise InternalFailure(f"{stage} found no room on the disk: {outcome.reason}")
        case "timeout":
            raise InternalFailure(f"{stage} took too long: {outcome.reason}")
        case _:
            raise InternalFailure(f"{stage} failed: {outcome.reason}")
