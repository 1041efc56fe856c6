"""Whether EZKL makes the bundle's settings and its verifying key of a given model."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from auditor.circuit.run_args import RunArgs
from auditor.errors import AuditorError
from auditor.ezkl import Rejected, call, require_ezkl
from auditor.ezkl.settings import canonical_settings, py_run_args
from auditor.guard import Limits
from auditor.proving.checks.outcome import Failed, NotRun, Passed
from auditor.proving.manifest import SrsRecord

StepLimits = Callable[[str], Limits]
"""What a step of this name may use."""


def same_settings(
    *, model: Path, run_args: RunArgs, settings: Mapping[str, Any], limits: StepLimits, workspace: Path
) -> Passed[None]:
    """EZKL writes the bundle's settings for this model and these run args, to the last field.

    ``model`` has no external data. Needs the time of a layout.
    """
    try:
        require_ezkl()
        request = {"model": str(model.absolute()), "run_args": py_run_args(run_args)}
        stage = "laying out the model again"
        made = call("gen_settings", request, stage=stage, limits=limits("settings"), workspace=workspace)
    except Rejected as error:
        raise Failed(f"EZKL makes no circuit of the model with these run args: {error.reason}") from error
    except (AuditorError, ValueError) as error:
        raise NotRun(str(error)) from error
    # In canonical form, as EZKL keeps some of it in sets.
    ours = json.loads(canonical_settings(json.loads(made.value)))
    theirs = json.loads(canonical_settings(dict(settings)))
    different = sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))
    if different:
        raise Failed(f"the settings are not those EZKL writes for the model: {', '.join(different)} differ")
    return Passed(value=None, reason="EZKL writes the very same settings for the model")


def same_key(
    *,
    model: Path,
    settings: Mapping[str, Any],
    key: bytes,
    srs: Path | None,
    record: SrsRecord,
    limits: StepLimits,
    workspace: Path,
) -> Passed[None]:
    """EZKL makes the bundle's verifying key of this model, these settings and the SRS at ``srs``.

    ``model`` has no external data. Needs the time and the memory of a setup.
    The compiled circuit is no evidence: EZKL orders its maps anew each time.
    """
    if srs is None:
        raise NotRun(
            f"needs the SRS with SHA-256 {record.sha256[:16]}… to make the key again: give it with --srs"
        )
    circuit, made = workspace / "circuit.ezkl", workspace / "made.key"
    proving_key = workspace / "made-pk.key"
    try:
        require_ezkl()
        request = {"model": str(model.absolute()), "settings": dict(settings)}
        stage = "compiling the model"
        compiled = call(
            "compile_circuit", request, stage=stage, limits=limits("compile"), workspace=workspace
        )
        circuit.write_bytes(compiled.value)
        keys = {
            "circuit": str(circuit),
            "srs": str(srs.absolute()),
            "verifying_key": str(made),
            "proving_key": str(proving_key),
        }
        call("setup", keys, stage="making the keys again", limits=limits("keys"), workspace=workspace)
        same = made.read_bytes() == key
    except Rejected as error:
        raise Failed(f"EZKL makes no key of the model and these settings: {error.reason}") from error
    except AuditorError as error:
        raise NotRun(str(error)) from error
    finally:
        for path in (circuit, made, proving_key):
            path.unlink(missing_ok=True)
    if not same:
        raise Failed("the verifying key is not that of the model: the proof is of another circuit")
    return Passed(value=None, reason="EZKL makes the very same verifying key of the model")
