"""``auditor calibrate``: measures this machine with a few tiny real proofs, and keeps what it finds.

The profile is the reference's, scaled by what the proofs took here; it names the machine it is about, and is
not used on any other.
"""

from __future__ import annotations

import datetime
import json
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from auditor.calibration_circuits import INPUT, QUICK, THOROUGH, TinyCircuit
from auditor.calibration_file import Kept, calibration_path, keep, this_place
from auditor.errors import InternalFailure, UsageError
from auditor.ezkl import Rejected, call, gen_settings, require_ezkl
from auditor.ezkl.settings import canonical_settings
from auditor.guard import Limits, WorkerResult
from auditor.machine import Machine, this_machine
from auditor.pricing.calibration import Calibration, TinyRun, calibration
from auditor.pricing.profile import PROBE_LOGROWS, HardwareProfile, for_processor, scale_by_srs
from auditor.pricing.profile_file import shipped
from auditor.pricing.terms import Step
from auditor.proving.srs import inspect_srs

if TYPE_CHECKING:
    from auditor.pricing.prover import StepPrediction
    from auditor.proving.store import Store

THREADS = 2
"""Those of the reference machine: more would spend time on waiting for each other in proofs as tiny."""


class Teller(Protocol):
    """Who hears how it goes on: :class:`auditor.progress.StepProgress`."""

    def expect(self, expected_seconds: dict[str, float]) -> None:
        """What the coming steps will take."""
        ...

    def step(self, name: str) -> AbstractContextManager[None]:
        """Lasts as long as the step of this name."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationReport:
    """What was measured, and the file ``kept`` of it."""

    kept: Kept
    calibration: Calibration
    runs: tuple[TinyRun, ...]
    thorough: bool

    @property
    def cpu_seconds(self) -> float:
        """Of all that was measured."""
        return sum(sum(run.cpu_seconds.values()) for run in self.runs)


def calibrate(teller: Teller, *, thorough: bool = False, output: Path | None = None) -> CalibrationReport:
    """Proves :data:`QUICK` (or :data:`THOROUGH`) circuits here and keeps what they say of this machine.

    The profile goes to ``output``, by default to where :func:`load_calibrated` looks.

    Raises:
        UsageError: EZKL is not installed, the file cannot be written, or the system does not say what this
            machine is.
        Undetermined: EZKL is there in another version.
        InternalFailure: a proof failed.
    """
    require_ezkl()
    machine, reference = this_machine(), shipped()
    place, path = this_place(machine), output or calibration_path()
    circuits = THOROUGH if thorough else QUICK
    predicted = {circuit.name: _predict(circuit, reference) for circuit in circuits}
    teller.expect(_expected_seconds(circuits, predicted))
    try:
        with tempfile.TemporaryDirectory(prefix="auditor-calibrate-") as name:
            runs = tuple(_measure(circuits, predicted, Path(name), _limits(machine), teller))
    except Rejected as error:
        raise InternalFailure(f"EZKL did not prove a tiny circuit: {error.reason}") from error
    try:
        found = calibration(reference, runs)
    except ValueError as error:
        raise InternalFailure(f"the tiny proofs tell nothing of this machine: {error}") from error
    kept = keep(path, place, found, runs, today=datetime.date.today())
    return CalibrationReport(kept=kept, calibration=found, runs=runs, thorough=thorough)


def _limits(machine: Machine) -> Limits:
    return Limits(threads=min(THREADS, machine.cores), cpu_seconds=600, wall_seconds=600.0)


# --- predicting ----------------------------------------------------------------------------


def _predict(circuit: TinyCircuit, reference: HardwareProfile) -> dict[Step, StepPrediction]:
    """What the reference machine takes for a circuit."""
    from auditor.circuit import Source
    from auditor.pricing.prover import predict_steps
    from auditor.sizing import artifacts, constraint_system

    size = Source
    system = constraint_system(size, circuit.run_args)
    steps = predict_steps(
        system, artifacts(system), size, circuit.run_args, reference, cores=reference.measured.cores
    )
    return {prediction.step: prediction for prediction in steps}


def _expected_seconds(
    circuits: Sequence[TinyCircuit], predicted: dict[str, dict[Step, StepPrediction]]
) -> dict[str, float]:
    """Wall time of each step on the reference machine, by what the steps are called."""
    expected = {}
    for circuit in circuits:
        steps = predicted[circuit.name]
        expected[_srs_name(circuit.logrows)] = steps["srs"].wall_seconds.mid
        expected[circuit.name] = sum(one.wall_seconds.mid for name, one in steps.items() if name != "srs")
    return expected


def _srs_name(logrows: int) -> str:
    return f"SRS of 2^{logrows} rows"
