"""What is told of this project's own proofs, made on another machine than those that were fitted to.

They are recorded in ``own_runs.jsonl``; every number here is computed from the record.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from auditor.pricing.profile import HardwareProfile, for_processor
from auditor.pricing.profile_file import shipped
from auditor.pricing.terms import Step
from tools import prover_costs
from tools.prover_evidence import (
    QUANTITIES,
    TIMED,
    Evidence,
    OwnRun,
    errors,
    extrapolated,
    held_out_errors,
    read,
)


@cache
def evidence() -> Evidence:
    return read()


@cache
def calibrated() -> HardwareProfile:
    return evidence().calibrated


def with_rows_as_measured() -> list[OwnRun]:
    """Proofs with as many rows as those behind the coefficients."""
    least = shipped().measured.least_logrows
    return [run for run in evidence().proofs if run.system.logrows >= least]


def test_they_cover_every_structure() -> None:
    structures = {run.case.structure for run in evidence().proofs}
    for words in (
        "several blocks", "several lookups", "several lookups, several blocks", "a dynamic table", "shuffles",
        "hashed", "hashed, several blocks", "polycommit", "Freivalds, one block", "Freivalds, several blocks",
        "tables over several columns",
    ):  # fmt: skip
        assert words in structures
    assert {run.case.run_args.num_inner_cols for run in evidence().proofs} == set(range(1, 9))
    assert {run.case.run_args.logrows for run in evidence().proofs} == set(range(8, 19))


def test_all_sizes_are_exact_or_said_not_to_be() -> None:
    proofs = evidence().proofs
    assert sum(run.is_exact for run in proofs) >= 60
    for run in proofs:
        assert run.is_exact or not run.artifacts.exact, run.case.name
        assert run.is_within_bounds, run.case.name


def test_a_wrong_size_would_be_seen() -> None:
    run = evidence().proofs[0]
    assert run.is_exact
    for name in ("proving_key", "verifying_key", "proof", "calldata"):
        sizes = run.record["bytes"] | {name: run.record["bytes"][name] + 1}
        other = OwnRun(run.case, run.record | {"bytes": sizes})
        assert not other.is_exact
        assert not other.is_within_bounds


@pytest.mark.parametrize("structure", ["Freivalds, several blocks", "several blocks", "a dynamic table"])
def test_the_onnx_file_alone_tells_the_same(structure: str, tmp_path: Path) -> None:
    chosen = [run for run in evidence().proofs if run.case.structure == structure]
    for run in chosen[:4]:
        assert run.sized_from_model(tmp_path) == run.artifacts


@pytest.mark.parametrize("step", TIMED)
def test_calibration_tells_the_time_of_larger_proofs(step: Step) -> None:
    """From proofs with 2^11 to 2^13 rows to those with up to 2^18."""
    every = errors(evidence().proofs, calibrated(), step, "cpu_seconds")
    large = errors(with_rows_as_measured(), calibrated(), step, "cpu_seconds")
    assert every.quantile(0.9) < 0.20
    assert large.quantile(0.9) < 0.12
    assert abs(large.bias) < 0.05
    assert large.covered >= 0.85
    (largest,) = (run for run in evidence().proofs if run.system.logrows == 18)
    assert abs(errors([largest], calibrated(), step, "cpu_seconds").bias) < 0.10


@pytest.mark.parametrize("step", TIMED)
def test_each_step_of_knowledge_tells_more(step: Step) -> None:
    """Of a processor: nothing, an SRS, tiny proofs. All intervals hold, and shrink."""
    profiles = (for_processor(shipped(), None), evidence().derived, calibrated())
    runs = with_rows_as_measured()
    found = [errors(runs, profile, step, "cpu_seconds") for profile in profiles]
    medians = [one.quantile(0.5) for one in found]
    assert medians == sorted(medians, reverse=True)
    assert all(one.covered >= 0.85 for one in found)
    told = [runs[0].predicted(profile)[step].cpu_seconds for profile in profiles]
    widths = [one.high / one.low for one in told]
    assert widths == sorted(widths, reverse=True)


@pytest.mark.parametrize(("step", "bound"), [("keys", 0.08), ("proof", 0.03)])
def test_memory_is_the_same_on_another_machine(step: Step, bound: float) -> None:
    large = errors(with_rows_as_measured(), shipped(), step, "peak_memory_bytes")
    assert large.quantile(0.95) < bound
    assert errors(evidence().proofs, shipped(), step, "peak_memory_bytes").covered >= 0.85


@pytest.mark.parametrize("step", TIMED)
def test_intervals_of_models_left_out_hold_what_they_claim(step: Step) -> None:
    """The interval, too, comes from the runs of other models."""
    for quantity in QUANTITIES:
        assert 0.85 <= held_out_errors(step, quantity).covered <= 0.95


@pytest.mark.parametrize("step", TIMED)
def test_extrapolation_from_few_rows_to_many(step: Step) -> None:
    assert abs(extrapolated(step)) < 0.20


def test_the_page_says_so() -> None:
    text = prover_costs.report(evidence())
    exact = sum(run.is_exact for run in evidence().proofs)
    assert text.startswith("## Prover costs\n")
    assert f"**{exact} of {len(evidence().proofs)}** proofs" in text
    assert "| proof | CPU | calibrate, all |" in text
