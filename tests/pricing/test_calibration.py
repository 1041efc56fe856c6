"""``auditor calibrate``: what tiny proofs tell of a machine, the file they leave, and whose it is."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from auditor.calibration import measure
from auditor.calibration.circuits import INPUT, QUICK, THOROUGH, TinyCircuit
from auditor.calibration.file import (
    calibration_path,
    keep,
    load_calibrated,
    place_of,
    profile_content,
    to_toml,
)
from auditor.calibration.probe import remembered_profile
from auditor.circuit.run_args import RunArgs
from auditor.errors import InternalFailure, Undetermined, UsageError
from auditor.ezkl import Rejected
from auditor.guard import Limits
from auditor.machine import Machine
from auditor.pricing.calibration import TIMED_STEPS, Calibration, TinyRun, calibration
from auditor.pricing.profile import Factors
from auditor.pricing.profile_file import parse, shipped
from auditor.pricing.prover import STEPS, StepPrediction
from auditor.pricing.terms import TERMS, Step
from auditor.views.calibration import CalibrationView
from tests.pricing.circuits import predict, size

REFERENCE = shipped()
TODAY = date(2026, 11, 21)
MACHINE = Machine(cores=2, memory_bytes=16 << 30, available_memory_bytes=None, cpu="Some CPU @ 3 GHz")
LIMITS = Limits(threads=2, cpu_seconds=60, wall_seconds=60)


class Silent:
    """Nobody listens."""

    def __init__(self) -> None:
        self.expected: dict[str, float] = {}
        self.steps: list[str] = []

    def expect(self, expected_seconds: Mapping[str, float]) -> None:
        self.expected = dict(expected_seconds)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self.steps.append(name)
        yield


def steps_of(run_args: RunArgs) -> dict[Step, StepPrediction]:
    """What the reference takes for a ReLU."""
    by_name = predict(REFERENCE, size(required_range_checks=((-1, 1), (0, 1023))), run_args)
    return {step: by_name[step] for step in STEPS}


def tiny_runs(factor: float | Mapping[Step, float] = 1.0, *, scatter: float = 0.0) -> list[TinyRun]:
    """Proofs on a machine that takes ``factor`` times as long as the reference for the work of a step."""
    generator = np.random.default_rng(1)
    worker, runs = REFERENCE.worker_cpu_seconds, []
    by_step = dict.fromkeys(STEPS, factor) if isinstance(factor, float) else factor
    for logrows in (11, 12, 13, 14):
        told = steps_of(RunArgs(logrows=logrows))
        seconds = {
            step: worker
            + (told[step].cpu_seconds.mid - worker)
            * by_step.get(step, 1.0)
            * float(np.exp(scatter * generator.normal()))
            for step in STEPS
        }
        peaks = {step: told[step].peak_memory_bytes.mid for step in STEPS}
        run = TinyRun(name=f"k{logrows}", predicted=told, cpu_seconds=seconds, peak_memory_bytes=peaks)
        runs.append(run)
    return runs


# --- what the proofs tell ------------------------------------------------------------------


def test_the_factor_of_each_step_is_found() -> None:
    factors: dict[Step, float] = {"srs": 2.0, "keys": 0.5, "proof": 3.0}
    found = calibration(REFERENCE, tiny_runs(factors))
    for step, factor in factors.items():
        assert found.steps[step].factor == pytest.approx(factor, rel=0.01)
        assert found.steps[step].error.high == pytest.approx(1.0, abs=0.02)
    assert found.steps["verification"] == found.steps["proof"]
    assert found.usual.factor == pytest.approx(1.0, rel=0.02)
    assert (found.memory, found.proofs) == (Factors(low=1.0, high=1.0), 4)


def test_proofs_that_scatter_tell_less() -> None:
    calm, wild = (calibration(REFERENCE, tiny_runs(2.0, scatter=scatter)) for scatter in (0.02, 0.2))
    for step in TIMED_STEPS:
        assert wild.steps[step].error.high > calm.steps[step].error.high > 1 > calm.steps[step].error.low
        assert wild.steps[step].factor == pytest.approx(2.0, rel=0.5)


def test_memory_that_is_not_as_everywhere_widens_what_is_told() -> None:
    runs = tiny_runs()
    peaks = {step: peak * 1.5 for step, peak in runs[0].peak_memory_bytes.items()}
    found = calibration(REFERENCE, [replace(runs[0], peak_memory_bytes=peaks), *runs[1:]])
    assert found.memory.low == 1.0
    assert found.memory.high > 1.3


def test_too_few_proofs_tell_nothing() -> None:
    with pytest.raises(ValueError, match="srs was measured 2 times, and 3 are needed"):
        calibration(REFERENCE, tiny_runs()[:2])
    with pytest.raises(ValueError, match="no worker"):
        calibration(REFERENCE, [])
    hasty = [replace(run, cpu_seconds=dict(run.cpu_seconds) | {"proof": 0.01}) for run in tiny_runs()]
    with pytest.raises(ValueError, match="proof took less than a worker"):
        calibration(REFERENCE, hasty)


# --- the file ------------------------------------------------------------------------------


def content(found: Calibration | None = None, runs: list[TinyRun] | None = None) -> dict[str, Any]:
    made = runs or tiny_runs(2.0, scatter=0.05)
    return profile_content(
        place_of(MACHINE), found or calibration(REFERENCE, made), made, threads=2, today=TODAY
    )


def test_the_profile_is_the_reference_at_another_speed() -> None:
    runs = tiny_runs({"srs": 2.0, "keys": 0.5, "proof": 3.0})
    profile = parse(content(runs=runs), "here.toml")
    before, after = (predict(one, size(), RunArgs(logrows=15)) for one in (REFERENCE, profile))
    for step, factor in (("srs", 2.0), ("keys", 0.5), ("proof", 3.0)):
        assert after[step].cpu_seconds.mid == pytest.approx(factor * before[step].cpu_seconds.mid, rel=0.02)
        assert after[step].peak_memory_bytes == before[step].peak_memory_bytes
    assert profile.evidence == "derived"
    assert profile.cpu_model == MACHINE.cpu
    assert "on which 4 proofs were made" in after["proof"].measured_range


def test_the_interval_is_wider_than_the_reference_has_it_and_narrower_than_for_an_unknown_processor() -> None:
    profile = parse(content(), "here.toml")
    fitted, here = (one.fits["proof"]["cpu_seconds"].error for one in (REFERENCE, profile))
    assert here.low < fitted.low
    assert fitted.high < here.high < fitted.high * REFERENCE.other_processor.high


def test_the_file_holds_what_was_put_in(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "here.toml"
    runs = tiny_runs(2.0, scatter=0.05)
    found = calibration(REFERENCE, runs)
    kept = keep(path, place_of(MACHINE), found, runs, threads=2, today=TODAY)
    assert tomllib.loads(path.read_text()) == content(found, runs)
    assert not kept.replaced
    assert keep(path, kept.place, found, runs, threads=2, today=TODAY).replaced
    assert [entry.name for entry in path.parent.iterdir()] == ["here.toml"]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    runs = tiny_runs()
    with pytest.raises(UsageError, match=r"file/here\.toml cannot be written"):
        keep(
            tmp_path / "file" / "here.toml", place_of(MACHINE), calibration(REFERENCE, runs), runs,
            threads=2, today=TODAY,
        )  # fmt: skip


VALUES = st.one_of(
    st.integers(-(2**62), 2**62),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.dates(),
    st.text(st.characters(exclude_categories=["Cs"])),
)
NAMES = st.text("abc_0", min_size=1, max_size=5)


@given(
    st.dictionaries(
        NAMES,
        st.recursive(
            st.one_of(VALUES, st.lists(VALUES, max_size=3)),
            lambda inner: st.one_of(
                st.dictionaries(NAMES, inner, max_size=3),
                st.lists(st.dictionaries(NAMES, inner, max_size=2), min_size=1, max_size=2),
            ),
            max_leaves=8,
        ),
    )
)
def test_toml_is_read_as_it_was_written(table: dict[str, Any]) -> None:
    assert tomllib.loads(to_toml(table)) == table


# --- whose it is ---------------------------------------------------------------------------


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    path, runs = tmp_path / "this-machine.toml", tiny_runs()
    keep(path, place_of(MACHINE), calibration(REFERENCE, runs), runs, threads=2, today=TODAY)
    return path


def test_it_is_used_on_the_machine_it_is_about(kept: Path) -> None:
    for machine in (MACHINE, replace(MACHINE, memory_bytes=int(MACHINE.memory_bytes or 0) - (200 << 20))):
        profile, reason = load_calibrated(machine, kept)
        assert profile is not None
        assert (profile.id, reason) == ("calibrated-some-cpu-3-ghz-2c", "")


@pytest.mark.parametrize(
    ("machine", "change"),
    [
        (replace(MACHINE, cpu="Another CPU"), "processor Some CPU @ 3 GHz -> Another CPU"),
        (replace(MACHINE, cores=8), "cores 2 -> 8"),
        (replace(MACHINE, memory_bytes=32 << 30), "memory 16.0 GiB -> 32.0 GiB"),
        (replace(MACHINE, memory_bytes=None), "does not say what memory"),
    ],
)
def test_it_is_not_used_on_a_machine_that_has_changed(kept: Path, machine: Machine, change: str) -> None:
    profile, reason = load_calibrated(machine, kept)
    assert profile is None
    assert change in reason
    assert "run `auditor calibrate` again" in reason


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('ezkl = "23.0.5"', 'ezkl = "22.0.0"', "EZKL 22.0.0 -> 23.0.5"),
        ('reference = "', 'reference = "x', "the reference it was scaled from"),
        ("factor = ", "factor = -", "which it cannot be"),
        ("[calibration]", "[calibrations]", "nobody knows the field calibrations"),
        ("schema", "]schema", "cannot be read"),
    ],
)
def test_a_file_that_is_no_longer_right_is_not_used(kept: Path, old: str, new: str, reason: str) -> None:
    kept.write_text(kept.read_text().replace(old, new, 1))
    profile, why = load_calibrated(MACHINE, kept)
    assert profile is None
    assert reason in why


def test_a_profile_of_the_user_is_no_calibration(kept: Path) -> None:
    text = kept.read_text()
    kept.write_text(text[: text.index("[calibration]")] + text[text.index("[[evidence]]") :])
    assert "the field calibration is missing" in load_calibrated(MACHINE, kept)[1]


def test_without_a_calibration_nothing_is_said(tmp_path: Path) -> None:
    assert load_calibrated(MACHINE, tmp_path / "none.toml") == (None, "")


def test_it_lies_with_the_users_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert calibration_path() == tmp_path / "auditor" / "hardware" / "this-machine.toml"
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert calibration_path().is_relative_to(tmp_path)


# --- the circuits --------------------------------------------------------------------------


def test_the_tiny_circuits_are_models() -> None:
    assert len({circuit.name for circuit in THOROUGH}) == len(THOROUGH)
    for circuit in THOROUGH:
        model = onnx.load_model_from_string(circuit.model())
        onnx.checker.check_model(model, full_check=True)
        assert [node.op_type for node in model.graph.node] == ["MatMul", *circuit.operators]


def test_they_differ_in_columns_tables_and_rows(tmp_path: Path) -> None:
    structures = set()
    for circuit in QUICK:
        (tmp_path / "model.onnx").write_bytes(circuit.model())
        steps = measure.predict(tmp_path / "model.onnx", circuit)
        counts = {term.name: term.count for term in steps["proof"].terms if term.quantity == "cpu_seconds"}
        structures.add((circuit.logrows, counts["lookups"], counts["gates and permutation"]))
    assert len(structures) == len(QUICK)


def test_a_real_one(tmp_path: Path) -> None:
    """Two thirds of a second for the SRS, and one for keys and proof."""
    circuit, teller = TinyCircuit(operators=("Relu",), logrows=11, columns=1), Silent()
    (run,) = measure.measure([circuit], tmp_path, LIMITS, teller)
    assert set(run.cpu_seconds) == set(run.peak_memory_bytes) == set(TERMS)
    assert teller.steps == [run.name] == list(teller.expected)
    for step in ("keys", "proof"):
        told = run.predicted[step]
        # Another Python takes some megabytes more or less, which is much of so small a proof.
        assert told.peak_memory_bytes.mid == pytest.approx(run.peak_memory_bytes[step], rel=0.1, abs=8 << 20)
        assert run.cpu_seconds[step] > 0
    assert len(INPUT[0]) == 4


def test_a_circuit_that_ezkl_refuses_is_a_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise Rejected("no")

    monkeypatch.setattr(measure, "call", refuse)
    with pytest.raises(InternalFailure, match="EZKL did not prove a tiny circuit: no"):
        measure.measure(QUICK[:1], tmp_path, LIMITS, Silent())
    with pytest.raises(InternalFailure, match="EZKL did not generate an SRS: no"):
        measure.quick_probe(LIMITS)


# --- the command ---------------------------------------------------------------------------


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> measure.CalibrationReport:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(measure, "this_machine", lambda: MACHINE)
    monkeypatch.setattr(measure, "measure", lambda *_: tuple(tiny_runs(2.0, scatter=0.05)))
    return measure.calibrate(Silent())


def test_a_calibration_is_used_from_then_on(report: measure.CalibrationReport) -> None:
    assert report.in_use
    profile, reason = load_calibrated(MACHINE)
    assert (profile, reason) == (report.kept.profile, "")


def test_it_is_shown(report: measure.CalibrationReport, tmp_path: Path) -> None:
    from auditor.formats import load as load_format

    view = CalibrationView(report)
    for name in ("terminal", "concise", "json"):
        text = load_format(name).render(view)
        assert "this-machine.toml" in "".join(text.split())
    document = json.loads(load_format("json").render(view))
    assert document["schema"] == "auditor.calibration/1"
    assert document["speeds"]["proof"]["low"] < document["speeds"]["proof"]["mid"]
    assert [run["name"] for run in document["runs"]] == [run.name for run in report.runs]
    elsewhere = replace(report, in_use=False)
    assert "--hardware" in load_format("terminal").render(CalibrationView(elsewhere))


def test_proofs_that_tell_nothing_are_a_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(measure, "this_machine", lambda: MACHINE)
    monkeypatch.setattr(measure, "measure", lambda *_: tuple(tiny_runs()[:1]))
    with pytest.raises(InternalFailure, match="tell nothing of this machine"):
        measure.calibrate(Silent(), output=tmp_path / "here.toml")
    assert not (tmp_path / "here.toml").exists()


def test_an_unknown_machine_is_not_calibrated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "this_machine", lambda: replace(MACHINE, cpu=None))
    with pytest.raises(Undetermined, match="what processor"):
        measure.calibrate(Silent())


# --- a quick guess -------------------------------------------------------------------------


class Memory:
    """A store that remembers."""

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}

    def recall(self, name: str) -> Any:
        return self.facts.get(name)

    def remember(self, name: str, value: Any) -> None:
        self.facts[name] = json.loads(json.dumps(value))


def test_a_probe_is_made_once_for_a_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    probes: list[Limits] = []

    def probe(limits: Limits) -> float:
        probes.append(limits)
        return 1.5

    monkeypatch.setattr(measure, "quick_probe", probe)
    store = Memory()
    first, again = (measure.derived_profile(MACHINE, store) for _ in range(2))
    assert first == again
    assert (first.evidence, len(probes)) == ("derived", 1)
    measure.derived_profile(replace(MACHINE, cores=4), store)
    assert len(probes) == 2
    assert remembered_profile(MACHINE, Memory()) is None
    assert remembered_profile(replace(MACHINE, cores=4), store) is not None
    assert len(probes) == 2
    assert first.records["cost"][-1].source.endswith("an SRS of 2^11 rows took 1.50 s")
    told = predict(first, size(), RunArgs(logrows=15))["proof"]
    assert told.measured_range.endswith("for this machine, on which an SRS was generated")
    slower = first.fits["proof"]["cpu_seconds"].coefficients["MSM"]
    assert slower > 1.5 * REFERENCE.fits["proof"]["cpu_seconds"].coefficients["MSM"]


def test_without_ezkl_the_reference_is_all_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "ezkl_version", lambda: None)
    assert measure.derived_profile(MACHINE, Memory()).evidence == "assumed"
    own = replace(MACHINE, cpu=REFERENCE.cpu_model)
    assert measure.derived_profile(own, Memory()) is not None
    assert measure.derived_profile(own, Memory()).evidence == "measured"


def test_a_probe_that_tells_nothing_leaves_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "quick_probe", lambda _: 0.01)
    assert measure.derived_profile(MACHINE, Memory()).evidence == "assumed"


def test_a_real_probe() -> None:
    assert measure.quick_probe(LIMITS) > REFERENCE.worker_cpu_seconds / 10
