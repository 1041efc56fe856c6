"""``auditor plan``: the cheapest run args of a model, against EZKL's own, and what would be cheaper still."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from auditor import rules
from auditor._version import EZKL_VERSION, __version__
from auditor.audit import audit_model, biller
from auditor.billing import open_prices
from auditor.circuit import RunArgs
from auditor.describe import figures
from auditor.errors import UsageError
from auditor.guard import Limits
from auditor.lowering.nodes.sources import INPUT_TYPES
from auditor.model import Model
from auditor.options import Request, as_settings
from auditor.planning.accuracy import accuracy
from auditor.planning.nouns import Candidate, Goal
from auditor.planning.room import headroom
from auditor.planning.search import front
from auditor.planning.trials import FINE_SCALES
from auditor.plans.planner import Outcome, Planned, Wish, plan_model, price_on
from auditor.plans.report import AccuracyFacts, GoalFacts, Option, PlanReport, SampleFacts
from auditor.plans.what_if import savings
from auditor.pricing.price_sheet import rent_of
from auditor.progress import progress
from auditor.report import ModelAudit, Verdict
from auditor.safe import safe
from auditor.study import Study
from auditor.units import bytes_text
from auditor.verdict import EXIT_INFEASIBLE, EXIT_UNDETERMINED
from auditor.whole_file import write_whole

OUT_OF_TUNE = 2.0
"""A circuit that rounds next to nothing and is further from ONNX Runtime than what is tolerated, divided by
this, does not compute the same function."""


class PlanOptions(Struct, frozen=True, kw_only=True):
    """What ``auditor plan`` was asked for, beside the request.

    ``hardware`` and ``chain`` name what ``wish`` prices on. ``changes`` is how many to show; None asks for
    none. ``write`` is where the settings go.
    """

    wish: Wish
    hardware: str
    chain: str | None
    changes: int | None = None
    write: Path | None = None


def options_of(
    request: Request,
    *,
    goal: Goal,
    input_: Path | None,
    input_range: tuple[float, float] | None,
    seed: int,
    changes: int | None,
    write: Path | None,
) -> PlanOptions:
    """The options with what they are priced on: the machine and the chain of the request.

    The goal's memory is what that machine has, where it has no other limit; run args that the user set are
    pinned.

    Raises:
        UsageError: there is no such machine or chain, or nothing to tell its costs by.
    """
    assert request.prices is not None
    prices = open_prices(request.prices, date.today(), _quiet)
    (machine,) = prices.hardware
    chain = prices.chains[0]
    rent = rent_of(machine.price_ref) if machine.price_ref else None
    if goal.minimize == "usd" and rent is None:
        raise UsageError(
            f"--minimize usd: nobody knows what {machine.id} costs",
            "--hardware with a machine that is rented",
        )
    if goal.minimize == "verify-gas" and chain.gas is None:
        raise UsageError(f"--minimize verify-gas: {chain.id} does not count gas as Ethereum does")
    if request.prices.chains:
        goal = replace(goal, max_contract_bytes=chain.contract_limit_bytes)
    if goal.max_memory_bytes is None:
        goal = replace(goal, max_memory_bytes=machine.usable_memory_bytes)
    wish = Wish(
        goal=replace(goal, pinned=request.given & _CHOSEN),
        price=price_on(machine, chain.gas, rent),
        input=input_,
        input_range=input_range,
        seed=seed,
        compare=True,
        coarser=changes is not None,
    )
    return PlanOptions(wish=wish, hardware=machine.id, chain=chain.id, changes=changes, write=write)


_CHOSEN = frozenset(
    {
        "input_scale", "param_scale", "scale_rebase_multiplier", "bounded_log_lookup", "num_inner_cols",
        "decomp_base", "decomp_legs", "logrows", "lookup_range", "disable_freivalds",
    }
)  # fmt: skip
"""The run args that are searched; all others stay as they are anyway."""


def _quiet(_: str) -> None:
    """Nothing: the same is said when the bill is made."""


class _Reference(Struct, frozen=True, kw_only=True):
    """The model's own answers, outputs by rows, and who gave them."""

    answers: tuple[np.ndarray, ...]
    name: str


def plan(path: Path, request: Request, options: PlanOptions) -> PlanReport:
    """Plans one model, and writes the settings file that was asked for.

    Raises:
        AuditorError: the model or the input cannot be read, or the file cannot be written.
    """
    doing = [f"planning {safe(str(path))}"]
    models: list[Model] = []

    def tell(what: str) -> None:
        doing[0] = f"planning {safe(str(path))}: {what}"

    def planner(model: Model, run_args: RunArgs) -> Outcome:
        models.append(model)
        return plan_model(model, run_args, options.wish, tell)

    with progress(lambda: doing[0], quiet=request.quiet):
        audited, studied = audit_model(path, request, biller(request), planner, alone=True)
        outcome = studied.outcome if studied else None
        if studied is None or outcome is None or outcome.planned is None:
            return _unplanned(audited, outcome)
        planned = outcome.planned
        tell("ONNX Runtime")
        reference = _reference(path, planned)
        changes = None
        if options.changes is not None and planned.found.candidates:
            changes = savings(models[0], planned, options.wish, tell)[: options.changes]
    verdict = _verdict(audited, outcome, planned, reference)
    chosen = _chosen(outcome)
    if options.write is not None and chosen is not None and verdict.exit_code == 0:
        _write(options.write, studied)
    return PlanReport(
        version=__version__,
        rules=rules.digest(),
        audited=replace(audited, verdict=verdict),
        goal=_goal(planned, options),
        sample=_sample(planned, reference),
        chosen=None if chosen is None else _option(chosen, reference),
        leanest=None if planned.found.leanest is None else _option(planned.found.leanest, reference),
        calibrated=None if planned.found.calibrated is None else _option(planned.found.calibrated, reference),
        front=tuple(_option(item, reference) for item in front(planned.found.candidates)),
        changes=changes,
        trials=planned.found.trials,
        written=safe(str(options.write)) if options.write is not None and verdict.exit_code == 0 else None,
        exit_code=verdict.exit_code,
    )


def _chosen(outcome: Outcome) -> Candidate | None:
    planned = outcome.planned
    return planned.found.candidates[0] if planned and planned.found.candidates else None


def _unplanned(audited: ModelAudit, outcome: Outcome | None) -> PlanReport:
    """The report where nothing could be tried: the model's own verdict, if that has anything against it."""
    verdict = audited.verdict
    if outcome is not None and verdict.status == "feasible":
        verdict = Verdict(
            status="undetermined",
            binding="plan",
            reasons=(f"no run args can be tried: {safe(outcome.reason, limit=400)}",),
            next=("auditor estimate with --set tells what run args of your own cost",),
            exit_code=EXIT_UNDETERMINED,
        )
    return PlanReport(
        version=__version__,
        rules=rules.digest(),
        audited=replace(audited, verdict=verdict),
        goal=None,
        sample=None,
        chosen=None,
        leanest=None,
        calibrated=None,
        front=(),
        changes=None,
        trials=0,
        written=None,
        exit_code=verdict.exit_code,
    )


# --- the model's own answers ---------------------------------------------------------------


def _reference(path: Path, planned: Planned) -> _Reference | None:
    """ONNX Runtime's answers to the rows; None where it is not installed or gives none."""
    from auditor.onnx_runtime import is_installed
    from auditor.proving.inference import InferenceFailed, infer_all

    if not is_installed():
        return None
    rows = planned.sample.given
    sets = [tuple(array[row] for array in rows) for row in range(planned.sample.count)]
    try:
        inferences = infer_all(path, sets, limits=Limits(), repeats=False)
    except InferenceFailed:
        return None
    outputs = zip(*(inference.outputs for inference in inferences), strict=True)
    return _Reference(
        answers=tuple(np.stack([np.asarray(one) for one in slot]) for slot in outputs),
        name=inferences[0].runtime,
    )


def _verdict(
    audited: ModelAudit, outcome: Outcome, planned: Planned, reference: _Reference | None
) -> Verdict:
    """The model's verdict with these run args, unless there are none or they compute something else."""
    if not planned.found.candidates:
        if audited.verdict.status == "infeasible":
            return audited.verdict
        leanest = planned.found.leanest
        least = f"; the leanest take {bytes_text(leanest.cost.peak_memory_bytes)}" if leanest else ""
        return Verdict(
            status="infeasible",
            binding="plan",
            reasons=(safe(outcome.reason + least, limit=400),),
            next=("a larger --tolerance, a smaller --min-agreement, or other limits",),
            exit_code=EXIT_INFEASIBLE,
        )
    wanted = planned.found.wanted
    if reference is not None and audited.verdict.status == "feasible":
        off = accuracy(_own(planned.found.fine, reference), reference.answers).relative_error
        if off > max(wanted.tolerance / OUT_OF_TUNE, 1e-6):
            return Verdict(
                status="infeasible",
                binding="fidelity",
                reasons=(
                    f"the circuit is {off:.2%} of the output's range away from {reference.name}, however "
                    "fine its numbers: it computes something else",
                ),
                next=("auditor prove compares the two on one input and says where they differ",),
                exit_code=EXIT_INFEASIBLE,
            )
    return audited.verdict


def _own(answers: Sequence[np.ndarray], reference: _Reference) -> list[np.ndarray]:
    """Those to the rows that were given: what is near them was not asked of the reference."""
    return [answer[: len(truth)] for answer, truth in zip(answers, reference.answers, strict=True)]


# --- what is told --------------------------------------------------------------------------


def _option(candidate: Candidate, reference: _Reference | None) -> Option:
    found = candidate.accuracy
    if reference is not None:
        found = accuracy(_own(candidate.trial.answers, reference), reference.answers)
    cost = candidate.cost
    return Option(
        run_args=as_settings(candidate.run_args),
        num_rows=candidate.size.num_rows,
        total_assignments=candidate.size.total_assignments,
        num_blocks=candidate.system.num_blocks,
        proving_key_bytes=candidate.artifacts.proving_key_bytes,
        verifying_key_bytes=candidate.artifacts.verifying_key_bytes,
        proof_bytes=candidate.artifacts.proof_bytes,
        exact=candidate.artifacts.exact,
        setup_seconds=figures(cost.setup_seconds),
        prove_seconds=figures(cost.prove_seconds),
        peak_memory_bytes=figures(cost.peak_memory_bytes),
        verify_gas=None if cost.verify_gas is None else figures(cost.verify_gas),
        usd=None if cost.usd is None else figures(cost.usd),
        accuracy=AccuracyFacts(
            max_abs_error=figures(found.max_abs_error),
            mean_abs_error=figures(found.mean_abs_error),
            relative_error=figures(found.relative_error),
            agreement=None if found.agreement is None else figures(found.agreement),
        ),
        headroom=figures(min(headroom(candidate.run_args, candidate.trial.room), 2.0**64)),
    )


_LIMITS = {name: name.removeprefix("max_") for name in Goal.__struct_fields__ if name.startswith("max_")}


def _goal(planned: Planned, options: PlanOptions) -> GoalFacts:
    goal, wanted = planned.goal, planned.found.wanted
    limits = {name: getattr(goal, field) for field, name in _LIMITS.items()}
    return GoalFacts(
        minimize=goal.minimize,
        hardware=options.hardware,
        chain=options.chain,
        tolerance=figures(wanted.tolerance),
        min_agreement=figures(wanted.min_agreement),
        margin=goal.margin,
        pinned=tuple(sorted(goal.pinned)),
        limits={name: value for name, value in limits.items() if value is not None},
    )


def _sample(planned: Planned, reference: _Reference | None) -> SampleFacts:
    sample = planned.sample
    return SampleFacts(
        source=sample.source,
        seed=sample.seed,
        rows=sample.count,
        ranges=planned.goal.ranges,
        reference=reference.name if reference else f"the circuit itself at scale {FINE_SCALES[0]}",
        fresh_failure_rate=0.0 if planned.goal.ranges == "sound" else figures(1 / (sample.count + 1)),
    )


# --- the settings file ---------------------------------------------------------------------


def _write(path: Path, studied: Study) -> None:
    """The settings.json of the chosen run args, as EZKL would write it.

    Raises:
        UsageError: it cannot be written, or the file of the model holds too little to know all of it.
    """
    from auditor.ezkl.settings import canonical_settings
    from auditor.ezkl.settings_file import settings_of

    circuit, size = studied.laid_out.circuit, studied.sized.size
    assert circuit is not None
    assert size is not None
    try:
        content = canonical_settings(settings_of(circuit, size, EZKL_VERSION, _output_types(studied)))
    except ValueError as error:
        raise UsageError(f"--write {path}: {error}") from error
    write_whole(path, content.decode("ascii"))


def _output_types(studied: Study) -> list[str]:
    """EZKL's types of the outputs, which it writes and never reads."""
    facts = studied.laid_out.facts
    return [INPUT_TYPES[facts[output.name].dt] for output in studied.model.graph.outputs]
