"""What each step of a proof with EZKL 23.0.5 takes: processor time, memory, bytes on disk.

Every amount is a sum of terms, a count of operations (:mod:`auditor.pricing.terms`) times a coefficient of a
hardware profile, and comes with the error that the same sum made on circuits left out of its fit. Beyond the
circuits that were measured, the error grows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from auditor.pricing.profile import EXACT, Fit, HardwareProfile
from auditor.pricing.ranges import Range
from auditor.pricing.terms import GROWING, PARALLEL, TERMS, Counted, Quantity, Step, Workload

if TYPE_CHECKING:
    from auditor.circuit.run_args import RunArgs
    from auditor.circuit.size import CircuitSize
    from auditor.sizing.artifacts import Artifacts
    from auditor.sizing.constraint_system import ConstraintSystem

STEPS: tuple[Step, ...] = tuple(TERMS)
"""In the order in which a proof goes through them."""

_ARENA_BYTES = 1 << 26
"""What glibc's allocator reserves of the address space for each thread."""

_RESERVED_BYTES = 1 << 28
"""Libraries, stacks and what freed memory leaves behind. Nine keys and proofs with 2 to 8 threads reserved
120 to 400 MB more than they used, 190 to 410 MB less than these two constants allow for."""


class Term(Struct, frozen=True, kw_only=True):
    """One summand of a quantity: ``count`` of ``unit``, at ``coefficient`` seconds or bytes each."""

    quantity: Quantity
    name: str
    count: float
    unit: str
    coefficient: float

    @property
    def amount(self) -> float:
        """Seconds or bytes."""
        return self.count * self.coefficient


class StepPrediction(Struct, frozen=True, kw_only=True):
    """One step. ``bytes`` stay on disk; ``least_bytes`` of them are certain.

    ``reserved_bytes`` of addresses a process takes beyond the memory it uses.
    ``wall_seconds`` suppose cores with nothing else to do. ``terms`` add up to the middle of each quantity.
    ``measured_range`` says which circuits the coefficients come from, ``outside`` in which way this one lies
    beyond them, which has widened the ranges. ``evidence`` is the weakest class behind the numbers.
    """

    step: Step
    cpu_seconds: Range
    wall_seconds: Range
    peak_memory_bytes: Range
    bytes: int
    least_bytes: int
    reserved_bytes: int
    terms: tuple[Term, ...]
    measured_range: str
    outside: tuple[str, ...]
    evidence: str


def predict_steps(
    system: ConstraintSystem,
    artifacts: Artifacts,
    size: CircuitSize,
    run_args: RunArgs,
    profile: HardwareProfile,
    *,
    cores: int,
) -> tuple[StepPrediction, ...]:
    """The steps of a proof in their order, each run in a process of its own on ``cores`` threads.

    The SRS step is its generation here; a verification reads an SRS cut down to what a verifier needs.
    Raises :class:`ValueError` unless ``cores`` is positive and ``run_args`` are those of ``system``.
    """
    if cores < 1:
        raise ValueError("a proof needs at least one core")
    if run_args.logrows != system.logrows:
        raise ValueError("the constraint system was made with other run args")
    work = Workload(system=system, artifacts=artifacts, size=size)
    outside, widening = _beyond_measured(work, profile)
    predictions = []
    for step in STEPS:
        expected, certain = _file_bytes(step, work)
        cpu_terms = _terms(step, "cpu_seconds", work, profile)
        memory_terms = (*_terms(step, "peak_memory_bytes", work, profile), *_threads(step, profile, cores))
        fits = profile.fits[step]
        cpu = _range(cpu_terms, fits["cpu_seconds"], widening, work)
        memory = _range(
            memory_terms, fits["peak_memory_bytes"], widening, work, certain=_certain_bytes(step, work)
        )
        predictions.append(
            StepPrediction(
                step=step,
                cpu_seconds=cpu,
                wall_seconds=_wall(cpu, cores, profile) if step in PARALLEL else cpu,
                peak_memory_bytes=memory,
                bytes=expected,
                least_bytes=certain,
                reserved_bytes=_RESERVED_BYTES + cores * _ARENA_BYTES,
                terms=(*cpu_terms, *memory_terms),
                measured_range=_measured_range(profile),
                outside=outside,
                evidence=profile.evidence,
            )
        )
    return tuple(predictions)


def expected(step: Step, quantity: Quantity, work: Workload, profile: HardwareProfile) -> float:
    """The middle of one quantity of one step, and nothing of its errors; time is wall time.

    For whoever compares thousands of circuits: :func:`predict_steps` takes ten times as long.
    """
    amount = sum(term.amount for term in _terms(step, quantity, work, profile))
    if quantity == "cpu_seconds" and step in PARALLEL:
        return amount / _speed_up(profile.usable_threads, profile.parallel_fraction)
    return amount


def _terms(step: Step, quantity: Quantity, work: Workload, profile: HardwareProfile) -> tuple[Term, ...]:
    """The worker itself, then what EZKL does in it."""
    coefficients = profile.fits[step][quantity].coefficients
    factor = 1.0
    if quantity == "cpu_seconds" and step in GROWING:
        factor = growth(work.system.logrows, profile.cached_logrows, profile.growth_per_logrow)
    is_time = quantity == "cpu_seconds"
    worker = profile.worker_cpu_seconds if is_time else profile.worker_memory_bytes
    first = Term(quantity=quantity, name="worker", count=1, unit="process", coefficient=worker)

    def term(name: str, counted: Counted) -> Term:
        grown = coefficients[name] * (1.0 if name == "start" else factor)
        count = counted.count(work)
        return Term(quantity=quantity, name=name, count=count, unit=counted.unit, coefficient=grown)

    return (first, *(term(name, counted) for name, counted in TERMS[step][quantity].items()))


def growth(logrows: int, cached_logrows: int, growth_per_logrow: float) -> float:
    """How many times as long an operation takes once its columns of 2^logrows have left the cache."""
    return 1.0 + growth_per_logrow * max(0, logrows - cached_logrows)


def _threads(step: Step, profile: HardwareProfile, cores: int) -> Iterator[Term]:
    extra = cores - profile.measured.cores
    if step in PARALLEL and extra > 0:
        yield Term(
            quantity="peak_memory_bytes",
            name="further threads",
            count=extra,
            unit="thread",
            coefficient=profile.thread_memory_bytes,
        )


# --- intervals -----------------------------------------------------------------------------


def _certain_bytes(step: Step, work: Workload) -> int:
    """Memory that a step takes whatever else it does: keys are made, and read for a proof, as a whole."""
    return work.artifacts.proving_key_bounds[0] if step in ("keys", "proof") else 0


def _range(
    terms: tuple[Term, ...], fit: Fit, widening: float, work: Workload, *, certain: float = 0.0
) -> Range:
    """``certain`` is an amount that no error takes anything from."""
    mid = sum(term.amount for term in terms)
    # Seconds at the start are where a fitted line meets a circuit of no rows, which nobody measured.
    start = sum(term.amount for term in terms if term.name == "start" and term.quantity == "cpu_seconds")
    freivalds = fit.freivalds_error if work.size.total_einsum_col_size > 0 else EXACT
    error = fit.error.times(freivalds)
    less, more = _inexact_key(terms, work.artifacts)
    return Range(
        low=max((mid - start - less) * error.low / widening, min(certain, mid)),
        mid=mid,
        high=(mid + more) * error.high * widening,
    )


def _inexact_key(terms: tuple[Term, ...], artifacts: Artifacts) -> tuple[float, float]:
    """How much less and more these terms may be because the bytes of the proving key are within bounds."""
    per_byte = sum(term.coefficient for term in terms if term.name == "key")
    low, high = artifacts.proving_key_bounds
    expected = artifacts.proving_key_bytes
    return per_byte * (expected - low), per_byte * (high - expected)


def _beyond_measured(work: Workload, profile: HardwareProfile) -> tuple[tuple[str, ...], float]:
    """In which way a circuit lies beyond those measured, and what that multiplies and divides the ends by."""
    measured, system = profile.measured, work.system
    outside, doublings = [], 0.0
    low, high = measured.least_logrows, measured.most_logrows
    if not low <= system.logrows <= high:
        outside.append(f"logrows {system.logrows}, and {low} to {high} were measured")
        doublings += max(low - system.logrows, system.logrows - high)
    counts = (
        ("permutation columns", system.num_permutation_columns, measured.most_permutation_columns),
        ("fixed columns", system.num_fixed_columns, measured.most_fixed_columns),
        ("lookup arguments", system.num_lookup_arguments, measured.most_lookup_arguments),
        ("assigned cells", work.size.total_assignments, measured.most_assignments),
    )
    beyond = [(name, count, most) for name, count, most in counts if count > most]
    outside += [f"{count:,} {name}, and at most {most:,} were measured" for name, count, most in beyond]
    doublings += max((math.log2(count / most) for _, count, most in beyond), default=0.0)
    return tuple(outside), (1.0 + measured.error_per_doubling) ** doublings


def _measured_range(profile: HardwareProfile) -> str:
    measured = profile.measured
    scaled = profile.scaled
    cpu_model = profile.cpu_model if scaled is None else scaled.cpu_model
    fitted = (
        f"fitted to {measured.runs} proofs with logrows {measured.least_logrows} to {measured.most_logrows} "
        f"on {measured.cores} cores of {cpu_model}"
    )
    if scaled is None:
        return fitted
    low, high = scaled.factor * scaled.error.low, scaled.factor * scaled.error.high
    return f"{fitted}; times {low:.2g} to {high:.2g} for this machine, on which {scaled.seen}"


def _wall(cpu: Range, cores: int, profile: HardwareProfile) -> Range:
    """Wall time of a step that is spread over the cores, none of which has other work.

    Up to the cores measured by Amdahl's law from the measured part that is parallel. Beyond them that is
    expected, an equal share of each core is the best case, and half the further gain the worst.
    """
    measured = profile.measured.cores
    expected = _speed_up(cores, profile.parallel_fraction)
    best = worst = expected
    if cores > measured:
        known = _speed_up(measured, profile.parallel_fraction)
        best, worst = known / measured * cores, known + (expected - known) / 2
    return Range(low=cpu.low / best, mid=cpu.mid / expected, high=cpu.high / worst)


def _speed_up(cores: int, parallel_fraction: float) -> float:
    return 1.0 / (1.0 - parallel_fraction + parallel_fraction / cores)


# --- files ---------------------------------------------------------------------------------

_SETTINGS_BYTES = 1_500
_CIRCUIT_BYTES = 1_000
_WITNESS_BYTES = 1_000
_PROOF_JSON_BYTES = 237
_PROOF_JSON_PER_BYTE = 5.53
VALUE_BYTES = 33
"""Of the compiled circuit, for each parameter and public value."""
_INSTANCE_JSON_BYTES = 147


def _file_bytes(step: Step, work: Workload) -> tuple[int, int]:
    """What a step leaves on disk, expected and certain. The SRS and the keys follow from halo2's format.

    The rest is fitted to the files of 85 runs: proof.json is at most 4 % off. Settings, circuit and witness
    also hold parameters and private inputs, which are not counted here: they are small beside the keys.
    """
    artifacts, instances = work.artifacts, work.system.num_instances
    match step:
        case "srs":
            return artifacts.srs_bytes, artifacts.srs_bytes
        case "keys":
            keys = artifacts.proving_key_bytes + artifacts.verifying_key_bytes
            return keys, artifacts.proving_key_bounds[0] + artifacts.verifying_key_bounds[0]
        case "settings":
            return _SETTINGS_BYTES, 0
        case "compile":
            return _CIRCUIT_BYTES + VALUE_BYTES * instances, 0
        case "witness":
            return _WITNESS_BYTES + _INSTANCE_JSON_BYTES * instances, 0
        case "proof":
            proof = math.ceil(_PROOF_JSON_PER_BYTE * artifacts.proof_bytes)
            return _PROOF_JSON_BYTES + proof + _INSTANCE_JSON_BYTES * instances, 0
        case "verification":
            return 0, 0
