"""The recorded proofs of this project's own circuits, and how far off what is told of them is."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from msgspec import Struct

from auditor.calibration.circuits import QUICK
from auditor.calibration.file import Place, profile_content
from auditor.calibration.measure import predict
from auditor.front_end import lay_out_or_reject, lower_model
from auditor.model import read_source
from auditor.pricing.calibration import TinyRun, calibration
from auditor.pricing.profile import PROBE_LOGROWS, HardwareProfile, scale_by_srs
from auditor.pricing.profile_file import parse, shipped
from auditor.pricing.prover import StepPrediction, predict_steps
from auditor.pricing.terms import Quantity, Step
from auditor.sizing import Artifacts, ConstraintSystem, artifacts, constraint_system
from tests.sizing.settings import circuit_size_of, run_args_of
from tools import fit, prover_runs
from tools.prover_models import Case, cases
from tools.prover_runs import Record, default_run_args

RUNS = Path(__file__).parents[1] / "tests" / "pricing" / "own_runs.jsonl"
STEPS: Final[tuple[Step, ...]] = ("keys", "proof", "verification")
TIMED: Final[tuple[Step, ...]] = ("keys", "proof")
QUANTITIES: Final[tuple[Quantity, ...]] = ("cpu_seconds", "peak_memory_bytes")

SIZES = {
    "proving_key": ("proving_key_bytes", "proving_key_bounds"),
    "verifying_key": ("verifying_key_bytes", "verifying_key_bounds"),
    "proof": ("proof_bytes", "proof_bounds"),
}
"""The field of :class:`Artifacts` that says each size, and the one with its bounds."""


class OwnRun(Struct, frozen=True, dict=True):
    """A recorded proof, beside the circuit that it is of as this program sizes it."""

    case: Case
    record: Record

    @cached_property
    def settings(self) -> dict[str, Any]:
        """EZKL's settings.json, as far as it was kept."""
        settings = dict(self.record["settings"])
        return settings | {"run_args": default_run_args() | settings["run_args"]}

    @cached_property
    def system(self) -> ConstraintSystem:
        """The constraint system."""
        return constraint_system(circuit_size_of(self.settings), run_args_of(self.settings))

    @cached_property
    def artifacts(self) -> Artifacts:
        """The sizes that are told."""
        return artifacts(self.system)

    def sized_from_model(self, directory: Path) -> Artifacts | None:
        """The sizes that are told from the ONNX file alone; None when it has no certain layout."""
        model, run_args = directory / "model.onnx", self.case.run_args
        model.write_bytes(self.case.model)
        lowered = lower_model(model, read_source(model).model, (), run_args, "onnx")
        size = lay_out_or_reject(lowered, {}).size
        return None if size is None else artifacts(constraint_system(size, run_args))

    def predicted(self, profile: HardwareProfile) -> dict[Step, StepPrediction]:
        """What each step takes on a machine with two cores."""
        size, run_args = circuit_size_of(self.settings), run_args_of(self.settings)
        steps = predict_steps(self.system, self.artifacts, size, run_args, profile, cores=2)
        return {prediction.step: prediction for prediction in steps}

    @property
    def is_exact(self) -> bool:
        """Whether every size is the one that was told."""
        told, real = self.artifacts, self.record["bytes"]
        sizes = all(real[name] == getattr(told, field) for name, (field, _) in SIZES.items())
        return sizes and real["calldata"] == told.calldata_bytes

    @property
    def is_within_bounds(self) -> bool:
        """Whether every size is within what was told of it, which is a single number where it is exact."""
        told, real = self.artifacts, self.record["bytes"]
        proof_low, proof_high = told.proof_bounds
        rest = told.calldata_bytes - told.proof_bytes
        return (
            all(
                low <= real[name] <= high
                for name, (_, field) in SIZES.items()
                for low, high in [getattr(told, field)]
            )
            and proof_low + rest <= real["calldata"] <= proof_high + rest
        )


class Evidence(Struct, frozen=True, dict=True):
    """Everything that was recorded."""

    about: Record
    proofs: tuple[OwnRun, ...]
    srs: Mapping[int, Record]
    tiny: Sequence[Record]

    @cached_property
    def derived(self) -> HardwareProfile:
        """The reference scaled by an SRS that was generated on the machine."""
        seconds = self.srs[PROBE_LOGROWS]["steps"]["srs"]["cpu_seconds"]
        return scale_by_srs(shipped(), logrows=PROBE_LOGROWS, cpu_seconds=seconds)

    @cached_property
    def calibrated(self) -> HardwareProfile:
        """What ``auditor calibrate`` makes of its tiny proofs."""
        with tempfile.TemporaryDirectory(prefix="auditor-calibrate-") as name:
            runs = list(_tiny_runs(self.tiny, Path(name)))
        place = Place(cpu=self.about["cpu"], cores=2, memory_bytes=1, ezkl=self.about["ezkl"], reference="-")
        made = calibration(shipped(), runs)
        day = prover_runs.day(self.about["date"])
        return parse(profile_content(place, made, runs, threads=2, today=day), "calibrated")


def _tiny_runs(records: Iterable[Record], directory: Path) -> Iterator[TinyRun]:
    """As ``auditor calibrate`` has them; the circuits are sized anew."""
    circuits = {circuit.name: circuit for circuit in QUICK}
    for record in records:
        circuit = circuits[record["name"]]
        model = directory / "model.onnx"
        model.write_bytes(circuit.model())
        yield TinyRun(
            name=circuit.name,
            predicted=predict(model, circuit),
            cpu_seconds=record["cpu_seconds"],
            peak_memory_bytes=record["peak_memory_bytes"],
        )


def read(path: Path = RUNS) -> Evidence:
    """What is recorded of the cases that there are now."""
    known = {case.name: case for case in cases()}
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return Evidence(
        about=next(record["about"] for record in records if "about" in record),
        proofs=tuple(
            OwnRun(known[record["name"]], record) for record in records if record.get("name") in known
        ),
        srs={record["srs"]: record for record in records if "srs" in record},
        tiny=next(record["calibration"] for record in records if "calibration" in record),
    )


# --- errors --------------------------------------------------------------------------------


class Errors(Struct, frozen=True, dict=True):
    """Predicted over measured less one, of some runs, and whether each was within its interval."""

    off: np.ndarray
    inside: np.ndarray

    @property
    def bias(self) -> float:
        """The median."""
        return float(np.median(self.off))

    def quantile(self, part: float) -> float:
        """Of the size of the errors."""
        return float(np.quantile(np.abs(self.off), part))

    @property
    def covered(self) -> float:
        """The part within the intervals, which is to be nine tenths."""
        return float(np.mean(self.inside))


def errors(runs: Sequence[OwnRun], profile: HardwareProfile, step: Step, quantity: Quantity) -> Errors:
    """How far off the predictions for a machine are."""
    off, inside = [], []
    for run in runs:
        told = getattr(run.predicted(profile)[step], quantity)
        measured = run.record["steps"][step][quantity]
        off.append(told.mid / measured - 1)
        inside.append(told.low <= measured <= told.high)
    return Errors(off=np.array(off), inside=np.array(inside))


@cache
def held_out_errors(step: Step, quantity: Quantity) -> Errors:
    """Of the runs of the reference machine, each predicted, interval included, by runs of other models."""
    profile = shipped()
    target = fit.Target(step=step, quantity=quantity, growth_per_logrow=profile.growth_per_logrow)
    runs = fit.read_runs()
    off, inside = [], []
    for family in sorted({run.family for run in runs}):
        rest = [run for run in runs if run.family != family]
        fitted = fit.coefficients(rest, target)
        low, high = fit.error_factors(fit.held_out(rest, target), step)
        more_low, more_high = fit.freivalds_factors(rest, target)
        for run in (run for run in runs if run.family == family):
            ratio = target.ratio(fitted, run)
            ends = (low * more_low, high * more_high) if run.has_freivalds else (low, high)
            off.append(1 / ratio - 1)
            inside.append(ends[0] <= ratio <= ends[1])
    return Errors(off=np.array(off), inside=np.array(inside))


def extrapolated(step: Step, name: str = "K18", most: int = 14) -> float:
    """The relative error of the CPU time told for a run by those with at most 2^most rows alone."""
    target = fit.Target(step=step, quantity="cpu_seconds", growth_per_logrow=0.0)
    runs = fit.read_runs()
    (run,) = (run for run in runs if run.name == name)
    fitted = fit.coefficients([one for one in runs if one.work.system.logrows <= most], target)
    return 1 / target.ratio(fitted, run) - 1
