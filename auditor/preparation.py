"""What is settled before the first step of a proof: may there be one, of what, and is there room for it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from auditor.billing import profile_of_this_machine
from auditor.circuit import Circuit, RunArgs
from auditor.ezkl import inlined_copy
from auditor.machine import Machine, free_disk_bytes
from auditor.model import parameters
from auditor.options import Request
from auditor.places import cache_directory
from auditor.pricing.preflight import Shortfall, preflight
from auditor.pricing.prover import VALUE_BYTES, StepPrediction, predict_steps
from auditor.progress import StepProgress
from auditor.proving import steps
from auditor.proving.forms import input_forms
from auditor.proving.inputs import Inputs, check_range, input_specs, probe_inputs, random_inputs, read_inputs
from auditor.proving.manifest import ModelFile
from auditor.proving.schedule import Schedule
from auditor.proving.srs import SrsChoice, ceremony_sha256
from auditor.proving.steps import Workshop
from auditor.proving.store import Store
from auditor.safe import safe
from auditor.study import Study
from auditor.verdict import EXIT_INFEASIBLE


class ProofRequest(Struct, frozen=True, kw_only=True):
    """What ``auditor prove`` was asked for, beside run args. None leaves a choice to this program."""

    srs: SrsChoice
    bundle: Path
    input: Path | None = None
    seed: int = 0
    cache: Path | None = None
    tolerance: float | None = None
    memory_limit_bytes: int | None = None
    timeout_seconds: float | None = None
    force: bool = False


class Job(Struct, frozen=True, kw_only=True):
    """A proof that can be begun: there is a circuit, and everything that is needed is installed."""

    path: Path
    request: Request
    wanted: ProofRequest
    studied: Study
    circuit: Circuit
    run_args: RunArgs
    machine: Machine
    schedule: Schedule
    shop: Workshop
    progress: StepProgress


class Refused(Exception):
    """There will be no proof: what decided, why, and what to do about it."""

    def __init__(
        self, binding: str, reasons: tuple[str, ...], *next_: str, exit_code: int = EXIT_INFEASIBLE
    ) -> None:
        super().__init__(binding)
        self.binding, self.reasons, self.next, self.exit_code = binding, reasons, next_, exit_code


def require_circuit(studied: Study, *, force: bool) -> tuple[Circuit, RunArgs]:
    """The circuit and the run args it is built with, of a model that may be proved."""
    verdict, sized, circuit = studied.verdict, studied.sized, studied.laid_out.circuit
    forced = force and verdict.binding == "fidelity"
    is_refused = verdict.status == "infeasible" and not forced
    if is_refused or circuit is None or sized.run_args is None or sized.system is None:
        next_ = verdict.next
        if verdict.binding == "fidelity":
            next_ = (*next_, "--force proves the other function all the same, and the bundle says so")
        raise Refused(
            verdict.binding or "support",
            verdict.reasons,
            *next_,
            exit_code=verdict.exit_code or EXIT_INFEASIBLE,
        )
    _require_visibilities(sized.run_args)
    return circuit, sized.run_args


def _require_visibilities(run_args: RunArgs) -> None:
    """Refuses what EZKL 23.0.5 sizes and lays out, and of which it makes no proof that shows anything.

    Measured: with a fixed input the proof does not verify, as the keys were made without it; with a fixed
    output there is no witness; a private hash stands among the instances and is constrained to nothing, so
    that a proof with any number there verifies.
    """
    for name in ("input", "output", "param"):
        visibility, option = getattr(run_args, f"{name}_visibility"), f"--set {name}_visibility"
        if visibility == "fixed" and name != "param":
            reason = f"{option}=fixed makes the {name} part of the keys, which EZKL makes without it"
            raise Refused("visibility", (reason,), f"{option}=public, or private")
        if visibility.startswith("hashed/private"):
            reason = f"{option}={visibility} proves nothing: EZKL does not bind that hash to the circuit"
            raise Refused("visibility", (reason,), f"{option}=hashed, or private")


def make_schedule(
    studied: Study,
    run_args: RunArgs,
    machine: Machine,
    note: Callable[[str], None],
    probe: Store | None = None,
) -> Schedule:
    """What every step is expected to take on this machine, which may be probed where there is a store."""
    sized = studied.sized
    assert sized.system is not None
    assert sized.artifacts is not None
    assert sized.size is not None
    profile = profile_of_this_machine(date.today(), note=note, store=probe)
    predictions = predict_steps(
        sized.system, sized.artifacts, sized.size, run_args, profile, cores=machine.cores
    )
    weights = VALUE_BYTES * parameters(studied.model)
    return Schedule(predictions=tuple(_with_weights(item, weights) for item in predictions))


def _with_weights(prediction: StepPrediction, weights_bytes: int) -> StepPrediction:
    """The compiled circuit holds the weights, of which its size in cells says nothing."""
    if prediction.step != "compile":
        return prediction
    return replace(prediction, bytes=prediction.bytes + weights_bytes)


def take_inputs(job: Job) -> tuple[Inputs, tuple[Inputs, ...]]:
    """The input that is proved, and others to compare circuit and model on."""
    specs = input_specs(job.studied.model)
    wanted = job.wanted
    inputs = read_inputs(wanted.input, specs) if wanted.input else random_inputs(specs, wanted.seed)
    forms = input_forms(job.circuit)
    check_range(inputs, [form.scale for form in forms], [form.decomposed for form in forms], job.run_args)
    return inputs, probe_inputs(specs, wanted.seed + 1)


def as_compiled(job: Job) -> tuple[Path, ModelFile]:
    """The file that EZKL compiles: the model itself, or a copy with its external weights inside."""
    model = job.studied.source.model
    assert model.sha256 is not None
    inlined = inlined_copy(job.path, job.shop.workspace, job.shop.limits("settings"))
    sha256 = hashlib.sha256(inlined.read_bytes()).hexdigest() if inlined else model.sha256
    file = ModelFile(
        file_name=safe(job.path.name), sha256=model.sha256, bytes=model.file_bytes, inlined_sha256=sha256
    )
    return (inlined or job.path).absolute(), file


def require_room(job: Job, file: ModelFile) -> None:
    """Refuses what this machine cannot do; what is only likely to be too much is said."""
    shortfalls = _shortfalls(job, already=frozenset())
    if any(item.certain for item in shortfalls):
        srs_sha256 = known_sha256(job.wanted.srs, job.run_args.logrows, job.shop.store)
        already = steps.finished(job.shop.store, file.inlined_sha256, job.run_args, srs_sha256)
        shortfalls = _shortfalls(job, already)
    certain = tuple(item for item in shortfalls if item.certain)
    if certain and not job.wanted.force:
        raise Refused(certain[0].what, tuple(item.sentence for item in certain), *_ROOM)
    for item in shortfalls:
        job.progress.note(f"{item.sentence}{'; going on, as --force was given' if item.certain else ''}")


def known_sha256(choice: SrsChoice, logrows: int, store: Store) -> str | None:
    """The hash of the SRS that will be used, where it is known before it is there."""
    if choice.kind == "public":
        return ceremony_sha256(logrows)
    if choice.kind == "file":
        return choice.sha256
    stored = store.find("srs", {"kind": "unsafe-local", "logrows": logrows})
    return None if stored is None else next(iter(stored.files.values())).sha256


def _shortfalls(job: Job, already: frozenset[str]) -> tuple[Shortfall, ...]:
    return preflight(
        job.schedule.predictions,
        job.machine,
        free_disk_bytes=free_disk_bytes(cache_directory(job.wanted.cache)),
        memory_limit_bytes=job.wanted.memory_limit_bytes,
        already=already,
    )


_ROOM = (
    "a larger machine, fewer rows (auditor estimate names the dearest layers) or a smaller logrows",
    "--force tries all the same",
)
