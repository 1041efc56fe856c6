"""Fits the coefficients of the reference machine to real proofs, and says how far off they are elsewhere.

    python -m tools.fit

prints the tables ``[measured]`` and ``[coefficients.*]`` of ``rules/hardware/reference-epyc-2c.toml``, then
the errors that each fit makes on circuits that were left out of it. The runs are in
``tests/pricing/real_runs.jsonl`` (times and memory) and ``tests/sizing/real_runs.jsonl`` (their settings),
made with EZKL 23.0.5 on two cores that other work shared, which is why processor time is fitted and not wall
time.

A fit is non-negative least squares on relative errors: a term cannot take negative time, and a proof of 0.3
seconds says as much as one of 300. Its error is that on families (circuits of one model) left out in turn.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from msgspec import Struct

from auditor.pricing.prover import growth
from auditor.pricing.terms import GROWING, TERMS, Counted, Quantity, Step, Workload, unit
from auditor.sizing import artifacts, constraint_system
from tests.sizing.settings import circuit_size_of, run_args_of

TESTS = Path(__file__).parents[1] / "tests"

CONTAMINATED: Final = {"K17": "33.6 s beside another proof, and 28.2 s when repeated as QK17"}
"""Runs that are left out, and why."""

WORKER: Final[dict[Quantity, float]] = {"cpu_seconds": 0.058, "peak_memory_bytes": 6_000_000}
"""What a guarded worker takes beside EZKL's work; the runs were measured without. On 2026-11-21, guarded runs
of five of these circuits took 0.055 to 0.065 s and 5 to 7 MB more."""

CACHED_LOGROWS = 16
GROWTHS = [step / 100 for step in range(13)]

COVERED: Final[dict[Step, float]] = {"settings": 1.0, "compile": 1.0, "witness": 1.0, "srs": 1.0}
"""The part of the left-out runs that an interval has to hold; nine in ten where it is not said. The first
three depend on the number of nodes, which no settings file tells, so that a few runs are far off; of SRS
there are only seven."""

USUALLY_COVERED = 0.9

_ROUNDED: Final[dict[Step, int]] = {"verification": 1000}
"""Into how many parts the ends of an interval are rounded, outwards; hundredths where it is not said, as the
memory of keys and proofs differs by that on another machine (``tests/pricing/own_runs.jsonl``)."""

FREIVALDS_STEPS: Final[frozenset[Step]] = frozenset({"keys", "proof", "verification"})
"""Steps in which Freivalds' argument has columns and gates of its own."""


class Run(Struct, frozen=True, kw_only=True, eq=False):
    """A real proof, equal to itself only. ``measured`` is the median of its repeats."""

    name: str
    family: str
    work: Workload
    has_freivalds: bool
    measured: dict[Step, dict[Quantity, float]]


class Target(Struct, frozen=True, kw_only=True):
    """What is fitted: a quantity of a step, if operations out of the cache grow by ``growth_per_logrow``."""

    step: Step
    quantity: Quantity
    growth_per_logrow: float

    @property
    def terms(self) -> dict[str, Counted]:
        """The terms that have a coefficient."""
        return dict(TERMS[self.step][self.quantity])

    def measured(self, run: Run) -> float:
        """What a run took."""
        return run.measured[self.step][self.quantity]

    def counts(self, run: Run) -> list[float]:
        """What multiplies the coefficients, as :func:`auditor.pricing.prover.predict_steps` has it."""
        return _counts(self, run)

    def predicted(self, fitted: dict[str, float], run: Run) -> float:
        """What coefficients say of a run."""
        return float(np.dot(self.counts(run), list(fitted.values())))

    def ratio(self, fitted: dict[str, float], run: Run) -> float:
        """Measured over predicted, the worker added to both."""
        worker = WORKER[self.quantity]
        return (self.measured(run) + worker) / (self.predicted(fitted, run) + worker)


@cache
def _counts(target: Target, run: Run) -> list[float]:
    grows = target.quantity == "cpu_seconds" and target.step in GROWING
    logrows = run.work.system.logrows
    factor = growth(logrows, CACHED_LOGROWS, target.growth_per_logrow) if grows else 1.0
    return [
        counted.count(run.work) * (1.0 if name == "start" else factor)
        for name, counted in target.terms.items()
    ]


class Held(Struct, frozen=True, kw_only=True):
    """A run left out of the fit, and what was measured over what is predicted for it."""

    run: Run
    ratio: float


@cache
def read_runs() -> Sequence[Run]:
    """Every recorded run that nothing is known against."""
    settings = {entry["name"]: entry["settings"] for entry in _lines("sizing/real_runs.jsonl")}
    entries = _lines("pricing/real_runs.jsonl")
    return tuple(
        _run(entry, settings[entry["name"]]) for entry in entries if entry["name"] not in CONTAMINATED
    )


def _lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (TESTS / name).read_text(encoding="utf-8").splitlines()]


def _run(entry: dict[str, Any], settings: dict[str, Any]) -> Run:
    size = circuit_size_of(settings)
    system = constraint_system(size, run_args_of(settings))
    run = Run(
        name=entry["name"],
        family=entry["model"],
        work=Workload(system=system, artifacts=artifacts(system), size=size),
        has_freivalds=size.total_einsum_col_size > 0,
        measured={
            step: {name: float(np.median(repeats)) for name, repeats in quantities.items()}
            for step, quantities in entry["steps"].items()
        },
    )
    # These verifications read the whole SRS into memory, and ours reads what a verifier needs of it.
    run.measured["verification"]["peak_memory_bytes"] -= run.work.artifacts.srs_bytes
    return run


def coefficients(runs: Sequence[Run], target: Target) -> dict[str, float]:
    """The non-negative coefficients, by term, that fit these runs best."""
    having = [run for run in runs if target.step in run.measured]
    relative = np.array([target.counts(run) for run in having])
    relative /= np.array([[target.measured(run)] for run in having])
    fitted = non_negative(relative, np.ones(len(having)))
    return dict(zip(target.terms, fitted.tolist(), strict=True))


def non_negative(matrix: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Non-negative least squares: the best of the plain solutions over every set of columns that has no
    negative entry. With five columns there are 31."""
    scale = matrix.max(axis=0)
    best, best_error = np.zeros(len(scale)), float(wanted @ wanted)
    for number in range(1, len(scale) + 1):
        for chosen in map(list, itertools.combinations(range(len(scale)), number)):
            columns = matrix[:, chosen] / scale[chosen]
            solution, *_ = np.linalg.lstsq(columns, wanted, rcond=None)
            error = float(np.sum((columns @ solution - wanted) ** 2))
            if (solution >= 0).all() and error < best_error:
                best, best_error = np.zeros(len(scale)), error
                best[chosen] = solution / scale[chosen]
    return best


def best_growth(runs: Sequence[Run]) -> float:
    """The growth per logrow that leaves the smallest squared relative error, of keys and proofs together."""

    def squared_error(growth_per_logrow: float) -> float:
        total = 0.0
        for step in sorted(GROWING):
            target = Target(step=step, quantity="cpu_seconds", growth_per_logrow=growth_per_logrow)
            fitted = coefficients(runs, target)
            total += sum((target.predicted(fitted, run) / target.measured(run) - 1) ** 2 for run in runs)
        return total

    return min(GROWTHS, key=squared_error)


def targets(growth_per_logrow: float) -> list[Target]:
    """Everything there is to fit."""
    return [
        Target(step=step, quantity=quantity, growth_per_logrow=growth_per_logrow)
        for step, quantities in TERMS.items()
        for quantity in quantities
    ]


def held_out(runs: Sequence[Run], target: Target) -> list[Held]:
    """Every run against coefficients that were fitted without its family."""
    having = [run for run in runs if target.step in run.measured]
    # An SRS depends on logrows alone, and was timed once for each: there every run is its own family.
    group = {run.name: run.name if target.step == "srs" else run.family for run in having}
    held = []
    for family in sorted(set(group.values())):
        fitted = coefficients([run for run in having if group[run.name] != family], target)
        held += [
            Held(run=run, ratio=target.ratio(fitted, run)) for run in having if group[run.name] == family
        ]
    return held


def error_factors(held: Sequence[Held], step: Step) -> tuple[float, float]:
    """The ends of an interval that holds :data:`COVERED` of the runs, as many missing below as above.

    Runs with Freivalds' argument count only where nothing comes on top for them.
    """
    ratios = [one.ratio for one in held if step not in FREIVALDS_STEPS or not one.run.has_freivalds]
    tail = (1 - COVERED.get(step, USUALLY_COVERED)) / 2
    low = float(np.quantile(ratios, tail, method="lower"))
    high = float(np.quantile(ratios, 1 - tail, method="higher"))
    return min(low, 1.0), max(high, 1.0)


def freivalds_factors(runs: Sequence[Run], target: Target) -> tuple[float, float]:
    """What comes on top for Freivalds' argument: the worst error of a fit without such circuits, squared.

    Squared, as there are but four of them, and none is large. 1 where the argument makes no difference.
    """
    if target.step not in FREIVALDS_STEPS:
        return 1.0, 1.0
    fitted = coefficients([run for run in runs if not run.has_freivalds], target)
    ratios = [target.ratio(fitted, run) for run in runs if run.has_freivalds]
    return min([1.0, *ratios]) ** 2, max([1.0, *ratios]) ** 2


# --- printing ------------------------------------------------------------------------------


def measured_table(runs: Sequence[Run]) -> dict[str, int]:
    """Which circuits were measured, as the profile says it."""
    systems = [run.work.system for run in runs]
    return {
        "runs": len(runs),
        "least_logrows": min(system.logrows for system in systems),
        "most_logrows": max(system.logrows for system in systems),
        "most_permutation_columns": max(system.num_permutation_columns for system in systems),
        "most_fixed_columns": max(system.num_fixed_columns for system in systems),
        "most_lookup_arguments": max(system.num_lookup_arguments for system in systems),
        "most_assignments": max(run.work.size.total_assignments for run in runs),
    }


def fit_table(runs: Sequence[Run], target: Target) -> str:
    """A table ``[coefficients.STEP.QUANTITY]`` of the profile."""
    fitted = coefficients(runs, target)
    lines = [f"[coefficients.{target.step}.{target.quantity}]"]
    for name, counted in target.terms.items():
        key = name if name.isalpha() else json.dumps(name)
        lines.append(f'{key} = {{ value = {fitted[name]:.4g}, unit = "{unit(target.quantity, counted)}" }}')
    factors = {
        "error": error_factors(held_out(runs, target), target.step),
        "freivalds_error": freivalds_factors(runs, target),
    }
    for name, (low, high) in factors.items():
        parts = _ROUNDED.get(target.step, 100)
        ends = np.floor(low * parts) / parts, np.ceil(high * parts) / parts
        lines.append(f"{name} = {{ low = {ends[0]}, high = {ends[1]} }}")
    return "\n".join(lines)


def error_line(runs: Sequence[Run], target: Target) -> str:
    """The relative errors of predictions for families left out, on one line."""
    held = held_out(runs, target)
    off = [1 / one.ratio - 1 for one in held]
    worst = int(np.argmax(np.abs(off)))
    size = np.abs(off)
    return (
        f"{target.step + ' ' + target.quantity:32} {len(off):5} {np.median(size):8.1%} {np.mean(size):8.1%} "
        f"{np.quantile(size, 0.95):8.1%}  {off[worst]:+.0%} {held[worst].run.name}"
    )


def main() -> None:
    """Prints it all."""
    runs = read_runs()
    growth_per_logrow = best_growth(runs)
    print("[measured]", *(f"{name} = {value}" for name, value in measured_table(runs).items()), sep="\n")
    print(f"\n[coefficients.cache]\nlogrows = {CACHED_LOGROWS}\ngrowth_per_logrow = {growth_per_logrow}\n")
    for target in targets(growth_per_logrow):
        print(fit_table(runs, target), end="\n\n")
    print(f"{'left out':32} {'runs':>5} {'median':>8} {'mean':>8} {'95 %':>8}  worst")
    for target in targets(growth_per_logrow):
        print(error_line(runs, target))


if __name__ == "__main__":
    main()
