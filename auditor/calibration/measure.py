"""``auditor calibrate``: measures this machine with a few tiny real proofs, and keeps what it finds.

The profile is the reference's, scaled by what the proofs took here; it names the machine it is about, and is
not used on any other.
"""

from __future__ import annotations

import datetime
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

from auditor._version import EZKL_VERSION
from auditor.calibration.circuits import INPUT, QUICK, THOROUGH, TinyCircuit
from auditor.calibration.file import Kept, keep, place_of
from auditor.calibration.probe import remember, remembered_profile
from auditor.errors import InternalFailure
from auditor.ezkl import Rejected, call, ezkl_version, require_ezkl
from auditor.ezkl.settings import canonical_settings, py_run_args
from auditor.front_end import lay_out_or_reject, lower_model
from auditor.guard import Limits, WorkerResult
from auditor.machine import Machine, this_machine
from auditor.model import read_source
from auditor.places import calibration_path
from auditor.pricing.calibration import Calibration, TinyRun, calibration
from auditor.pricing.profile import PROBE_LOGROWS, HardwareProfile, for_processor
from auditor.pricing.profile_file import shipped
from auditor.pricing.prover import StepPrediction, predict_steps
from auditor.pricing.terms import Step
from auditor.proving.srs import inspect_srs
from auditor.sizing import artifacts, constraint_system

if TYPE_CHECKING:
    from auditor.proving.store import Store

THREADS = 2
"""Those of the reference machine: more would spend time on waiting for each other in proofs as tiny."""

Predictions = Mapping[Step, StepPrediction]


class Teller(Protocol):
    """Who hears how it goes on: :class:`auditor.progress.StepProgress`."""

    def expect(self, expected_seconds: Mapping[str, float]) -> None:
        """What the coming steps will take."""
        ...

    def step(self, name: str) -> AbstractContextManager[None]:
        """Lasts as long as the step of this name."""
        ...


class CalibrationReport(Struct, frozen=True, kw_only=True):
    """What was measured, and the file it is ``kept`` in. ``in_use``: that is where it is looked for."""

    kept: Kept
    in_use: bool
    calibration: Calibration
    runs: tuple[TinyRun, ...]
    thorough: bool

    @property
    def cpu_seconds(self) -> float:
        """Of all that was measured."""
        return sum(sum(run.cpu_seconds.values()) for run in self.runs)


def calibrate(teller: Teller, *, thorough: bool = False, output: Path | None = None) -> CalibrationReport:
    """Proves :data:`QUICK` (or :data:`THOROUGH`) circuits here and keeps what they say of this machine.

    The profile goes to ``output``, by default to where :func:`load_calibrated` looks for it.

    Raises:
        UsageError: EZKL is not installed, or the file cannot be written.
        Undetermined: EZKL is there in another version, or the system does not say what this machine is.
        InternalFailure: a proof failed.
    """
    require_ezkl()
    machine = this_machine()
    place, path = place_of(machine), output or calibration_path()
    limits = Limits(threads=min(THREADS, machine.cores), cpu_seconds=600, wall_seconds=600.0)
    with tempfile.TemporaryDirectory(prefix="auditor-calibrate-") as name:
        runs = measure(THOROUGH if thorough else QUICK, Path(name), limits, teller)
    try:
        found = calibration(shipped(), runs)
    except ValueError as error:
        raise InternalFailure(f"the tiny proofs tell nothing of this machine: {error}") from error
    kept = keep(path, place, found, runs, threads=limits.threads, today=datetime.date.today())
    return CalibrationReport(
        kept=kept, in_use=output is None, calibration=found, runs=runs, thorough=thorough
    )


def measure(
    circuits: Sequence[TinyCircuit], directory: Path, limits: Limits, teller: Teller
) -> tuple[TinyRun, ...]:
    """Proves circuits with files in ``directory``; each SRS is timed with the first of its circuits.

    Raises:
        InternalFailure: EZKL refused or died.
    """
    for circuit in circuits:
        _model(directory, circuit).write_bytes(circuit.model())
    predicted = {circuit.name: predict(_model(directory, circuit), circuit) for circuit in circuits}
    teller.expect({circuit.name: _wall_seconds(predicted[circuit.name]) for circuit in circuits})
    try:
        return tuple(_prove_all(circuits, predicted, directory, limits, teller))
    except Rejected as error:
        raise InternalFailure(f"EZKL did not prove a tiny circuit: {error.reason}") from error


def predict(model: Path, circuit: TinyCircuit) -> Predictions:
    """What the reference machine takes for a circuit, by step."""
    reference, run_args = shipped(), circuit.run_args
    source = read_source(model)
    laid_out = lay_out_or_reject(lower_model(model, source.model, (), run_args, "onnx"), {})
    assert laid_out.size is not None
    system = constraint_system(laid_out.size, run_args)
    cores = reference.measured.cores
    steps = predict_steps(system, artifacts(system), laid_out.size, run_args, reference, cores=cores)
    return {prediction.step: prediction for prediction in steps}


def _wall_seconds(steps: Predictions) -> float:
    return sum(prediction.wall_seconds.mid for prediction in steps.values())


# --- measuring -----------------------------------------------------------------------------


def _model(directory: Path, circuit: TinyCircuit) -> Path:
    return directory / f"{circuit.name}.onnx"


def _prove_all(
    circuits: Sequence[TinyCircuit],
    predicted: Mapping[str, Predictions],
    directory: Path,
    limits: Limits,
    teller: Teller,
) -> Iterator[TinyRun]:
    for circuit in circuits:
        srs = directory / f"kzg{circuit.logrows}.srs"
        took: dict[Step, WorkerResult] = {}
        with teller.step(circuit.name):
            if not srs.exists():
                took["srs"] = _ask("gen_srs", limits, srs=str(srs), logrows=circuit.logrows)
            took |= _prove(circuit, _model(directory, circuit), srs, limits)
        yield TinyRun(
            name=circuit.name,
            predicted=predicted[circuit.name],
            cpu_seconds={step: result.cpu_seconds for step, result in took.items()},
            peak_memory_bytes={step: float(result.peak_memory_bytes) for step, result in took.items()},
        )


def _prove(circuit: TinyCircuit, model: Path, srs: Path, limits: Limits) -> dict[Step, WorkerResult]:
    """All steps of a proof but its SRS. Raises as :func:`auditor.ezkl.call` does."""
    names = ("settings", "circuit", "witness", "verifying_key", "proving_key", "proof", "verifier")
    path = {name: model.with_suffix(f".{name}") for name in names}
    took: dict[Step, WorkerResult] = {}

    def ask(step: Step, function: str, **request: Any) -> bytes:
        given = {name: str(value) if isinstance(value, Path) else value for name, value in request.items()}
        took[step] = _ask(function, limits, **given)
        return took[step].value

    laid_out = ask("settings", "gen_settings", model=model, run_args=py_run_args(circuit.run_args))
    path["settings"].write_bytes(canonical_settings(json.loads(laid_out)))
    settings = json.loads(path["settings"].read_bytes())
    path["circuit"].write_bytes(ask("compile", "compile_circuit", model=model, settings=settings))
    witness = ask("witness", "gen_witness", input={"input_data": INPUT}, circuit=path["circuit"])
    path["witness"].write_bytes(witness)
    keys = {"verifying_key": path["verifying_key"], "proving_key": path["proving_key"]}
    ask("keys", "setup", circuit=path["circuit"], srs=srs, **keys)
    proof = ask(
        "proof", "prove",
        witness=path["witness"], circuit=path["circuit"], proving_key=path["proving_key"], srs=srs,
    )  # fmt: skip
    path["proving_key"].unlink()
    path["proof"].write_bytes(proof)
    path["verifier"].write_bytes(inspect_srs(srs).verifier)
    ask(
        "verification", "verify",
        proof=path["proof"], settings=path["settings"], verifying_key=path["verifying_key"],
        srs=path["verifier"],
    )  # fmt: skip
    return took


def _ask(function: str, limits: Limits, **request: Any) -> WorkerResult:
    return call(function, request, stage="calibrating", limits=limits)


# --- a quick guess -------------------------------------------------------------------------


def derived_profile(machine: Machine, store: Store) -> HardwareProfile:
    """The reference, its times scaled to this machine by how long it takes over an SRS, measured once.

    The probe takes a second; :mod:`auditor.calibration.probe` remembers it. Without EZKL the times are those
    of the reference, wide on another processor; on the reference's own there is nothing to scale.
    Raises :class:`auditor.errors.InternalFailure` when EZKL dies over it.
    """
    reference = shipped()
    if machine.cpu == reference.cpu_model or ezkl_version() != EZKL_VERSION:
        return for_processor(reference, machine.cpu)
    known = remembered_profile(machine, store)
    if known is None:
        cpu_seconds = quick_probe(Limits(threads=min(THREADS, machine.cores)))
        known = remember(machine, store, cpu_seconds)
    return known or for_processor(reference, machine.cpu)


def quick_probe(limits: Limits) -> float:
    """CPU seconds of a guarded worker that generates an SRS of :data:`PROBE_LOGROWS` on this machine.

    Raises :class:`auditor.errors.InternalFailure` when EZKL fails.
    """
    with tempfile.TemporaryDirectory(prefix="auditor-probe-") as name:
        request = {"srs": str(Path(name) / "kzg.srs"), "logrows": PROBE_LOGROWS}
        try:
            return call("gen_srs", request, stage="probing this machine", limits=limits).cpu_seconds
        except Rejected as error:
            raise InternalFailure(f"EZKL did not generate an SRS: {error.reason}") from error
