"""A profile of a machine from a few tiny proofs made on it: the reference, its times scaled step by step.

What a proof consists of is known from the reference machine; how fast another machine does it shows in any
proof. So each step has one factor, measured over predicted, and how far the tiny proofs scatter about it says
how well it is known. Memory depends on the machine hardly at all, and is only checked.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from msgspec import Struct

from auditor.pricing.profile import Factors, HardwareProfile, Speed
from auditor.pricing.prover import StepPrediction
from auditor.pricing.terms import Step

TIMED_STEPS: tuple[Step, ...] = ("srs", "keys", "proof")
"""Steps that take long enough in a tiny proof to tell anything."""

BRIEF_STEPS: tuple[Step, ...] = ("settings", "compile", "witness")
"""In a tiny proof these are little but the worker that they run in."""

_WEIGHED_STEPS: tuple[Step, ...] = ("keys", "proof")
"""Steps whose memory is much more than that of a worker."""

_STUDENT_90 = {1: 6.31, 2: 2.92, 3: 2.35, 4: 2.13, 5: 2.02, 6: 1.94, 7: 1.89, 8: 1.86, 9: 1.83, 10: 1.81}
"""Two-sided quantiles of Student's distribution at 90 %, by degrees of freedom."""

_LEAST_RUNS = 3


class TinyRun(Struct, frozen=True, kw_only=True):
    """A proof that was made on a machine: what each step took in a guarded worker, and what was predicted
    for the reference machine. A step that is missing was not measured with this one."""

    name: str
    predicted: Mapping[Step, StepPrediction]
    cpu_seconds: Mapping[Step, float]
    peak_memory_bytes: Mapping[Step, float]


class Calibration(Struct, frozen=True, kw_only=True):
    """What tiny proofs say of a machine, as multiples of the reference machine's.

    ``usual`` is the speed of what is too brief to be timed; ``memory`` how far the peaks are beyond what
    they may be on any machine.
    """

    usual: Speed
    steps: Mapping[Step, Speed]
    memory: Factors
    proofs: int


def calibration(reference: HardwareProfile, runs: Sequence[TinyRun]) -> Calibration:
    """The speed of a machine, from tiny proofs made on it.

    Raises :class:`ValueError` when a step was measured in fewer than three of them, or took no time.
    """
    usual = _worker_speed(runs)
    worker = reference.worker_cpu_seconds
    steps = {step: _speed(runs, step, worker, usual.factor) for step in TIMED_STEPS}
    return Calibration(
        usual=usual,
        # A verification is too brief to be timed, and of the same kind of work as a proof.
        steps={**steps, "verification": steps["proof"]},
        memory=_memory_error(runs),
        proofs=len(runs),
    )


def _worker_speed(runs: Sequence[TinyRun]) -> Speed:
    measured = [run.cpu_seconds[step] for run in runs for step in BRIEF_STEPS]
    expected = [run.predicted[step].cpu_seconds.mid for run in runs for step in BRIEF_STEPS]
    if not measured or min(measured) <= 0:
        raise ValueError("no worker takes no time")
    ratios = [one / other for one, other in zip(measured, expected, strict=True)]
    return Speed(factor=sum(measured) / sum(expected), error=_error(ratios))


def _speed(runs: Sequence[TinyRun], step: Step, worker: float, worker_factor: float) -> Speed:
    """That of a step's own work, without the ``worker`` seconds of the reference."""
    having = [run for run in runs if step in run.cpu_seconds]
    if len(having) < _LEAST_RUNS:
        raise ValueError(f"{step} was measured {len(having)} times, and {_LEAST_RUNS} are needed")
    own = [run.cpu_seconds[step] - worker * worker_factor for run in having]
    expected = [run.predicted[step].cpu_seconds.mid - worker for run in having]
    if min(own) <= 0:
        raise ValueError(f"{step} took less than a worker takes to start")
    # Of the sums: the longer a run, the less anything else on the machine counts.
    factor = sum(own) / sum(expected)
    return Speed(factor=factor, error=_error([one / other for one, other in zip(own, expected, strict=True)]))


def _memory_error(runs: Sequence[TinyRun]) -> Factors:
    """How far beyond what is expected on any machine the peaks of keys and proofs lie."""
    peaks = [(run.peak_memory_bytes[step], run.predicted[step]) for run in runs for step in _WEIGHED_STEPS]
    return Factors(
        low=min(1.0, *(peak / expected.peak_memory_bytes.low for peak, expected in peaks)),
        high=max(1.0, *(peak / expected.peak_memory_bytes.high for peak, expected in peaks)),
    )


def _error(ratios: Sequence[float]) -> Factors:
    """Where their mean is, nine in ten, as a part of it; they scatter by factors."""
    logs = [math.log(ratio) for ratio in ratios]
    mean, freedom = sum(logs) / len(logs), len(logs) - 1
    deviation = math.sqrt(sum((value - mean) ** 2 for value in logs) / freedom)
    reach = _STUDENT_90.get(freedom, 1.8) * deviation / math.sqrt(len(logs))
    return Factors(low=math.exp(-reach), high=math.exp(reach))
