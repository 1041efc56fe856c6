"""What a circuit takes on one machine, and whether that is within what the machine and a policy allow.

A limit is certainly exceeded when even the low end of a prediction is above it, and certainly kept when even
the high end is within it. Everything between is undetermined.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from auditor._version import EZKL_VERSION
from auditor.pricing.evidence import Evidence, weaker, weakest
from auditor.pricing.policy import Policy
from auditor.pricing.profile import AVAILABLE, HardwareProfile
from auditor.pricing.prover import VALUE_BYTES, StepPrediction, predict_steps
from auditor.pricing.ranges import Range, total
from auditor.pricing.terms import Step
from auditor.units import bytes_range_text, bytes_text, seconds_range_text, seconds_text, usd_text

if TYPE_CHECKING:
    from auditor.circuit.run_args import RunArgs
    from auditor.circuit.size import CircuitSize
    from auditor.sizing.artifacts import Artifacts
    from auditor.sizing.constraint_system import ConstraintSystem

Status = Literal["feasible", "infeasible", "undetermined"]
Binding = Literal["memory", "disk", "download", "time", "money", "availability"]

SETUP: tuple[Step, ...] = ("settings", "compile", "keys")
PROVING: tuple[Step, ...] = ("witness", "proof")
VERIFYING: tuple[Step, ...] = ("verification",)
"""The steps behind each of the three times. The SRS is that of the ceremony: it is fetched and not made."""

FETCHED: tuple[Step, ...] = ("compile", "srs", "keys")
"""The steps whose files a prover needs that somebody else set up."""

_CIRCUIT_ERROR = 0.1
"""Compiled circuits of more than 50 kB were 3 % off 33 bytes a parameter."""

_MORE_CORES = (
    "how much faster {cores} cores are than {measured} was not measured: between half of what Amdahl's law "
    "says and all cores alike"
)


class Rent(Struct, frozen=True, kw_only=True):
    """What a machine costs. Time is charged in whole units of ``billed_seconds``, and for at least
    ``least_seconds``; ``evidence`` is that of the price."""

    usd_per_hour: float
    billed_seconds: float = 1.0
    least_seconds: float = 0.0
    evidence: tuple[Evidence, ...] = ()


class HardwareBill(Struct, frozen=True, kw_only=True):
    """A circuit on a machine. Times are wall times, with nothing else to do there; memory is the largest of
    all steps; ``disk_bytes`` are expected.

    ``binding`` is the first limit that decides, and None when feasible; each of ``reasons`` says what is
    needed, what is allowed, and by how much it is too much. ``usd_per_proof`` is None when nobody knows the
    price. ``evidence`` is the weakest that was used, ``outside`` in which way the circuit lies beyond those
    measured, ``warnings`` what has expired or was not judged.
    """

    profile: str
    name: str
    status: Status
    binding: Binding | None
    reasons: tuple[str, ...]
    setup_seconds: Range
    prove_seconds: Range
    verify_seconds: Range
    peak_memory_bytes: Range
    usable_memory_bytes: int | None
    disk_bytes: int
    usd_per_proof: Range | None
    evidence: str
    measured_range: str
    outside: tuple[str, ...]
    warnings: tuple[str, ...]


def predict_on(
    profile: HardwareProfile,
    system: ConstraintSystem,
    artifacts: Artifacts,
    size: CircuitSize,
    run_args: RunArgs,
) -> tuple[StepPrediction, ...]:
    """The steps of a proof on all threads of a machine, see :func:`predict_steps`."""
    return predict_steps(system, artifacts, size, run_args, profile, cores=profile.usable_threads)


def bill_hardware(
    predictions: Sequence[StepPrediction],
    profile: HardwareProfile,
    artifacts: Artifacts,
    *,
    parameters: int,
    today: date,
    policy: Policy | None = None,
    rent: Rent | None = None,
) -> HardwareBill:
    """The bill of a circuit with these artifacts on a machine, from :func:`predict_on` it.

    ``parameters`` are those of the model, which the compiled circuit holds. Without a ``policy`` only what
    the machine has is a limit; without a ``rent`` money is none.
    """
    steps = {prediction.step: prediction for prediction in predictions}
    setup, prove, verify = (
        total([steps[step].wall_seconds for step in names]) for names in (SETUP, PROVING, VERIFYING)
    )
    setup_here = policy is None or policy.setup_here
    run_here = (*(SETUP if setup_here else ()), *PROVING, *VERIFYING)
    needs = _Needs(
        setup_seconds=setup,
        prove_seconds=prove,
        verify_seconds=verify,
        peak_memory_bytes=largest([steps[step].peak_memory_bytes for step in run_here]),
        disk_bytes=_disk(predictions, artifacts, parameters),
        download_bytes=_disk([steps[step] for step in FETCHED], artifacts, parameters),
        usd_per_proof=None if rent is None else charged(prove, rent),
    )
    limits = [*_machine_limits(profile, needs), *_policy_limits(profile, policy, needs)]
    broken = [limit for limit in limits if limit.need.low > limit.most]
    doubtful = [limit for limit in limits if limit.need.low <= limit.most < limit.need.high]
    unknown = [*_unknown(profile, policy, rent)]
    status, binding, reasons = _decide(broken, doubtful, unknown)
    evidence, warnings = _evidence(profile, _used(profile, limits, rent), today)
    return HardwareBill(
        profile=profile.id,
        name=profile.name,
        status=status,
        binding=binding,
        reasons=reasons,
        setup_seconds=setup,
        prove_seconds=prove,
        verify_seconds=verify,
        peak_memory_bytes=needs.peak_memory_bytes,
        usable_memory_bytes=profile.usable_memory_bytes,
        disk_bytes=round(needs.disk_bytes.mid),
        usd_per_proof=needs.usd_per_proof,
        evidence=evidence,
        measured_range=predictions[0].measured_range,
        outside=predictions[0].outside,
        warnings=(*warnings, *_not_judged(profile)),
    )


def fits_where(bills: Iterable[HardwareBill]) -> str | None:
    """The next action that the smallest machine with enough room suggests: ``fits workstation-16c-64g``."""
    fitting = [bill for bill in bills if bill.status == "feasible" and bill.usable_memory_bytes is not None]
    if not fitting:
        return None
    smallest = min(fitting, key=lambda bill: (bill.usable_memory_bytes or 0, bill.profile))
    peak, have = smallest.peak_memory_bytes, smallest.usable_memory_bytes or 0
    return (
        f"fits {smallest.profile} ({bytes_range_text(peak.low, peak.high)} of {bytes_text(have)}, a proof in "
        f"{seconds_range_text(smallest.prove_seconds.low, smallest.prove_seconds.high)})"
    )


# --- what is needed ------------------------------------------------------------------------


class _Needs(Struct, frozen=True, kw_only=True):
    setup_seconds: Range
    prove_seconds: Range
    verify_seconds: Range
    peak_memory_bytes: Range
    disk_bytes: Range
    download_bytes: Range
    usd_per_proof: Range | None


def largest(ranges: Sequence[Range]) -> Range:
    """The peak of steps that run one after the other."""
    return Range(
        low=max(item.low for item in ranges),
        mid=max(item.mid for item in ranges),
        high=max(item.high for item in ranges),
    )


def _disk(files: Iterable[StepPrediction], artifacts: Artifacts, parameters: int) -> Range:
    """Bytes of the files of some steps, the keys and the compiled circuit among them."""
    files = list(files)
    circuit = parameters * VALUE_BYTES
    expected = sum(prediction.bytes for prediction in files) + circuit
    least = sum(prediction.least_bytes for prediction in files)
    more_key = artifacts.proving_key_bounds[1] - artifacts.proving_key_bytes
    more_key += artifacts.verifying_key_bounds[1] - artifacts.verifying_key_bytes
    return Range(low=least, mid=expected, high=expected + max(0, more_key) + circuit * _CIRCUIT_ERROR)


def charged(wall: Range, rent: Rent) -> Range:
    """What the time of one proof costs, on a machine that is rented for nothing else."""

    def usd(seconds: float) -> float:
        units = math.ceil(max(seconds, rent.least_seconds) / rent.billed_seconds)
        return units * rent.billed_seconds * rent.usd_per_hour / 3600

    return Range(low=usd(wall.low), mid=usd(wall.mid), high=usd(wall.high))


# --- what is allowed -----------------------------------------------------------------------


class _Limit(Struct, frozen=True, kw_only=True):
    """``most`` of what is needed, in the words of ``whose`` it is."""

    binding: Binding
    subject: str
    need: Range
    most: float
    whose: str
    amount: Callable[[float], str]
    span: Callable[[float, float], str]
    evidence: tuple[Evidence, ...]

    def sentence(self) -> str:
        """What is needed against what is allowed, and by how much it is too much."""
        head = f"{self.subject} {self.span(self.need.low, self.need.high)}"
        allowed = f"{self.amount(self.most)} {self.whose}"
        if self.need.low > self.most:
            return f"{head}: at least {self.amount(self.need.low - self.most)} over the {allowed}"
        return f"{head}, and up to {self.amount(self.need.high - self.most)} over the {allowed}"


def _machine_limits(profile: HardwareProfile, needs: _Needs) -> Iterator[_Limit]:
    if profile.usable_memory_bytes is not None:
        yield _bytes(
            "memory",
            "memory peaks at",
            needs.peak_memory_bytes,
            profile.usable_memory_bytes,
            "that a proof can use",
            profile.records.get("memory", ()),
        )
    if profile.free_disk_bytes is not None:
        yield _bytes(
            "disk",
            "keys, SRS and circuit take",
            needs.disk_bytes,
            profile.free_disk_bytes,
            "of free disk",
            profile.records.get("disk", ()),
        )


def _policy_limits(profile: HardwareProfile, policy: Policy | None, needs: _Needs) -> Iterator[_Limit]:
    if policy is None:
        return
    whose = f"that policy {policy.id} allows"
    if policy.download_bytes is not None:
        yield _bytes(
            "download",
            "keys, SRS and circuit to fetch are",
            needs.download_bytes,
            policy.download_bytes,
            whose,
            policy.behind("download_bytes"),
        )
    yield from _proving_time(profile, policy, needs.prove_seconds)
    times = [("verifying takes", needs.verify_seconds, policy.verify_seconds, "verify_seconds")]
    if policy.setup_here:
        times.append(("setup takes", needs.setup_seconds, policy.setup_seconds, "setup_seconds"))
    for subject, need, most, field in times:
        if most is not None:
            yield _seconds(subject, need, most, whose, policy.behind(field))
    if policy.usd_per_proof is not None and needs.usd_per_proof is not None:
        yield _Limit(
            binding="money",
            subject="a proof costs",
            need=needs.usd_per_proof,
            most=policy.usd_per_proof,
            whose=whose,
            amount=usd_text,
            span=_usd_span,
            evidence=policy.behind("usd_per_proof"),
        )


def _proving_time(profile: HardwareProfile, policy: Policy, need: Range) -> Iterator[_Limit]:
    """The shorter of what the policy allows and the patience there is on the machine."""
    patience = profile.patience_seconds.get(policy.patience or "")
    if policy.prove_seconds is not None and (patience is None or policy.prove_seconds <= patience):
        whose, evidence = f"that policy {policy.id} allows", policy.behind("prove_seconds")
        yield _seconds("proving takes", need, policy.prove_seconds, whose, evidence)
    elif patience is not None:
        whose, evidence = f"of patience on {profile.id}", profile.records.get("patience", ())
        yield _seconds("proving takes", need, patience, whose, evidence)


def _bytes(
    binding: Binding, subject: str, need: Range, most: float, whose: str, evidence: tuple[Evidence, ...]
) -> _Limit:
    return _Limit(
        binding=binding,
        subject=subject,
        need=need,
        most=most,
        whose=whose,
        amount=bytes_text,
        span=bytes_range_text,
        evidence=evidence,
    )


def _seconds(subject: str, need: Range, most: float, whose: str, evidence: tuple[Evidence, ...]) -> _Limit:
    return _Limit(
        binding="time",
        subject=subject,
        need=need,
        most=most,
        whose=whose,
        amount=seconds_text,
        span=seconds_range_text,
        evidence=evidence,
    )


def _usd_span(low: float, high: float) -> str:
    least, most = usd_text(low), usd_text(high)
    return least if least == most else f"{least} to {most}"


# --- what follows --------------------------------------------------------------------------


def _unknown(
    profile: HardwareProfile, policy: Policy | None, rent: Rent | None
) -> Iterator[tuple[Binding, str]]:
    if profile.prover.availability not in AVAILABLE:
        yield (
            "availability",
            f"nobody has seen EZKL {EZKL_VERSION} run on {profile.id}: {profile.prover.note}",
        )
    if profile.usable_memory_bytes is None:
        yield "memory", f"the memory of {profile.id} is not known"
    if policy is not None and policy.usd_per_proof is not None and rent is None:
        yield "money", f"price unknown: nobody knows what {profile.id} costs"


def _decide(
    broken: Sequence[_Limit], doubtful: Sequence[_Limit], unknown: Sequence[tuple[Binding, str]]
) -> tuple[Status, Binding | None, tuple[str, ...]]:
    """What is certainly exceeded decides; what is not known after that leaves the answer open."""
    open_ = [*unknown, *((limit.binding, limit.sentence()) for limit in doubtful)]
    if broken:
        sentences = [*(limit.sentence() for limit in broken), *(sentence for _, sentence in open_)]
        return "infeasible", broken[0].binding, tuple(sentences)
    if open_:
        return "undetermined", open_[0][0], tuple(sentence for _, sentence in open_)
    return "feasible", None, ()


def _used(profile: HardwareProfile, limits: Sequence[_Limit], rent: Rent | None) -> Iterator[Evidence]:
    for concern in ("cost", "cores", "prover"):
        yield from profile.records.get(concern, ())
    for limit in limits:
        yield from limit.evidence
    if rent is not None:
        yield from rent.evidence


def _evidence(profile: HardwareProfile, used: Iterable[Evidence], today: date) -> tuple[str, tuple[str, ...]]:
    """The weakest of what was used, and what to know of that."""
    kind, warnings = weakest(used, today)
    kind = weaker(kind, profile.evidence)
    cores, measured = profile.usable_threads, profile.measured.cores
    if cores > measured and kind != "assumed":
        return "assumed", (*warnings, _MORE_CORES.format(cores=cores, measured=measured))
    return kind, warnings


def _not_judged(profile: HardwareProfile) -> Iterator[str]:
    if profile.free_disk_bytes is None:
        yield f"the free disk of {profile.id} is not known, and was not judged"
    if profile.kind == "gpu":
        yield f"the GPU of {profile.id} counts for nothing: {profile.prover.note}"
