"""Laws and worked examples of the cost model, and its predictions beside real runs."""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from auditor.circuit.run_args import RunArgs
from auditor.pricing.profile import Factors, for_processor, scale_by_srs, scale_to
from auditor.pricing.profile_file import shipped
from auditor.pricing.prover import predict_steps
from auditor.pricing.ranges import Range
from auditor.pricing.terms import TERMS, bucket_additions
from auditor.sizing import artifacts, constraint_system
from tests.pricing.circuits import lines, predict, predict_run, size

REFERENCE = shipped()


def test_worked_example() -> None:
    """A ReLU at k = 15, counted by hand."""
    steps = predict(REFERENCE, size(), RunArgs(logrows=15))
    n, extended = 2**15, 2**17
    counts = {(term.quantity, term.name): term.count for term in steps["proof"].terms}
    # 6 advice columns, 4 lookup arguments with 2 points each, 3 products, 1 + 4 + 2 of quotient and openings
    # Windows of ceil(ln 2^15) = 11 bits, 24 of which cover 254, with 2^11 buckets each.
    additions = 24 * (n + 2 * 2**11)
    assert counts["cpu_seconds", "MSM"] == (6 + 8 + 3 + 7) * additions
    transforms = 6 + 1 + 3 + 8
    butterflies = transforms * (n * 15 // 2 + extended * 17 // 2) + extended * 17 // 2
    assert counts["cpu_seconds", "FFT"] == butterflies
    assert counts["cpu_seconds", "lookups"] == extended * (4 + 4)
    assert counts["cpu_seconds", "gates and permutation"] == extended * (16 + 8)
    assert counts["peak_memory_bytes", "polynomials"] == 32 * extended * (6 + 1 + 3 + 1)
    assert counts["peak_memory_bytes", "lookups"] == 136 * extended * 4
    assert counts["peak_memory_bytes", "key"] == 138_479_371
    keys = {(term.quantity, term.name): term.count for term in steps["keys"].terms}
    assert keys["cpu_seconds", "permutation MSM"] == 8 * additions
    assert keys["cpu_seconds", "fixed MSM"] == 12 * additions
    assert steps["keys"].bytes == steps["keys"].least_bytes == 138_479_371 + 66_823
    assert steps["srs"].bytes == 128 * n + 260


def test_keys_hold_the_permutation_twice_until_the_system_takes_back_what_is_freed() -> None:
    """8 permuted columns at k = 17, and at k = 18, where an extended polynomial has 32 MiB."""
    for logrows, freed in ((17, 8 * 32 * (2 * 2**17 + 2**19)), (18, 0)):
        keys = predict(REFERENCE, size(), RunArgs(logrows=logrows))["keys"]
        counts = {term.name: term.count for term in keys.terms if term.quantity == "peak_memory_bytes"}
        assert counts["permutation"] == 8 * 32 * (2 * 2**logrows + 2 ** (logrows + 2))
        assert counts["freed"] == freed


def test_no_error_takes_away_the_key_itself() -> None:
    """Far beyond what was measured the interval is wide, and still the key has to be in memory."""
    steps = predict(REFERENCE, size(total_assignments=10**9), RunArgs(logrows=20))
    for step in ("keys", "proof"):
        assert steps[step].outside
        assert steps[step].peak_memory_bytes.low >= steps["keys"].least_bytes * 0.99


@pytest.mark.parametrize(
    ("num_points", "windows", "bits"), [(2**10, 37, 7), (2**15, 24, 11), (2**20, 19, 14)]
)
def test_bucket_additions(num_points: int, windows: int, bits: int) -> None:
    """Each window adds every point into a bucket, and sums up its buckets."""
    assert bucket_additions(num_points) == windows * (num_points + 2 * 2**bits)


CIRCUITS = {
    "logrows": st.integers(8, 22),
    "columns": st.integers(1, 8),
    "assignments": st.integers(1, 10**6),
    "dynamic": st.integers(0, 10**4),
    "cores": st.integers(1, 64),
}


@settings(max_examples=60, deadline=None)
@given(**CIRCUITS)
def test_laws(logrows: int, columns: int, assignments: int, dynamic: int, cores: int) -> None:
    run_args = RunArgs(logrows=logrows, num_inner_cols=columns, decomp_base=128, decomp_legs=4)
    circuit = size(
        total_assignments=assignments,
        total_dynamic_col_size=dynamic,
        num_dynamic_lookups=min(dynamic, 1),
        required_range_checks=((-1, 1), (0, 127)),
    )
    steps = predict(REFERENCE, circuit, run_args, cores)
    assert list(steps) == list(TERMS)
    for step in steps.values():
        assert 0 < step.cpu_seconds.low < step.cpu_seconds.mid < step.cpu_seconds.high < math.inf
        assert 0 < step.peak_memory_bytes.low < step.peak_memory_bytes.high
        assert step.reserved_bytes > 0
        assert 0 <= step.least_bytes <= step.bytes
        for quantity, whole in (
            ("cpu_seconds", step.cpu_seconds),
            ("peak_memory_bytes", step.peak_memory_bytes),
        ):
            parts = [term.amount for term in step.terms if term.quantity == quantity]
            assert min(parts) >= 0
            assert sum(parts) == pytest.approx(whole.mid)
        assert step.wall_seconds.mid <= step.cpu_seconds.mid
        assert step.wall_seconds.low >= step.cpu_seconds.low / cores


@settings(max_examples=60, deadline=None)
@given(logrows=st.integers(10, 21), columns=st.integers(1, 7), assignments=st.integers(1, 10**5))
def test_more_rows_columns_or_cells_never_cost_less(logrows: int, columns: int, assignments: int) -> None:
    """More cells than a circuit of these rows holds become blocks of columns, which are dearer, too."""
    run_args = RunArgs(logrows=logrows, num_inner_cols=columns, decomp_base=512, decomp_legs=4)
    checks = ((-1, 1), (0, 511))
    small = size(total_assignments=assignments, required_range_checks=checks)
    one_block = size(total_assignments=100, required_range_checks=checks)
    pairs = [
        (predict(REFERENCE, one_block, run_args), predict(REFERENCE, one_block, changed))
        for changed in (
            run_args.with_changes(logrows=logrows + 1),
            run_args.with_changes(num_inner_cols=columns + 1),
        )
    ]
    larger = replace(small, total_assignments=assignments * 2)
    pairs.append((predict(REFERENCE, small, run_args), predict(REFERENCE, larger, run_args)))
    for less, more in pairs:
        for step in ("keys", "proof", "verification"):
            assert more[step].cpu_seconds.mid >= less[step].cpu_seconds.mid
            assert more[step].peak_memory_bytes.mid >= less[step].peak_memory_bytes.mid
            assert more[step].bytes >= less[step].bytes


def relative_width(amount: Range) -> float:
    return amount.high / amount.low


def test_ranges_widen_outside_of_what_was_measured() -> None:
    checks = ((-1, 1), (0, 127))
    inside, outside = (
        predict(REFERENCE, size(required_range_checks=checks), RunArgs(logrows=logrows, decomp_base=128))
        for logrows in (20, 22)
    )
    assert inside["proof"].outside == ()
    assert outside["proof"].outside == ("logrows 22, and 10 to 20 were measured",)
    for name in ("cpu_seconds", "peak_memory_bytes"):
        widths = [relative_width(getattr(steps["proof"], name)) for steps in (inside, outside)]
        assert widths[1] / widths[0] == pytest.approx(1.05**4, rel=0.01)
    # Many blocks of columns, too.
    blocks = predict(REFERENCE, size(total_assignments=10**7), RunArgs(logrows=15))["keys"]
    assert len(blocks.outside) == 4
    assert blocks.outside[-1] == "10,000,000 assigned cells, and at most 1,135,452 were measured"
    assert relative_width(blocks.cpu_seconds) > relative_width(inside["keys"].cpu_seconds)


def test_freivalds_argument_widens_keys_and_proof() -> None:
    runs = {run["name"]: run["settings"] for run in lines("../sizing/real_runs.jsonl")}
    plain = predict_run(REFERENCE, runs["K15"])
    freivalds = predict_run(REFERENCE, runs["F_tutorial_k15"])
    for step in ("keys", "proof"):
        widths = [relative_width(steps[step].cpu_seconds) for steps in (plain, freivalds)]
        assert widths[1] > 1.3 * widths[0]


def test_more_cores_never_take_longer_and_take_more_memory() -> None:
    steps = [predict(REFERENCE, size(), RunArgs(logrows=15), cores) for cores in (1, 2, 4, 16)]
    one, two, four, _ = (by_step["proof"] for by_step in steps)
    assert one.wall_seconds == one.cpu_seconds
    # The speed-up that was measured: 1.88 on two cores.
    assert two.cpu_seconds.mid / two.wall_seconds.mid == pytest.approx(1.88, abs=0.01)
    assert relative_width(two.wall_seconds) == pytest.approx(relative_width(two.cpu_seconds))
    # Beyond, nobody measured.
    assert relative_width(four.wall_seconds) > relative_width(four.cpu_seconds)
    for less, more in pairwise(steps):
        for step in TERMS:
            assert more[step].wall_seconds.mid <= less[step].wall_seconds.mid
            assert more[step].peak_memory_bytes.mid >= less[step].peak_memory_bytes.mid
            assert more[step].cpu_seconds == less[step].cpu_seconds


def test_wrong_requests() -> None:
    run_args = RunArgs(logrows=15)
    system = constraint_system(size(), run_args)
    with pytest.raises(ValueError, match="at least one core"):
        predict_steps(system, artifacts(system), size(), run_args, REFERENCE, cores=0)
    other = RunArgs(logrows=16)
    with pytest.raises(ValueError, match="other run args"):
        predict_steps(system, artifacts(system), size(), other, REFERENCE, cores=2)
    with pytest.raises(ValueError, match="not a range"):
        Range(low=2, mid=1, high=3)


# --- another processor ---------------------------------------------------------------------


def test_a_slower_processor_takes_longer_and_no_more_memory() -> None:
    slow = scale_to(REFERENCE, 2.0, error=Factors(low=0.9, high=1.2))
    before, after = (predict(profile, size(), RunArgs(logrows=15)) for profile in (REFERENCE, slow))
    assert slow.evidence == "derived"
    for step in TERMS:
        assert after[step].cpu_seconds.mid == pytest.approx(2 * before[step].cpu_seconds.mid)
        assert after[step].peak_memory_bytes == before[step].peak_memory_bytes
    widths = [relative_width(steps["proof"].cpu_seconds) for steps in (before, after)]
    assert widths[1] / widths[0] == pytest.approx(1.2 / 0.9)
    with pytest.raises(ValueError, match="positive"):
        scale_to(REFERENCE, 0.0, error=Factors(low=0.9, high=1.2))


def test_an_unknown_processor_is_the_reference_with_wide_times() -> None:
    assert for_processor(REFERENCE, REFERENCE.cpu_model) is REFERENCE
    for model in ("Cortex-A76", None):
        other = for_processor(REFERENCE, model)
        assert other.evidence == "assumed"
        before, after = (
            predict(profile, size(), RunArgs(logrows=15))["proof"] for profile in (REFERENCE, other)
        )
        assert relative_width(after.cpu_seconds) > 5 * relative_width(before.cpu_seconds)
        assert after.cpu_seconds.mid == before.cpu_seconds.mid


OTHER_MACHINE = lines("other_machine_runs.jsonl")
PARENT_BYTES = 50_000_000
"""Linux counts the memory of the process that started a worker as the worker's, which was 47 MB here."""


@pytest.mark.parametrize("run", OTHER_MACHINE, ids=lambda run: run["name"])
def test_runs_on_a_machine_that_is_not_in_the_fit(run: dict[str, Any]) -> None:
    """Guarded runs on another generation of the processor (AMD family 26), of which two threads were used.

    The memory does not depend on the processor, and the times lie well within those of an unknown one.
    """
    unknown = predict_run(for_processor(REFERENCE, "AMD EPYC"), run["settings"])
    for step, measured in run["steps"].items():
        times, memory = unknown[step].cpu_seconds, unknown[step].peak_memory_bytes
        assert times.low <= measured["cpu_seconds"] <= times.high
        if measured["peak_memory_bytes"] > PARENT_BYTES and step in ("keys", "proof"):
            assert memory.mid == pytest.approx(measured["peak_memory_bytes"], rel=0.07)
    for step in ("keys", "proof"):
        assert 0.6 < run["steps"][step]["cpu_seconds"] / unknown[step].cpu_seconds.mid < 1.1


PROBES = [run["steps"]["srs"]["cpu_seconds"] for run in OTHER_MACHINE if run["name"] == "tut11"]


def test_a_probe_tells_the_speed_of_another_machine() -> None:
    """Two thirds of a second of an SRS, and the times of all its keys and proofs are where they should be."""
    (probe,) = PROBES
    scaled = scale_by_srs(REFERENCE, logrows=11, cpu_seconds=probe)
    assert scaled.evidence == "derived"
    ratios = []
    for run in OTHER_MACHINE:
        steps, unknown = (
            predict_run(profile, run["settings"]) for profile in (scaled, for_processor(REFERENCE, None))
        )
        for step in ("keys", "proof"):
            measured, expected = run["steps"][step]["cpu_seconds"], steps[step].cpu_seconds
            assert expected.low <= measured <= expected.high, (run["name"], step)
            assert relative_width(expected) < relative_width(unknown[step].cpu_seconds) / 2
            if not steps[step].outside:
                ratios.append(measured / expected.mid)
    assert 0.8 < min(ratios) < max(ratios) < 1.2


def test_a_probe_must_be_long_enough() -> None:
    for logrows, seconds in ((10, 0.5), (11, 0.05)):
        with pytest.raises(ValueError, match="too short"):
            scale_by_srs(REFERENCE, logrows=logrows, cpu_seconds=seconds)


def test_every_recorded_run_lies_where_it_was_expected() -> None:
    """In the intervals of the profile that was fitted to them: a check of the whole path, not of the fit."""
    settings_of = {run["name"]: run["settings"] for run in lines("../sizing/real_runs.jsonl")}
    inside: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for run in lines("real_runs.jsonl"):
        steps = predict_run(REFERENCE, settings_of[run["name"]])
        for step, quantities in run["steps"].items():
            for quantity, repeats in quantities.items():
                worker = next(
                    term for term in steps[step].terms if term.name == "worker" and term.quantity == quantity
                )
                expected = getattr(steps[step], quantity)
                # These verifications read the whole SRS, and not what a verifier needs of it.
                read = steps["srs"].bytes if (step, quantity) == ("verification", "peak_memory_bytes") else 0
                middle = sorted(repeats)[len(repeats) // 2] + worker.amount - read
                inside[step, quantity].append(expected.low <= middle <= expected.high)
    for (step, quantity), held in inside.items():
        assert sum(held) >= 0.85 * len(held), (step, quantity)
