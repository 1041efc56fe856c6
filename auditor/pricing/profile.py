"""A hardware profile: what a machine takes for each operation of :data:`auditor.pricing.terms.TERMS`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from auditor.pricing.terms import Quantity, Step
from auditor.rules import EVIDENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """What a prediction is multiplied by for its lower and its upper end."""

    low: float
    high: float

    def times(self, other: Factors) -> Factors:
        """Both errors at once."""
        return Factors(low=self.low * other.low, high=self.high * other.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """One quantity of one step. ``coefficients`` are by the name of the term, in seconds or bytes per unit.

    ``error``: nine in ten measurements of circuits left out of the fit, over their predictions.
    ``freivalds_error``: what comes on top for a circuit with Freivalds' argument.
    """

    coefficients: Mapping[str, float]
    error: Factors
    freivalds_error: Factors


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The circuits behind the coefficients. Beyond them the error grows by ``error_per_doubling`` for each
    doubling of the rows, and of the largest count."""

    runs: int
    least_logrows: int
    most_logrows: int
    most_permutation_columns: int
    most_fixed_columns: int
    most_lookup_arguments: int
    most_assignments: int
    cores: int
    error_per_doubling: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HardwareProfile:
    """A machine. ``evidence`` is the weakest class behind its coefficients.

    ``worker_*`` is what each step takes before EZKL does anything: starting Python, loading the library.
    ``cached_logrows`` and ``growth_per_logrow``: from where on, and by what part for each further logrow,
    operations grow dearer because columns leave the cache. ``parallel_fraction``: the part of the work of a
    parallel step that is spread over the cores. ``thread_memory_bytes``: of each core beyond those measured.
    ``other_processor``: how far the times may be off on a machine with another processor, and
    ``probed_processor``: how far when they were scaled by a probe, see :func:`scale_by_srs`.
    """

    id: str
    name: str
    kind: str
    summary: str
    cpu_model: str
    logical_cores: int
    total_memory_bytes: int
    measured: Measured
    fits: Mapping[Step, Mapping[Quantity, Fit]]
    worker_cpu_seconds: float
    worker_memory_bytes: float
    cached_logrows: int
    growth_per_logrow: float
    parallel_fraction: float
    thread_memory_bytes: float
    other_processor: Factors
    probed_processor: Factors
    evidence: str


def scale_to(profile: HardwareProfile, factor: float, *, error: Factors) -> HardwareProfile:
    """The same machine with a processor that takes ``factor`` times the CPU seconds for everything.

    ``error`` is how far the true factor may lie from that; it widens the times. Memory stays as it is, and
    the evidence is ``derived`` at best.
    Raises :class:`ValueError` unless ``factor`` and the ends of ``error`` are positive.
    """
    if min(factor, error.low, error.high) <= 0:
        raise ValueError("a machine takes a positive number of times as long")

    def scaled(quantity: Quantity, fit: Fit) -> Fit:
        if quantity != "cpu_seconds":
            return fit
        slower = {term: value * factor for term, value in fit.coefficients.items()}
        return replace(fit, coefficients=slower, error=fit.error.times(error))

    fits = {
        step: {quantity: scaled(quantity, fit) for quantity, fit in fits.items()}
        for step, fits in profile.fits.items()
    }
    weakest = max(profile.evidence, "derived", key=EVIDENCE.index)
    worker = profile.worker_cpu_seconds * factor
    return replace(profile, fits=fits, worker_cpu_seconds=worker, evidence=weakest)


def for_processor(profile: HardwareProfile, model: str | None) -> HardwareProfile:
    """The profile as it is for the processor it was measured on, with wide times for any other.

    ``model`` is that of :class:`auditor.machine.Machine`; None is another.
    """
    if model == profile.cpu_model:
        return profile
    return replace(scale_to(profile, 1.0, error=profile.other_processor), evidence="assumed")


PROBE_LOGROWS = 11
"""Of an SRS that takes two thirds of a second to generate on the reference machine."""


def scale_by_srs(profile: HardwareProfile, *, logrows: int, cpu_seconds: float) -> HardwareProfile:
    """The profile for a machine on which a guarded worker took so long to generate an SRS of this size.

    Nothing but multiplications of curve points, this is the work that proofs consist of, and known for the
    machine of the profile. Raises :class:`ValueError` for an SRS smaller than :data:`PROBE_LOGROWS`, where
    other work is too large a part, and for a time that no worker can have taken.
    """
    spent = cpu_seconds - profile.worker_cpu_seconds
    if logrows < PROBE_LOGROWS or spent <= 0:
        raise ValueError("too short to tell the speed of a machine")
    # The start of the fit is not counted: it is not found again on other machines.
    per_row = profile.fits["srs"]["cpu_seconds"].coefficients["scalar multiplications"]
    return scale_to(profile, spent / (per_row * 2**logrows), error=profile.probed_processor)
