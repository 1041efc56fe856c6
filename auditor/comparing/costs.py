"""What proving a circuit takes on a machine, as the tables and forecasts of this command need it."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from auditor.front_end import Lowered
from auditor.landscape.nouns import Amount
from auditor.pricing.bill import PROVING, largest, predict_on
from auditor.pricing.profile import HardwareProfile
from auditor.pricing.prover import StepPrediction
from auditor.pricing.ranges import Range, total
from auditor.report import Status
from auditor.safe import safe
from auditor.size_up import Sized


def steps_on(machine: HardwareProfile, sized: Sized) -> tuple[StepPrediction, ...]:
    """The steps of a proof on all threads of a machine; none where there is no circuit."""
    if sized.system is None or sized.artifacts is None or sized.size is None or sized.run_args is None:
        return ()
    return predict_on(machine, sized.system, sized.artifacts, sized.size, sized.run_args)


def proving_seconds(steps: Sequence[StepPrediction]) -> Range:
    """From the input to the proof, once the keys are made."""
    return total([step.wall_seconds for step in steps if step.step in PROVING])


def proving_bytes(steps: Sequence[StepPrediction]) -> Range:
    """Memory at its peak while proving."""
    return largest([step.peak_memory_bytes for step in steps if step.step in PROVING])


class Made(Struct, frozen=True, kw_only=True):
    """A circuit's sizes, or why it has none: ``infeasible`` where EZKL certainly cannot build it."""

    sized: Sized
    status: Status
    reason: str

    @classmethod
    def of(cls, lowered: Lowered, sized: Sized) -> Made:
        if sized.system is not None:
            return cls(sized=sized, status="feasible", reason="")
        refused = (*(item.reason for item in lowered.unsupported), *(item.reason for item in sized.broken))
        open_ = (*(item.reason for item in lowered.unknown), "it could not be laid out")
        status: Status = "infeasible" if refused and not lowered.unknown else "undetermined"
        return cls(sized=sized, status=status, reason=safe((*refused, *open_)[0], limit=400))


def exact_amount(span: Range, machine: HardwareProfile) -> Amount:
    """What the exact circuit takes on a machine."""
    return Amount(
        low=span.low,
        mid=span.mid,
        high=span.high,
        evidence=machine.evidence,
        how="exact circuit",
        source="layout of EZKL; rules/hardware",
        on=machine.id,
    )
