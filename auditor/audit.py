"""The pipeline: from a file to everything we say about it. It reads top to bottom."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from auditor import rules
from auditor._version import __version__
from auditor.circuit import RunArgs
from auditor.describe import artifact_facts, circuit_facts, model_facts, safe_findings
from auditor.errors import AuditorError, UnboundDimension, UsageError
from auditor.faithful import as_ezkl_reads, faithful, fidelity_unknowns, find_unfaithful
from auditor.findings import Finding
from auditor.front_end import lay_out_or_reject, lower_model
from auditor.model import (
    Model,
    SourceModel,
    bind_dimensions,
    ezkl_variables,
    open_dimensions,
    operators_by_node,
    read_source,
)
from auditor.options import Request
from auditor.progress import progress
from auditor.report import ArtifactFacts, Audit, CircuitFacts, ModelAudit, ModelFacts, Verdict
from auditor.safe import safe
from auditor.size_up import size_up
from auditor.verdict import EXIT_FAILURE, EXIT_UNDETERMINED, could_not_read, judge, overall


def audit(command: Literal["inspect", "estimate"], paths: Sequence[Path], request: Request) -> Audit:
    """Audits every file; what goes wrong with one is said there and does not hide the others.

    Raises:
        UsageError: no model has a dimension that ``--dim`` names.
    """
    models = tuple(_guarded(path, request, alone=len(paths) == 1) for path in paths)
    _check_dims_are_known(request, models)
    findings = [finding for model in models for finding in model.findings]
    status, exit_code = overall([model.verdict for model in models], findings)
    return Audit(
        command=command,
        version=__version__,
        rules=rules.digest(),
        models=models,
        status=status,
        exit_code=exit_code,
        layers_shown=request.layers_shown,
    )


def audit_model(path: Path, request: Request, *, alone: bool) -> ModelAudit:
    """Reads, binds, lowers, lays out, sizes and judges one model.

    ``alone`` says that every name of ``--dim`` must be a dimension of this model.

    Raises:
        AuditorError: the file cannot be read, or the front end that was chosen cannot run.
    """
    source = read_source(path)
    _note(path, source.notes, request)

    read = as_ezkl_reads(source)
    try:
        model, bound = bind_dimensions(
            read.model, _dims(request, read.model, alone=alone), _variables(request)
        )
    except UnboundDimension as error:
        facts = model_facts(read.model, {}, None)
        return _report(path, source, facts=facts, verdict=_stopped(path, error, "dimensions"))
    run_args = _run_args(request, read.model, bound)

    lowered = lower_model(path, model, read.refusals, run_args, request.front_end)
    _note(path, lowered.notes, request)
    laid_out = lay_out_or_reject(lowered, operators_by_node(model))
    sized = size_up(
        laid_out, logrows_given="logrows" in request.given, max_logrows=request.limits.max_logrows
    )

    fidelity = find_unfaithful(model, laid_out)
    findings = safe_findings((*source.findings, *read.findings, *fidelity.findings))
    circuit = circuit_facts(laid_out, sized, run_args, model, faithful=faithful(laid_out, findings, fidelity))
    verdict = judge(
        circuit,
        findings,
        ceilings=sized.broken,
        unknowns=(*laid_out.unknown, *fidelity_unknowns(laid_out, fidelity)),
        limits=request.limits,
        advice=_advice,
        logrows_reason=sized.logrows_reason,
        savings=sized.next,
    )
    return _report(
        path,
        source,
        facts=model_facts(model, bound, laid_out.circuit),
        circuit=circuit,
        artifacts=artifact_facts(sized),
        findings=findings,
        verdict=verdict,
    )


# --- what the user said about this model ---------------------------------------------------


def _dims(request: Request, model: Model, *, alone: bool) -> Mapping[str, int]:
    """The sizes of ``--dim`` for this model: of several models, each takes those it has."""
    if alone:
        return request.dims
    names = {item.name for item in open_dimensions(model)}
    return {name: size for name, size in request.dims.items() if name in names}


def _variables(request: Request) -> Mapping[str, int] | None:
    return dict(request.run_args.variables) if "variables" in request.given else None


def _run_args(request: Request, model: Model, bound: Mapping[str, int]) -> RunArgs:
    """The run args with the ``variables`` that make EZKL bind the same sizes."""
    if not bound:
        return request.run_args
    return replace(request.run_args, variables=ezkl_variables(model, bound))


def _check_dims_are_known(request: Request, models: Sequence[ModelAudit]) -> None:
    read = [audited.model for audited in models if audited.model is not None]
    if len(models) == 1 or not read:
        return
    for name in request.dims:
        if all(safe(name) not in facts.bound_dimensions for facts in read):
            raise UsageError(f"--dim {safe(name)}: no model has such a dimension")


# --- the edges of the pipeline -------------------------------------------------------------


def _guarded(path: Path, request: Request, *, alone: bool) -> ModelAudit:
    """One model's audit, or the verdict that it could not be made and why."""
    try:
        with progress(f"auditing {safe(str(path))}", quiet=request.quiet):
            return audit_model(path, request, alone=alone)
    except AuditorError as error:
        return _report(path, None, verdict=_stopped(path, error, "input"))
    except MemoryError as error:
        reason = safe(f"this machine has not enough memory to look at the model: {error}", limit=400)
        return _report(path, None, verdict=could_not_read("memory", reason, "", EXIT_UNDETERMINED))
    except Exception as error:
        if request.verbose:
            traceback.print_exc()
        reason = safe(f"auditor failed: {type(error).__name__}: {error}", limit=400)
        hint = "report this with the model and the output of --verbose"
        return _report(path, None, verdict=could_not_read("internal", reason, hint, EXIT_FAILURE))


def _stopped(path: Path, error: AuditorError, binding: str) -> Verdict:
    if error.exit_code == EXIT_FAILURE:
        binding = "internal"
    reason = error.message.removeprefix(f"{safe(str(path))}: ")
    return could_not_read(
        binding, safe(reason, limit=400), safe(error.hint or "", limit=400), error.exit_code
    )


def _report(
    path: Path,
    source: SourceModel | None,
    *,
    verdict: Verdict,
    facts: ModelFacts | None = None,
    circuit: CircuitFacts | None = None,
    artifacts: ArtifactFacts | None = None,
    findings: tuple[Finding, ...] = (),
) -> ModelAudit:
    return ModelAudit(
        path=_shown(path),
        sha256=source.model.sha256 if source else None,
        bytes=source.model.file_bytes if source else None,
        model=facts,
        circuit=circuit,
        artifacts=artifacts,
        findings=findings or safe_findings(source.findings if source else ()),
        verdict=verdict,
    )


def _shown(path: Path) -> str:
    """The path as it was given, and never an absolute one: reports are compared between machines."""
    shown = os.path.relpath(path) if path.is_absolute() else str(path)
    return safe(Path(shown).as_posix(), limit=400)


def _note(path: Path, notes: Sequence[str], request: Request) -> None:
    if not request.quiet:
        for note in notes:
            print(f"auditor: {safe(str(path))}: {safe(note, limit=400)}", file=sys.stderr)


def _advice(operator: str) -> str | None:
    """The best cheaper replacement that the rules know for an ONNX operator."""
    rule = rules.operator(operator)
    cheaper = rule.fields.get("cheaper") if rule else None
    return str(cheaper[0]) if cheaper else None
