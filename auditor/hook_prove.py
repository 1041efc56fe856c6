"""Proofs for the hook: one inference of each model, proved, verified and thrown away."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from auditor.checking.request import audit_request
from auditor.checking.static import shown_model
from auditor.config.targets import Configs, Target, gather
from auditor.errors import AuditorError, UsageError
from auditor.gate.outcome import FAILED, PASSED, UNDETERMINED
from auditor.preparation import ProofRequest
from auditor.progress import StepProgress
from auditor.prove import prove
from auditor.proving.srs import SrsChoice, parse_srs
from auditor.safe import safe
from auditor.units import seconds_text

Outcome = tuple[int, list[str], list[int]]
"""The exit code of one model, the lines to print, and how many proofs passed, failed and were skipped."""


def prove_models(
    models: Sequence[tuple[str, bool]],
    *,
    config: str | None,
    srs: str,
    srs_sha256: str | None,
    timeout: str | None,
    allow_undetermined: bool,
) -> list[Outcome]:
    """What becomes of each model, and whether it was named itself; one line for each.

    Run args, dimensions and inputs are those of the configuration, as for a check. Where it says of a model
    that there is no circuit (``circuit = false``) there is no proof either.

    Raises:
        UsageError: an option or the configuration has no meaning.
    """
    choice, seconds = parse_srs(srs, srs_sha256), _seconds(timeout)
    configs = Configs(None if config is None else Path(config))
    if not models:
        return []
    gathered = gather([Path(model) for model, _ in models], configs)
    named = {os.path.abspath(model) for model, is_named in models if is_named}
    outcomes = [
        (PASSED, [f"{shown_model(path)}: excluded by {glob.origin}"], [0, 0, 0])
        for path, glob in gathered.excluded
        if os.path.abspath(path) in named
    ]
    for target in gathered.targets:
        if target.rules.get("circuit") is not False:
            outcomes.append(_outcome(target, choice, seconds, allow_undetermined))
    return outcomes


def _outcome(
    target: Target, srs: SrsChoice, timeout_seconds: float | None, allow_undetermined: bool
) -> Outcome:
    """The proof of one model. What goes wrong with it does not keep the others from theirs."""
    name = shown_model(target.path)
    request = audit_request(target.rules, quiet=True, verbose=False)
    inputs = target.rules.settings.get("inputs")
    started = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="auditor-") as folder:
            report = prove(
                target.path,
                request,
                ProofRequest(
                    srs=srs,
                    bundle=Path(folder) / "bundle",
                    input=None if inputs is None else (inputs.base or Path()) / inputs.value,
                    timeout_seconds=timeout_seconds,
                ),
                StepProgress(quiet=True),
            )
    except AuditorError as error:
        return _no_proof(name, error.exit_code, safe(str(error), limit=1000), allow_undetermined)
    if report.status != "proved":
        reasons = safe("; ".join(report.reasons), limit=1000)
        why = f"refused ({report.binding}): {reasons}; `auditor prove` says what to do"
        return _no_proof(name, report.exit_code or FAILED, why, allow_undetermined)
    took = seconds_text(time.monotonic() - started)
    line = f"{name}: PASS proof: proved and verified in {took}, SRS {srs.kind}"
    return PASSED, [line], [1, 0, 0]


def _no_proof(name: str, exit_code: int, why: str, allow_undetermined: bool) -> Outcome:
    if exit_code != UNDETERMINED:
        return exit_code, [f"{name}: FAIL proof: {why}"], [0, 1, 0]
    code = PASSED if allow_undetermined else UNDETERMINED
    return code, [f"{name}: SKIP proof: undetermined: {why}"], [0, 0, 1]


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise UsageError(f"--timeout {safe(text)}: expected a number of seconds")
    return seconds
