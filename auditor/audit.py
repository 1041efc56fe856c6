"""The report over all models that were named; what is found in each is in :mod:`auditor.study`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Literal

from msgspec.structs import replace

from auditor import rules
from auditor._version import EZKL_VERSION, __version__
from auditor.describe import artifact_facts, model_facts, safe_findings
from auditor.errors import AuditorError, UnboundDimension, UsageError
from auditor.faithful import as_ezkl_reads
from auditor.findings import Finding
from auditor.from_settings import Settings, read_settings
from auditor.lints.registry import lints_of
from auditor.lints.run import Linted, lint, refusal
from auditor.lints.subject import subject_of
from auditor.model import SourceModel, read_source
from auditor.options import Request
from auditor.progress import progress
from auditor.report import ArtifactFacts, Audit, CircuitFacts, ModelAudit, ModelFacts, NotRun, Verdict
from auditor.safe import safe, shown_path
from auditor.study import Bill, Plan, Study, study, study_settings
from auditor.verdict import EXIT_FAILURE, EXIT_UNDETERMINED, Bills, could_not_read, overall


def audit(command: Literal["inspect", "estimate"], paths: Sequence[Path], request: Request) -> Audit:
    """Audits every file; what goes wrong with one is said there and does not hide the others.

    Raises:
        UsageError: no model has a dimension that ``--dim`` names.
    """
    bill, plan = biller(request), planner(request)
    models = tuple(audit_guarded(path, request, bill, plan, alone=len(paths) == 1) for path in paths)
    _check_dims_are_known(request, models)
    return _whole(command, models, request)


def audit_settings(path: Path, request: Request) -> Audit:
    """Audits the circuit of an EZKL settings.json, without its model."""
    bill = biller(request)
    audited = _guarded(path, request, lambda: _from_settings(path, request, bill))
    return _whole("estimate", (audited,), request)


def _whole(
    command: Literal["inspect", "estimate"], models: tuple[ModelAudit, ...], request: Request
) -> Audit:
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


def audit_model(
    path: Path, request: Request, bill: Bill | None = None, plan: Plan | None = None, *, alone: bool
) -> tuple[ModelAudit, Study | None]:
    """Reads and studies one model; there is no study where sizes are open.

    ``alone`` says that every name of ``--dim`` must be a dimension of this model.

    Raises:
        AuditorError: the file cannot be read, or the front end that was chosen cannot run.
    """
    source = read_source(path)
    _note(path, source.notes, request)
    subject = subject_of(path, source)
    try:
        studied = study(path, source, request, alone=alone, bill=bill, plan=plan)
    except UnboundDimension as error:
        facts = model_facts(as_ezkl_reads(source).model, {}, None)
        linted = lint(subject, no_circuit="sizes are open")
        verdict = _stopped(path, error, "dimensions")
        return _report(
            path, _identity(source), facts=facts, findings=source.findings, linted=linted, verdict=verdict
        ), None
    _note(path, studied.notes, request)
    report = _report(
        path,
        _identity(source),
        facts=model_facts(studied.model, studied.bound, studied.laid_out.circuit),
        circuit=studied.circuit,
        artifacts=artifact_facts(studied.sized),
        findings=studied.findings,
        linted=lint(replace(subject, circuit=studied.circuit)),
        bills=studied.bills,
        verdict=studied.verdict,
    )
    return report, studied


def _from_settings(path: Path, request: Request, bill: Bill | None) -> ModelAudit:
    settings = read_settings(path)
    _note(path, _notes(settings), request)
    studied = study_settings(settings, request, bill)
    return _report(
        path,
        (settings.sha256, settings.file_bytes),
        circuit=studied.circuit,
        artifacts=artifact_facts(studied.sized),
        linted=_unasked(),
        bills=studied.bills,
        verdict=studied.verdict,
    )


def _unasked() -> Linted:
    """Every lint, none of which can be asked without a model."""
    folders = ("static", "values", "circuit")
    missed = (item.id for folder in folders for item in lints_of(folder))
    return Linted(
        findings=(), not_run=tuple(NotRun(rule=rule, reason="there is no model") for rule in missed)
    )


def _notes(settings: Settings) -> Iterator[str]:
    """What the user should know of where the numbers come from."""
    if settings.version != EZKL_VERSION:
        yield f"EZKL {settings.version} wrote these settings; columns and keys are those of {EZKL_VERSION}"
    if settings.assumed:
        names = ", ".join(settings.assumed)
        yield f"not in the settings, and taken as the defaults of {EZKL_VERSION}: {names}"


def _check_dims_are_known(request: Request, models: Sequence[ModelAudit]) -> None:
    read = [audited.model for audited in models if audited.model is not None]
    if len(models) == 1 or not read:
        return
    for name in request.dims:
        if all(safe(name) not in facts.bound_dimensions for facts in read):
            raise UsageError(f"--dim {safe(name)}: no model has such a dimension")


def biller(request: Request) -> Bill | None:
    """What prices every model of this run; it is loaded only where something is to be priced."""
    if request.prices is None:
        return None
    from auditor.billing import bill, open_prices

    def note(text: str) -> None:
        if not request.quiet:
            print(f"auditor: {text}", file=sys.stderr)

    prices = open_prices(request.prices, date.today(), note)
    return lambda sized, parameters, macs: bill(sized, parameters, macs, prices)


def planner(request: Request) -> Plan | None:
    """What chooses run args where the user leaves them to us; loaded only then."""
    if request.plan is None:
        return None
    from auditor.plans.planner import planner_for

    return planner_for(request)


# --- the edges of the pipeline -------------------------------------------------------------


def audit_guarded(
    path: Path, request: Request, bill: Bill | None, plan: Plan | None, *, alone: bool
) -> ModelAudit:
    """One model's audit, or the verdict that it could not be made and why."""
    return _guarded(path, request, lambda: audit_model(path, request, bill, plan, alone=alone)[0])


def _guarded(path: Path, request: Request, make: Callable[[], ModelAudit]) -> ModelAudit:
    try:
        with progress(f"auditing {safe(str(path))}", quiet=request.quiet):
            return make()
    except AuditorError as error:
        verdict = _stopped(path, error, "input")
        return _report(path, None, findings=refusal(error, verdict.reasons[0]), verdict=verdict)
    except MemoryError as error:
        reason = safe(f"this machine has not enough memory to look at the model: {error}", limit=400)
        return _report(path, None, verdict=could_not_read("memory", reason, "", EXIT_UNDETERMINED))
    except Exception as error:
        if request.verbose:
            import traceback

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
    file: tuple[str, int] | None,
    *,
    verdict: Verdict,
    facts: ModelFacts | None = None,
    circuit: CircuitFacts | None = None,
    artifacts: ArtifactFacts | None = None,
    findings: tuple[Finding, ...] = (),
    linted: Linted | None = None,
    bills: Bills | None = None,
) -> ModelAudit:
    return ModelAudit(
        path=shown_path(path),
        sha256=file[0] if file else None,
        bytes=file[1] if file else None,
        model=facts,
        circuit=circuit,
        artifacts=artifacts,
        findings=safe_findings((*findings, *(linted.findings if linted else ()))),
        verdict=verdict,
        hardware=bills.hardware if bills else (),
        chains=bills.chains if bills else (),
        not_run=linted.not_run if linted else (),
    )


def _identity(source: SourceModel) -> tuple[str, int]:
    return source.model.sha256, source.model.file_bytes


def _note(path: Path, notes: Iterable[str], request: Request) -> None:
    if not request.quiet:
        for note in notes:
            print(f"auditor: {safe(str(path))}: {safe(note, limit=400)}", file=sys.stderr)
