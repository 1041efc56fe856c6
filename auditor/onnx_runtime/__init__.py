"""What ONNX Runtime, the reference, makes of a model, each time in a guarded process of its own.

:mod:`auditor.onnx_runtime.worker` is the only module that imports it, and runs nowhere but under
:mod:`auditor.guard`: it is native code that reads files of strangers.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from auditor.errors import UsageError
from auditor.guard import Limits, WorkerFailure, WorkerResult, run_guarded


def is_installed() -> bool:
    """Whether ONNX Runtime is there; found without importing it."""
    return importlib.util.find_spec("onnxruntime") is not None


def require_onnx_runtime() -> None:
    """Raises :class:`UsageError` when ONNX Runtime is not installed."""
    if not is_installed():
        raise UsageError("ONNX Runtime is not installed", "pip install 'auditor[prove]'")


def call(
    function: str, request: dict[str, Any], *, stage: str, limits: Limits, workspace: Path | None = None
) -> WorkerResult | WorkerFailure:
    """Runs a function of :mod:`auditor.onnx_runtime.worker` as :func:`auditor.guard.run_guarded` does."""
    return run_guarded(
        f"auditor.onnx_runtime.worker:{function}", request, stage=stage, limits=limits, workspace=workspace
    )
