"""One comparison of :mod:`tools.plans`: EZKL's own calibration and ``auditor plan``, both proved for real.

A record is a JSON object: what each side chose, what its steps took, and how far its outputs are from those
of ONNX Runtime on the rows that were planned for and on fresh ones.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct

from auditor.circuit.field import signed
from auditor.ezkl import Rejected, WorkerDied, call
from auditor.guard import Limits, WorkerFailure, WorkerResult, one_line, run_guarded
from auditor.proving.inference import InferenceFailed, infer_all
from auditor.proving.instances import element_of
from tools.plan_models import PlanModel, Row
from tools.prover_runs import cut_down
from tools.worker import REPOSITORY

Record = dict[str, Any]

THREADS = 2
LIMITS = Limits(
    memory_bytes=20 << 30,
    cpu_seconds=600 * THREADS,
    wall_seconds=600,
    file_bytes=12 << 30,
    threads=THREADS,
    idle_seconds=60,
)
"""Of one step. EZKL's prover was seen to wait for itself without end."""

SHORT_SECONDS = 2.0
"""A step of the proof that takes less is timed three times."""

FLOOR_OF_RANGE = 0.01
"""An error of this share of the output's range is within the tolerance, whatever EZKL's is."""


class StepFailed(Exception):
    """A step gave no result; ``step`` names it and ``reason`` is one line."""

    def __init__(self, step: str, reason: str) -> None:
        super().__init__(f"{step}: {reason}")
        self.step = step
        self.reason = reason


# --- what is chosen ------------------------------------------------------------------------


def input_json(rows: Sequence[Row]) -> Record:
    """The content of an input.json with several rows: for each input, the numbers of all rows in turn."""
    return {
        "input_data": [
            [number for array in arrays for number in _plain(array)] for arrays in zip(*rows, strict=True)
        ]
    }


def _plain(array: np.ndarray) -> list[float]:
    numbers: list[float] = (array.astype(np.int64) if array.dtype.kind == "b" else array).ravel().tolist()
    return numbers


def calibrated(model: Path, rows: Path) -> Record:
    """What EZKL chooses for the rows: default run args, then ``calibrate_settings`` for resources."""
    result = _guarded("calibrate", {"model": str(model), "rows": str(rows)})
    return {"choosing": _measured([result]), "settings": json.loads(result.value)}


_LONG = ("front", "model")
"""What the report of a plan says of choices that were not made and of the model's file; not stored."""


def planned(model: Path, rows: Path, settings: Path) -> Record:
    """What ``auditor plan`` chooses for the same; ``said`` is its own report. Raises :class:`StepFailed`."""
    words = [
        "plan",
        str(model),
        "--input",
        str(rows),
        "--write",
        str(settings),
        "--format",
        "json",
        "--quiet",
    ]
    started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "auditor", *words],
            cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=LIMITS.wall_seconds,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise StepFailed("plan", f"stopped after {LIMITS.wall_seconds:g} seconds") from error
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if ended.returncode or not settings.exists():
        reason = (ended.stderr.strip() or ended.stdout.strip() or "it said nothing").splitlines()[-1]
        raise StepFailed("plan", f"exit code {ended.returncode}: {reason[:300]}")
    cpu_seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    took = {"cpu_seconds": round(cpu_seconds, 3), "wall_seconds": round(time.monotonic() - started, 3)}
    said = {name: value for name, value in json.loads(ended.stdout).items() if name not in _LONG}
    return {"choosing": took, "settings": json.loads(settings.read_bytes()), "said": said}


# --- what it takes to prove ----------------------------------------------------------------


def proved(model: Path, chosen: Record, row: Record, srs: Path, directory: Path) -> Record:
    """Sizes and steps of a proof of ``row``, content of an input.json, under the chosen settings.

    The circuit stays in ``directory``. Raises :class:`StepFailed`.
    """
    settings = chosen["settings"]
    paths = {name: directory / name for name in ("circuit", "witness", "vk", "pk", "proof", "settings")}
    texts = {name: str(path) for name, path in paths.items()}
    powers = str(find_srs(srs, settings["run_args"]["logrows"]))
    paths["settings"].write_text(json.dumps(settings), encoding="utf-8")
    keys = {"circuit": texts["circuit"], "verifying_key": texts["vk"], "proving_key": texts["pk"]}
    proving = {"witness": texts["witness"], "circuit": texts["circuit"], "proving_key": texts["pk"]}
    checking = {name: texts[name] for name in ("proof", "settings")} | {"verifying_key": texts["vk"]}
    steps: dict[str, list[WorkerResult]] = {}

    def done(step: str, *, repeat: Any = False, **request: Any) -> bytes:
        steps[step] = [_asked(step, request)]
        while repeat and len(steps[step]) < 3 and steps[step][0].cpu_seconds < SHORT_SECONDS:
            steps[step].append(_asked(step, request))
        return steps[step][-1].value

    try:
        paths["circuit"].write_bytes(done("compile_circuit", model=str(model), settings=settings))
        paths["witness"].write_bytes(done("gen_witness", input=row, circuit=texts["circuit"]))
        done("setup", repeat=True, srs=powers, **keys)
        paths["proof"].write_bytes(done("prove", repeat=True, srs=powers, **proving))
        verifier_srs = directory / "verifier.srs"
        verifier_srs.write_bytes(cut_down(Path(powers)))
        done("verify", srs=str(verifier_srs), **checking)
        sizes = {"pk": paths["pk"].stat().st_size, "vk": paths["vk"].stat().st_size}
    finally:
        paths["pk"].unlink(missing_ok=True)
    proof_bytes = len(json.loads(paths["proof"].read_bytes())["proof"])
    return {
        "bytes": sizes | {"proof": proof_bytes},
        "steps": {step: _measured(results) for step, results in steps.items()},
        "verified": True,
    }


def find_srs(directory: Path, logrows: int) -> Path:
    """An SRS of this size, generated here when it is not there yet; for measuring only."""
    path = directory / f"k{logrows}.srs"
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        _asked("gen_srs", {"srs": str(unfinished), "logrows": logrows})
        unfinished.replace(path)
    return path


# --- how far the answers are off -----------------------------------------------------------


class Answers(Struct, frozen=True, kw_only=True):
    """For each row, for each output its integers, or the reason why there is no witness."""

    rows: tuple[list[list[int]] | str, ...]


def witnessed(circuit: Path, rows: Sequence[Row]) -> Answers:
    """What a circuit answers to every row, asked in one process. Raises :class:`StepFailed`."""
    request = {"circuit": str(circuit), "inputs": [input_json([row]) for row in rows]}
    found = json.loads(_guarded("witnesses", request).value)
    return Answers(rows=tuple(one if isinstance(one, str) else _integers(one) for one in found))


def _integers(outputs: list[list[str]]) -> list[list[int]]:
    return [[signed(element_of(text)) for text in output] for output in outputs]


def references(model: Path, rows: Sequence[Row]) -> list[tuple[np.ndarray, ...]]:
    """What ONNX Runtime answers to every row. Raises as :func:`infer_all` does."""
    return [one.outputs for one in infer_all(model, rows, limits=LIMITS, repeats=False)]


def judged(
    answers: Answers, scales: Sequence[int], expected: Sequence[tuple[np.ndarray, ...]], span: Sequence[float]
) -> Record:
    """The errors of a set of rows: failed witnesses, and a record for each output.

    ``span`` is the width of the values that each output takes, of which ``relative`` is a share.
    """
    pairs = [
        (integers, reference)
        for integers, reference in zip(answers.rows, expected, strict=True)
        if not isinstance(integers, str)
    ]
    failures = [one_line(one) for one in answers.rows if isinstance(one, str)]
    found = {"rows": len(answers.rows), "failed": len(failures), "reasons": sorted(set(failures))[:3]}
    if not pairs:
        return found | {"outputs": []}
    outputs = []
    for index, scale in enumerate(scales):
        decoded = [np.array(one[index], np.float64) / 2.0**scale for one, _ in pairs]
        wanted = [reference[index] for _, reference in pairs]
        outputs.append(_errors(decoded, wanted, span[index]))
    return found | {"outputs": outputs}


def _errors(decoded: Sequence[np.ndarray], wanted: Sequence[np.ndarray], span: float) -> Record:
    pairs = [(one.reshape(other.shape), other) for one, other in zip(decoded, wanted, strict=True)]
    errors = np.concatenate([np.abs(one - other.astype(np.float64)).ravel() for one, other in pairs])
    largest = float(errors.max())
    return {
        "max_abs": largest,
        "mean_abs": float(errors.mean()),
        "relative": largest / span,
        "same_class": _same_class(pairs),
        "whole": pairs[0][1].dtype.kind in "iub",
    }


def _same_class(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> float | None:
    """The share of equal classes: whole numbers, or the largest of several scores; None for other outputs."""
    kind, shape = pairs[0][1].dtype.kind, pairs[0][1].shape
    if kind in "iub":
        return float(np.mean([np.round(one) == other for one, other in pairs]))
    if len(shape) == 2 and shape[1] > 1:
        return float(np.mean([one.argmax(-1) == other.argmax(-1) for one, other in pairs]))
    return None


def spans(expected: Sequence[tuple[np.ndarray, ...]]) -> list[float]:
    """The width of each output's values over all rows; where they are all the same, their size, or 1."""
    outputs = [np.stack(values).astype(np.float64) for values in zip(*expected, strict=True)]
    return [float(np.ptp(one)) or float(np.abs(one).max()) or 1.0 for one in outputs]


# --- a side, and both ----------------------------------------------------------------------


def compare(model: PlanModel, srs: Path, directory: Path, ezkl: Record | None = None) -> Record:
    """The record of a model: both sides in turn, or with EZKL's as it was stored, in ``ezkl``.

    A step that fails ends its side, whose record then says so under ``failed``. ``srs`` is where they are
    kept from model to model, ``directory`` for what is made on the way.
    """
    path, rows = directory / "model.onnx", directory / "rows.json"
    path.write_bytes(model.model)
    rows.write_text(json.dumps(input_json(model.calibration)), encoding="utf-8")
    expected = references(path, [*model.calibration, *model.fresh])

    def side(name: str, choose: Callable[[], Record]) -> Record:
        (own := directory / name).mkdir()
        try:
            chosen = choose()
        except StepFailed as failure:
            return {"failed": str(failure)}
        record = chosen | {"settings": compact(chosen["settings"])}
        try:
            record |= proved(path, chosen, input_json(model.calibration[:1]), srs, own)
        except StepFailed as failure:
            record["failed"] = str(failure)
        return record | _answered(model, own / "circuit", chosen["settings"]["model_output_scales"], expected)

    return {
        "name": model.name,
        "family": model.family,
        "ezkl": ezkl or side("ezkl", lambda: calibrated(path, rows)),
        "plan": side("plan", lambda: planned(path, rows, directory / "planned.json")),
    }


def _answered(
    model: PlanModel, circuit: Path, scales: Sequence[int], expected: Sequence[tuple[np.ndarray, ...]]
) -> Record:
    """On both sets of rows; nothing where there is no circuit, or asking it fails."""
    try:
        answers = witnessed(circuit, [*model.calibration, *model.fresh]) if circuit.exists() else None
    except StepFailed as failure:
        return {"unanswered": str(failure)}
    if answers is None:
        return {}
    known, span = len(model.calibration), spans(expected)
    parts = {"calibration": slice(0, known), "fresh": slice(known, None)}
    return {
        name: judged(Answers(rows=answers.rows[part]), scales, expected[part], span)
        for name, part in parts.items()
    }


MAX_QUALIFYING_ERROR = 0.1
"""Of the output's range. Where EZKL's own choice is further off, there is nothing to compare with."""

MAX_QUALIFYING_LOGROWS = 18
"""EZKL's calibration goes up to 26 for small models with wide tables: nothing to prove for a comparison."""


def qualified(model: PlanModel, directory: Path) -> Record:
    """Whether a model belongs into the comparison: its rows, and what EZKL's calibration makes of it.

    Raises :class:`StepFailed` where ``auditor estimate`` finds it infeasible, where ONNX Runtime answers
    always the same or nothing finite, and where EZKL cannot be calibrated or is far off on these rows.
    """
    path, rows = directory / "model.onnx", directory / "rows.json"
    path.write_bytes(model.model)
    rows.write_text(json.dumps(input_json(model.calibration)), encoding="utf-8")
    default_rows = _default_rows(path)
    try:
        expected = references(path, [*model.calibration, *model.fresh])
    except InferenceFailed as failure:
        raise StepFailed("reference", failure.reason) from failure
    outputs = [np.stack(values).astype(np.float64) for values in zip(*expected, strict=True)]
    if not all(np.isfinite(values).all() for values in outputs):
        raise StepFailed("reference", "an answer is not finite")
    if not any(np.ptp(values, axis=0).any() for values in outputs):
        raise StepFailed("reference", "all answers are the same")
    chosen = calibrated(path, rows)
    settings = chosen["settings"]
    logrows = settings["run_args"]["logrows"]
    if logrows > MAX_QUALIFYING_LOGROWS:
        raise StepFailed("calibrate", f"chose {logrows} logrows for {settings['num_rows']:,} rows")
    compiled = _asked("compile_circuit", {"model": str(path), "settings": settings})
    (directory / "circuit").write_bytes(compiled.value)
    answers = witnessed(directory / "circuit", model.calibration)
    found = judged(
        answers, settings["model_output_scales"], expected[: len(model.calibration)], spans(expected)
    )
    if found["failed"]:
        raise StepFailed("gen_witness", found["reasons"][0])
    error: float = max(output["relative"] for output in found["outputs"])
    if error > MAX_QUALIFYING_ERROR:
        raise StepFailed("error", f"{error:.3g} of the output's range")
    rows_found = {"default_rows": default_rows, "rows": settings["num_rows"]}
    return rows_found | {"logrows": logrows, "error": error}


def _default_rows(path: Path) -> int:
    """Rows under EZKL's default run args. Raises :class:`StepFailed` unless the model is feasible."""
    words = ["estimate", str(path), "--set", "input_scale=7", "--format", "json", "--quiet"]
    command = [sys.executable, "-m", "auditor", *words]
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise StepFailed("estimate", f"exit code {ended.returncode}")
    rows: int = json.loads(ended.stdout)["models"][0]["circuit"]["num_rows"]
    return rows


_KEPT_RUN_ARGS = (
    "input_scale", "param_scale", "scale_rebase_multiplier", "lookup_range", "logrows", "num_inner_cols",
    "decomp_base", "decomp_legs", "disable_freivalds", "bounded_log_lookup", "rebase_frac_zero_constants",
    "ignore_range_check_inputs_outputs",
)  # fmt: skip


def compact(settings: Mapping[str, Any]) -> Record:
    """Of a settings.json, what is told about it."""
    run_args = settings["run_args"]
    return {
        "num_rows": settings["num_rows"],
        "total_assignments": settings["total_assignments"],
        "model_output_scales": settings["model_output_scales"],
        "run_args": {name: run_args[name] for name in _KEPT_RUN_ARGS if name in run_args},
    }


def _asked(step: str, request: Record) -> WorkerResult:
    try:
        return call(step, request, stage=step, limits=LIMITS)
    except Rejected as refusal:
        raise StepFailed(step, refusal.reason) from refusal
    except WorkerDied as death:
        raise StepFailed(step, str(death)) from death


def _guarded(name: str, request: Record) -> WorkerResult:
    outcome = run_guarded(f"tools.worker:{name}", request, stage=name, limits=LIMITS)
    if isinstance(outcome, WorkerFailure):
        raise StepFailed(name, f"{outcome.kind}: {outcome.reason}")
    return outcome


def _measured(results: Sequence[WorkerResult]) -> Record:
    """Medians of the repeats, as the guarded worker counts them."""
    return {
        "cpu_seconds": round(statistics.median(one.cpu_seconds for one in results), 3),
        "wall_seconds": round(statistics.median(one.wall_seconds for one in results), 3),
        "peak_memory_bytes": int(statistics.median(one.peak_memory_bytes for one in results)),
    }
