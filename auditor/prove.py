"""From a model to a proof in a bundle. It reads top to bottom; the steps are in ``auditor/proving``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec.structs import replace

from auditor._version import __version__
from auditor.circuit import RunArgs
from auditor.errors import InternalFailure, UnboundDimension, Undetermined, UsageError
from auditor.ezkl import Rejected, WorkerDied, require_ezkl
from auditor.front_end import lower_model
from auditor.machine import Machine, this_machine
from auditor.model import EXTERNAL_DATA, read_source
from auditor.onnx_runtime import require_onnx_runtime
from auditor.options import Request
from auditor.places import cache_directory
from auditor.plans.planner import planner_for
from auditor.preparation import (
    Job,
    ProofRequest,
    Refused,
    as_compiled,
    make_schedule,
    require_circuit,
    require_room,
    take_inputs,
)
from auditor.progress import StepProgress, progress
from auditor.proving import steps
from auditor.proving.bundle import canonical_proof, require_free, write_bundle
from auditor.proving.comparison import Comparison, Subject, compare
from auditor.proving.forms import OutputForm, input_scales, output_forms
from auditor.proving.inputs import Inputs, as_input_json
from auditor.proving.manifest import (
    PROOF,
    SETTINGS,
    VERIFIER_SRS,
    VERIFYING_KEY,
    CircuitRecord,
    MachineRecord,
    Measured,
    ModelFile,
    StepRecord,
)
from auditor.proving.record import UNSAFE_SRS, Evidence, manifest_of
from auditor.proving.report import ProofReport
from auditor.proving.schedule import Schedule
from auditor.proving.srs import Srs, obtain_srs
from auditor.proving.steps import Step, Workshop
from auditor.proving.store import Store
from auditor.safe import safe
from auditor.study import Study, study
from auditor.verdict import FIDELITY


def prove(path: Path, request: Request, wanted: ProofRequest, progress: StepProgress) -> ProofReport:
    """Proves one inference of the model at ``path`` and writes the proof into a bundle, or says why not.

    Raises:
        AuditorError: the model or the input cannot be read, something is not installed, the machine failed.
    """
    require_ezkl()
    require_onnx_runtime()
    require_free(wanted.bundle)
    studied = _study(path, request)
    schedule = Schedule(predictions=())
    try:
        circuit, run_args = require_circuit(studied, force=wanted.force)
        machine = this_machine()
        with (
            Store(cache_directory(wanted.cache), note=progress.note) as store,
            store.workspace() as workspace,
        ):
            schedule = make_schedule(studied, run_args, machine, progress.note)
            limits = schedule.limits(machine, wanted.memory_limit_bytes, wanted.timeout_seconds)
            job = Job(
                path=path,
                request=request,
                wanted=wanted,
                studied=studied,
                circuit=circuit,
                run_args=run_args,
                machine=machine,
                schedule=schedule,
                shop=Workshop(store=store, workspace=workspace, limits=limits, teller=progress),
                progress=progress,
            )
            return _prove(job)
    except WorkerDied as error:
        raise InternalFailure(error.message, _AFTER_DEATH.get(error.kind, _GO_ON)) from error
    except Refused as refusal:
        return ProofReport(
            version=__version__,
            model=safe(path.name),
            status="refused",
            exit_code=refusal.exit_code,
            plan=schedule.planned,
            binding=refusal.binding,
            reasons=refusal.reasons,
            next=refusal.next,
        )


def _no_note(text: str) -> None:
    """It was said when the first schedule was made."""


def _study(path: Path, request: Request) -> Study:
    """The study of what is compiled: of a model whose weights lie beside it, a copy with them inside."""
    source = read_source(path)
    missing = source.shape_only
    refusals = tuple(
        item for item in source.refusals if item.reason != EXTERNAL_DATA or item.subject in missing
    )
    try:
        with progress(f"studying {safe(str(path))}", quiet=request.quiet):
            return study(
                path,
                replace(source, refusals=refusals),
                request,
                alone=True,
                plan=planner_for(request, this_machine().memory_bytes),
            )
    except UnboundDimension as error:
        raise Undetermined(f"{safe(str(path))} {error.message}", error.hint) from error


def _prove(job: Job) -> ProofReport:
    shop, wanted = job.shop, job.wanted
    inputs, probes = take_inputs(job)
    model, file = as_compiled(job)
    require_room(job, file)
    # Only now is EZKL asked for anything: how fast it is here, unless that is known.
    schedule = make_schedule(job.studied, job.run_args, job.machine, _no_note, probe=shop.store)
    job = replace(job, schedule=schedule)
    job.progress.expect(schedule.expected_seconds)

    with _ezkls_refusal("support", "EZKL rejects the model"):
        settings = steps.make_settings(shop, model, file.inlined_sha256, job.run_args)
        circuit = steps.compile_circuit(shop, model, file.inlined_sha256, settings)
    srs = _srs(job)
    with _ezkls_refusal("input", "EZKL finds no witness for this input", _NO_WITNESS):
        witness = steps.gen_witness(shop, circuit, as_input_json(inputs), inputs.sha256)
    subject = _subject(job, model, file, circuit)
    comparison = compare(shop, subject, witness, inputs, probes)
    _require_fidelity(comparison, wanted, planned=_is_planned(job.studied))
    with _failure_of_ezkl():
        keys = steps.make_keys(shop, circuit, srs.path, srs.sha256)
        proof = steps.make_proof(shop, circuit, witness, keys, srs.path, srs.sha256)
        try:
            verification = steps.check_proof(shop, proof.path(steps.PROOF), settings, keys, srs.verifier)
        except Rejected:
            # Whatever went wrong, the next run is to make another.
            _forget(job, proof)
            raise

    done = (settings, circuit, witness, keys, proof)
    content = canonical_proof(proof.path(steps.PROOF).read_bytes())
    evidence = Evidence(
        model=file,
        run_args=job.run_args,
        circuit=_circuit_record(job),
        settings=json.loads(settings.path(steps.SETTINGS).read_bytes()),
        proof=json.loads(content),
        srs=srs,
        inputs=inputs,
        subject=subject,
        comparison=comparison,
        forced=_is_forced(job, comparison),
        findings=_fidelity_rules(job.studied),
        steps=(*(_record(job, step) for step in done), _record_of_verification(job, verification)),
        proving_seconds=proof.measured.wall_seconds,
        machine=_machine_record(job.machine),
    )
    files: dict[str, Path | bytes] = {
        SETTINGS: settings.path(steps.SETTINGS),
        VERIFYING_KEY: keys.path(steps.VERIFYING_KEY),
        PROOF: content,
        VERIFIER_SRS: srs.verifier,
    }
    manifest = write_bundle(wanted.bundle, manifest_of(evidence), files)
    for step in (witness, proof):
        _forget(job, step)
    return ProofReport(
        version=__version__,
        model=safe(job.path.name),
        status="proved",
        exit_code=0,
        plan=job.schedule.planned,
        bundle=safe(str(wanted.bundle), limit=400),
        manifest=manifest,
        warnings=tuple(_warnings(job, inputs, srs, comparison)),
    )


# --- on the way ----------------------------------------------------------------------------


@contextmanager
def _ezkls_refusal(binding: str, what: str, *next_: str) -> Iterator[None]:
    try:
        yield
    except Rejected as error:
        raise Refused(binding, (f"{what}: {error.reason}",), *next_) from error


@contextmanager
def _failure_of_ezkl() -> Iterator[None]:
    """From here on EZKL has accepted model and input, so that a refusal is a fault of its own."""
    try:
        yield
    except Rejected as error:
        raise InternalFailure(f"{error.stage}: EZKL failed: {error.reason}", _GO_ON) from error


_GO_ON = "finished steps are kept: the next run goes on here"

_AFTER_DEATH = {
    "memory": "free some memory, raise --memory-limit, or make the circuit smaller; finished steps are kept",
    "disk": "make room with `auditor cache prune`, or set AUDITOR_CACHE; finished steps are kept",
    "timeout": "raise --timeout; finished steps are kept",
    "hang": "EZKL never ends on some circuits, whatever the run args: change the model, and tell EZKL",
}
"""What to do, by what ended a step."""


def _forget(job: Job, step: Step) -> None:
    """Removes what holds the input and is of no more use. Another run that uses it removes it in its turn."""
    try:
        job.shop.store.remove(step.stored)
    except UsageError as error:
        job.progress.note(f"the {step.name} stays in the cache: {error.message}")


def _srs(job: Job) -> Srs:
    with job.progress.step("srs"):
        return obtain_srs(
            job.wanted.srs,
            job.run_args.logrows,
            job.shop.store,
            limits=job.shop.limits("srs"),
            note=job.progress.note,
            progress=job.progress.bytes_done,
        )


def _subject(job: Job, model: Path, file: ModelFile, circuit: Step) -> Subject:
    studied = job.studied
    names = [info.name for info in studied.model.graph.outputs]

    def forms_at(run_args: RunArgs) -> tuple[tuple[OutputForm, ...], tuple[int, ...]]:
        lowered = lower_model(job.path, studied.model, (), run_args, job.request.front_end)
        if lowered.circuit is None:
            raise Rejected("there is no circuit at a finer scale")
        return output_forms(lowered.circuit, names), input_scales(lowered.circuit)

    return Subject(
        model=model,
        model_sha256=file.inlined_sha256,
        circuit=circuit,
        run_args=job.run_args,
        input_scales=input_scales(job.circuit),
        forms=output_forms(job.circuit, names),
        forms_at=forms_at,
        tolerance=job.wanted.tolerance,
    )


def _is_planned(studied: Study) -> bool:
    """Whether the run args were chosen here, and so to be as coarse as the answer allows."""
    return studied.outcome is not None and studied.outcome.run_args is not None


def _require_fidelity(comparison: Comparison, wanted: ProofRequest, *, planned: bool) -> None:
    """Refuses to prove what is not the model's answer. How coarse it may be, a plan has settled."""
    if wanted.force or comparison.status in ("same", "unknown"):
        return
    if comparison.status == "coarse" and planned and wanted.tolerance is None:
        return
    raise Refused("fidelity", _difference(comparison), *_WAYS_OUT[comparison.status])


def _difference(comparison: Comparison) -> tuple[str, ...]:
    what = {
        "coarse": "the circuit's numbers are too coarse: the error shrinks where scales are finer",
        "different": "the circuit computes another function: its error stays where scales are finer",
    }
    reasons = [what[comparison.status]]
    where = "" if comparison.decisive is comparison.agreements else " on an input drawn to probe it"
    for item in comparison.decisive:
        if item.status == "same" or item.max_abs_difference is None or item.tolerance is None:
            continue
        far = f"{item.max_abs_difference:.4g} from ONNX Runtime's, and {item.tolerance:.4g} is tolerated"
        reasons.append(f"output {safe(item.name)} is{where} {far}")
    return tuple(reasons)


_NO_WITNESS = (
    "give an input with smaller numbers, or run args that hold larger ones: --set decomp_legs=3, a wider "
    "--set lookup_range, or a smaller --set input_scale"
)

_WAYS_OUT = {
    "coarse": ("--set input_scale=10 --set param_scale=10, or a larger --tolerance",),
    "different": ("--force proves the other function all the same, and the bundle says so",),
}


# --- what is written down ------------------------------------------------------------------


def _record(job: Job, step: Step) -> StepRecord:
    return StepRecord(
        step=step.name,
        reused=step.reused,
        predicted=job.schedule.predicted(step.name),
        measured=_measured(step.measured, step.num_bytes),
    )


def _record_of_verification(job: Job, measured: steps.Measured) -> StepRecord:
    return StepRecord(
        step="verification",
        reused=False,
        predicted=job.schedule.predicted("verification"),
        measured=_measured(measured, None),
    )


def _measured(measured: steps.Measured, num_bytes: int | None) -> Measured:
    return Measured(
        wall_seconds=measured.wall_seconds,
        cpu_seconds=measured.cpu_seconds,
        peak_memory_bytes=measured.peak_memory_bytes,
        bytes=num_bytes,
    )


def _circuit_record(job: Job) -> CircuitRecord:
    sized = job.studied.sized
    assert sized.system is not None
    assert sized.size is not None
    return CircuitRecord(
        logrows=job.run_args.logrows,
        num_rows=sized.size.num_rows,
        degree=sized.system.degree,
        num_instances=sized.system.num_instances,
    )


def _machine_record(machine: Machine) -> MachineRecord:
    return MachineRecord(cores=machine.cores, memory_bytes=machine.memory_bytes, cpu=machine.cpu)


def _is_forced(job: Job, comparison: Comparison) -> bool:
    """Whether it is a proof that would have been refused."""
    is_faulty = job.studied.verdict.binding == "fidelity" or comparison.status in ("coarse", "different")
    return job.wanted.force and is_faulty


def _fidelity_rules(studied: Study) -> tuple[str, ...]:
    return tuple(sorted({item.rule for item in studied.findings if item.rule.startswith(FIDELITY)}))


def _warnings(job: Job, inputs: Inputs, srs: Srs, comparison: Comparison) -> Iterator[str]:
    """What a reader of the proof must know."""
    if srs.unsafe:
        yield f"UNSAFE SRS: {UNSAFE_SRS}"
    if comparison.status == "different":
        yield "this proves another function than the model's: see the differences"
    if comparison.status == "coarse" and not _is_planned(job.studied):
        yield "the circuit's answers are further from the model's than rounding explains"
    if comparison.status == "unknown":
        yield f"not compared with the model: {comparison.reason or 'no witness at a finer scale'}"
    if inputs.source == "random":
        yield f"the input is random (seed {inputs.seed}), as none was given: --input"
