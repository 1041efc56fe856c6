"""EZKL's own verdict on the proof, in its guarded worker."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from auditor.errors import AuditorError
from auditor.ezkl import Rejected, call, require_ezkl
from auditor.guard import Limits
from auditor.proving.checks.outcome import Failed, NotRun, Passed
from auditor.proving.manifest import PROOF, SETTINGS, VERIFIER_SRS, VERIFYING_KEY


def proof(files: Mapping[str, Path], *, limits: Limits, workspace: Path) -> Passed[None]:
    """The proof holds for the key, the instances and the SRS. ``files`` are private copies."""
    request = {
        "proof": str(files[PROOF]),
        "settings": str(files[SETTINGS]),
        "verifying_key": str(files[VERIFYING_KEY]),
        "srs": str(files[VERIFIER_SRS]),
    }
    try:
        require_ezkl()
        result = call("verify", request, stage="verifying the proof", limits=limits, workspace=workspace)
    except Rejected as error:
        raise Failed(f"EZKL refuses the proof: {error.reason}") from error
    except AuditorError as error:  # not installed, or out of limits: nothing is known about the proof
        raise NotRun(str(error)) from error
    detail = {"cpu_seconds": result.cpu_seconds, "peak_memory_bytes": result.peak_memory_bytes}
    return Passed(value=None, reason="EZKL verifies it against the key and the instances", detail=detail)
