"""One model, from its file to a verdict, with everything found on the way. It reads top to bottom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from auditor import rules
from auditor.circuit import RunArgs
from auditor.describe import circuit_facts, plan_facts, safe_findings
from auditor.faithful import as_ezkl_reads, faithful, fidelity_unknowns, find_unfaithful
from auditor.findings import Finding
from auditor.from_settings import Settings
from auditor.front_end import Lowered, lay_out_or_reject, lower_model
from auditor.macs import macs
from auditor.model import (
    Model,
    SourceModel,
    bind_dimensions,
    ezkl_variables,
    open_dimensions,
    operators_by_node,
    parameters,
)
from auditor.options import Request
from auditor.report import CircuitFacts, Verdict
from auditor.size_up import Sized, size_at, size_up
from auditor.verdict import Bills, Open, judge

if TYPE_CHECKING:
    from auditor.plans.planner import Outcome

Bill = Callable[[Sized, int, int | None], Bills]
"""What prices a circuit: its sizes, and the parameters and multiply-accumulates of the model."""


Plan = Callable[[Model, RunArgs], "Outcome"]
"""What chooses the run args of a model whose dimensions are bound, where it can."""


class Study(Struct, frozen=True, kw_only=True):
    """Everything known about one model.

    ``model`` has its dimensions ``bound``; ``run_args`` are those that were audited; what is built with them
    at the right ``logrows`` is in ``sized``. ``outcome`` is that of planning, None where nobody asked for it.
    ``notes`` are for the user's ears.
    """

    source: SourceModel
    model: Model
    bound: Mapping[str, int]
    run_args: RunArgs
    outcome: Outcome | None
    laid_out: Lowered
    sized: Sized
    circuit: CircuitFacts
    findings: tuple[Finding, ...]
    bills: Bills
    verdict: Verdict
    notes: tuple[str, ...]


def study(
    path: Path,
    source: SourceModel,
    request: Request,
    *,
    alone: bool,
    bill: Bill | None = None,
    plan: Plan | None = None,
    longer_columns: bool = False,
) -> Study:
    """Binds, plans, lowers, lays out, sizes and judges a model that was read from ``path``.

    ``alone`` says that every name of ``--dim`` must be a dimension of this model. ``bill`` prices it,
    ``plan`` chooses its run args; where that cannot, they are the request's. With ``longer_columns`` a
    circuit that columns of the run args' ``logrows`` are too short for is laid out in longer ones.

    Raises:
        UnboundDimension: a size is open.
        AuditorError: the front end that was chosen cannot run.
    """
    read = as_ezkl_reads(source)
    model, bound = bind_dimensions(read.model, _dims(request, read.model, alone=alone), _variables(request))
    run_args = _run_args(request, read.model, bound)
    outcome = plan(model, run_args) if plan is not None and not read.refusals else None
    planned = outcome.run_args if outcome is not None else None
    run_args = planned or run_args

    lowered = lower_model(path, model, read.refusals, run_args, request.front_end)
    onnx_operators = operators_by_node(model)
    laid_out = lay_out_or_reject(lowered, onnx_operators, longer=longer_columns)
    sized = size_up(
        laid_out,
        choice="given" if planned is not None or "logrows" in request.given else "calibrated",
        max_logrows=request.limits.max_logrows,
    )

    fidelity = find_unfaithful(model, laid_out)
    findings = safe_findings((*source.findings, *read.findings, *fidelity.findings))
    circuit = circuit_facts(
        laid_out, sized, run_args, onnx_operators, faithful=faithful(laid_out, findings, fidelity)
    )
    if outcome is not None:
        circuit = replace(circuit, plan=plan_facts(outcome))
    bills = Bills()
    if bill is not None:
        own = laid_out.circuit
        bills = bill(sized, parameters(model), None if own is None else macs(own.graph))
    verdict = judge(
        circuit,
        findings,
        ceilings=(*sized.broken, *bills.broken),
        unknowns=(*laid_out.unknown, *fidelity_unknowns(laid_out, fidelity), *bills.open),
        limits=request.limits,
        advice=_advice,
        logrows_reason=sized.logrows_reason,
        savings=sized.next,
    )
    return Study(
        source=source,
        model=model,
        bound=bound,
        run_args=run_args,
        outcome=outcome,
        laid_out=laid_out,
        sized=sized,
        circuit=circuit,
        findings=findings,
        bills=bills,
        verdict=verdict,
        notes=lowered.notes,
    )


# --- without a model -----------------------------------------------------------------------


class SettingsStudy(Struct, frozen=True, kw_only=True):
    """Everything known about a circuit of which there is only EZKL's settings.json."""

    circuit: CircuitFacts
    bills: Bills
    sized: Sized
    verdict: Verdict


def study_settings(settings: Settings, request: Request, bill: Bill | None = None) -> SettingsStudy:
    """Sizes, prices and judges the circuit of a settings.json, at its own run args.

    EZKL laid it out, so it is supported; whether it is faithful cannot be told without the model, and does
    not keep the verdict open.
    """
    laid_out = Lowered(front_end="ezkl", size=settings.size)
    reason = f"the settings that EZKL {settings.version} wrote"
    sized = size_at(settings.size, settings.run_args, reason=reason)
    circuit = _as_told(circuit_facts(laid_out, sized, settings.run_args, {}, faithful=None), settings)
    bills = Bills() if bill is None else _without_the_model(bill(sized, 0, None))
    verdict = judge(
        circuit,
        (),
        ceilings=(*sized.broken, *bills.broken),
        unknowns=(*(Open(binding="support", reason=doubt) for doubt in settings.doubts), *bills.open),
        limits=request.limits,
        advice=_advice,
        logrows_reason=sized.logrows_reason,
    )
    return SettingsStudy(circuit=circuit, bills=bills, sized=sized, verdict=verdict)


def _as_told(circuit: CircuitFacts, settings: Settings) -> CircuitFacts:
    """What the file does not tell is not known."""
    if "max_dynamic_input_len" in settings.absent:
        circuit = replace(circuit, max_dynamic_input_len=None)
    if "einsum_params" in settings.absent:
        circuit = replace(circuit, total_einsum_col_size=None)
    return replace(circuit, exact=settings.exact)


def _without_the_model(bills: Bills) -> Bills:
    """The bills, which say that the parameters of a compiled circuit are not counted."""
    warning = "without the model the disk is that of the keys and the SRS: the compiled circuit comes on top"
    return replace(
        bills, hardware=tuple(replace(item, warnings=(*item.warnings, warning)) for item in bills.hardware)
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


def _advice(operator: str) -> str | None:
    """The best cheaper replacement that the rules know for an ONNX operator."""
    rule = rules.operator(operator)
    cheaper = rule.fields.get("cheaper") if rule else None
    return str(cheaper[0]) if cheaper else None
