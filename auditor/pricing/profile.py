"""A hardware profile: what a machine takes for each operation of :data:`auditor.pricing.terms.TERMS`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from auditor.pricing.terms import Quantity, Step
from auditor.rules import EVIDENCE

if TYPE_CHECKING:
    from auditor.pricing.evidence import Evidence

Concern = Literal["cost", "cores", "memory", "disk", "patience", "prover"]
"""What the numbers of a profile are needed for."""

Availability = Literal["ran", "wheel", "cli-binary", "source-build", "none"]
"""In which form there is an EZKL for a machine. ``ran``: it was measured there."""

AVAILABLE: frozenset[Availability] = frozenset({"ran", "wheel"})
"""With the others, nobody has seen EZKL run there."""


class Factors(Struct, frozen=True, kw_only=True):
    """What a prediction is multiplied by for its lower and its upper end."""

    low: float
    high: float

    def times(self, other: Factors) -> Factors:
        """Both errors at once."""
        return Factors(low=self.low * other.low, high=self.high * other.high)

    def beside(self, other: Factors) -> Factors:
        """An error and another that has nothing to do with it: they seldom are at their ends together, and
        add up like the legs of a right triangle do to the third side."""
        low = math.hypot(math.log(self.low), math.log(other.low))
        high = math.hypot(math.log(self.high), math.log(other.high))
        return Factors(low=math.exp(-low), high=math.exp(high))


EXACT = Factors(low=1.0, high=1.0)


class Fit(Struct, frozen=True, kw_only=True):
    """One quantity of one step. ``coefficients`` are by the name of the term, in seconds or bytes per unit.

    ``error``: nine in ten measurements of circuits left out of the fit, over their predictions.
    ``freivalds_error``: what comes on top for a circuit with Freivalds' argument.
    """

    coefficients: Mapping[str, float]
    error: Factors
    freivalds_error: Factors


class Measured(Struct, frozen=True, kw_only=True):
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


class Scaled(Struct, frozen=True, kw_only=True):
    """Where coefficients come from that were not measured on a machine: from the processor ``cpu_model``,
    whose times were multiplied by ``factor``, which may be off by ``error``.

    ``seen`` is what was done on the machine itself to tell the factor, as in ``6 proofs were made``.
    """

    cpu_model: str
    factor: float
    error: Factors
    seen: str = "nothing was measured"


class Speed(Struct, frozen=True, kw_only=True):
    """How many times as long as on another machine something takes, and how far off that may be."""

    factor: float
    error: Factors


class Prover(Struct, frozen=True, kw_only=True):
    """Whether EZKL runs on a machine, and what to know of that."""

    availability: Availability
    note: str = ""


class HardwareProfile(Struct, frozen=True, kw_only=True):
    """A machine. ``evidence`` is the weakest class behind its coefficients, ``records`` all of it by concern.

    ``usable_memory_bytes`` a proof may take, and ``free_disk_bytes``; None is not known. ``patience_seconds``
    are limits of a proof on such a machine, by ``interactive`` or ``batch``. A proof is spread over
    ``usable_threads``. ``scaled`` is None when the coefficients were measured. ``price_ref`` names an
    instance that can be rented, as ``SHEET#INSTANCE``.

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
    total_memory_bytes: int | None
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
    usable_threads: int
    usable_memory_bytes: int | None
    prover: Prover
    free_disk_bytes: int | None = None
    patience_seconds: Mapping[str, float] = field(default_factory=dict)
    scaled: Scaled | None = None
    price_ref: str | None = None
    records: Mapping[Concern, tuple[Evidence, ...]] = field(default_factory=dict)


def scale_to(
    profile: HardwareProfile,
    factor: float,
    *,
    error: Factors,
    memory_error: Factors = EXACT,
    steps: Mapping[Step, Speed] | None = None,
) -> HardwareProfile:
    """The same machine with a processor that takes ``factor`` times the CPU seconds for everything.

    ``error`` is how far the true factor may lie from that; it widens the times. ``steps`` has the speed of
    those whose own was measured, which errs apart from the coefficients. Memory is widened by
    ``memory_error``, and the evidence is ``derived`` at best.
    Raises :class:`ValueError` unless the factors and the ends of the errors are positive.
    """
    usual, own = Speed(factor=factor, error=error), steps or {}
    if min(min(speed.factor, speed.error.low, speed.error.high) for speed in (usual, *own.values())) <= 0:
        raise ValueError("a machine takes a positive number of times as long")

    def scaled(quantity: Quantity, fit: Fit, speed: Speed) -> Fit:
        if quantity != "cpu_seconds":
            return replace(fit, error=fit.error.times(memory_error))
        slower = {term: value * speed.factor for term, value in fit.coefficients.items()}
        error = fit.error.times(speed.error) if speed is usual else fit.error.beside(speed.error)
        return replace(fit, coefficients=slower, error=error)

    fits = {
        step: {quantity: scaled(quantity, fit, own.get(step, usual)) for quantity, fit in fits.items()}
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
    factor, error = spent / (per_row * 2**logrows), profile.probed_processor
    scaled = Scaled(cpu_model=profile.cpu_model, factor=factor, error=error, seen="an SRS was generated")
    return replace(scale_to(profile, factor, error=error), scaled=scaled)
