"""The coefficients of the reference profile, fitted again from the recorded runs, and what they are worth.

Every error here is computed from the runs; the bounds are what the project promises.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest

from auditor.pricing.profile_file import shipped
from auditor.pricing.terms import TERMS, Quantity, Step
from tools import fit

PROFILE = shipped()


@cache
def runs() -> Sequence[fit.Run]:
    return fit.read_runs()


def target(
    step: Step, quantity: Quantity, growth_per_logrow: float = PROFILE.growth_per_logrow
) -> fit.Target:
    return fit.Target(step=step, quantity=quantity, growth_per_logrow=growth_per_logrow)


def left_out_errors(step: Step, quantity: Quantity) -> np.ndarray:
    held = fit.held_out(runs(), target(step, quantity))
    assert len(held) >= 84
    return np.array([abs(1 / one.ratio - 1) for one in held])


def test_the_profile_holds_what_the_tool_prints() -> None:
    assert fit.best_growth(runs()) == PROFILE.growth_per_logrow
    assert PROFILE.cached_logrows == fit.CACHED_LOGROWS
    assert PROFILE.worker_cpu_seconds == fit.WORKER["cpu_seconds"]
    assert PROFILE.worker_memory_bytes == fit.WORKER["peak_memory_bytes"]
    for name, value in fit.measured_table(runs()).items():
        assert getattr(PROFILE.measured, name) == value
    for one in fit.targets(PROFILE.growth_per_logrow):
        kept = PROFILE.fits[one.step][one.quantity]
        assert kept.coefficients == pytest.approx(fit.coefficients(runs(), one), rel=1e-3)
        error = fit.error_factors(fit.held_out(runs(), one), one.step)
        freivalds = fit.freivalds_factors(runs(), one)
        for factors, (low, high) in ((kept.error, error), (kept.freivalds_error, freivalds)):
            assert low - 0.011 <= factors.low <= low
            assert high <= factors.high <= high + 0.011


@pytest.mark.parametrize(
    ("step", "quantity", "median", "percentile_95"),
    [
        ("proof", "cpu_seconds", 0.08, 0.20),
        ("keys", "cpu_seconds", 0.12, 0.30),
        ("proof", "peak_memory_bytes", 0.01, 0.03),
        ("keys", "peak_memory_bytes", 0.03, 0.08),
        ("verification", "cpu_seconds", 0.10, 0.30),
    ],
)
def test_errors_on_families_left_out(
    step: Step, quantity: Quantity, median: float, percentile_95: float
) -> None:
    errors = left_out_errors(step, quantity)
    assert np.median(errors) <= median
    assert np.quantile(errors, 0.95) <= percentile_95


def test_nine_in_ten_left_out_runs_lie_in_their_interval() -> None:
    for step in ("keys", "proof", "verification"):
        for quantity in TERMS[step]:
            error = PROFILE.fits[step][quantity].error
            held = fit.held_out(runs(), target(step, quantity))
            inside = [error.low <= one.ratio <= error.high for one in held if not one.run.has_freivalds]
            assert 0.85 <= np.mean(inside) <= 0.95


def up_to(logrows: int) -> list[fit.Run]:
    return [run for run in runs() if run.work.system.logrows <= logrows]


def off(fitted_to: Sequence[fit.Run], one: fit.Target, name: str) -> float:
    """The relative error of a prediction, for a run that is not among those fitted to."""
    (run,) = (run for run in runs() if run.name == name)
    assert run not in fitted_to
    return 1 / one.ratio(fit.coefficients(fitted_to, one), run) - 1


@pytest.mark.parametrize(
    ("most", "name", "bound"), [(15, "L5_k20", 0.25), (14, "K18", 0.20), (15, "L5_k17", 0.15)]
)
@pytest.mark.parametrize("step", ["keys", "proof"])
def test_extrapolation_to_more_rows_without_the_growth_out_of_the_cache(
    step: Step, most: int, name: str, bound: float
) -> None:
    """From circuits of at most 2^15 rows, nobody can tell that operations grow dearer later.

    The error that the profile allows for each doubling covers what comes of it.
    """
    seconds = off(up_to(most), target(step, "cpu_seconds", growth_per_logrow=0.0), name)
    assert abs(seconds) <= bound
    (run,) = (run for run in runs() if run.name == name)
    doublings = run.work.system.logrows - most
    error = PROFILE.fits[step]["cpu_seconds"].error
    widening = (1 + PROFILE.measured.error_per_doubling) ** doublings
    assert error.low / widening <= 1 / (1 + seconds) <= error.high * widening
    assert abs(off(up_to(most), target(step, "peak_memory_bytes"), name)) <= 0.12


def test_the_growth_is_what_extrapolation_lacks() -> None:
    without, with_growth = (
        abs(off(up_to(15), target("proof", "cpu_seconds", growth), "L5_k20"))
        for growth in (0.0, PROFILE.growth_per_logrow)
    )
    assert with_growth < without / 2


# --- the method ----------------------------------------------------------------------------


def test_non_negative_least_squares_finds_what_is_there() -> None:
    generator = np.random.default_rng(0)
    matrix = generator.uniform(0.5, 2.0, size=(40, 4)) * [1, 1e3, 1e6, 1e-3]
    truth = np.array([2.0, 0.0, 3e-6, 5e2])
    assert fit.non_negative(matrix, matrix @ truth) == pytest.approx(truth, abs=1e-9)


def test_non_negative_least_squares_would_rather_leave_a_term_out() -> None:
    matrix = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    fitted = fit.non_negative(matrix, np.array([3.0, 2.0, 1.0]))
    assert fitted.tolist() == pytest.approx([2.0, 0.0])


def test_intervals_hold_the_part_they_say() -> None:
    held = [fit.Held(run=runs()[0], ratio=ratio) for ratio in np.linspace(0.5, 1.5, 101)]
    assert fit.error_factors(held, "proof") == pytest.approx((0.55, 1.45), abs=0.011)
    assert fit.error_factors(held, "settings") == (0.5, 1.5)
