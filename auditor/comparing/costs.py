"""What proving a circuit takes on a machine, as the tables and forecasts of this command need it."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from auditor.front_end import Lowered
from auditor.landscape.nouns import Amount
from auditor.pricing.bill import PROVING, largest, predict_on
from auditor.pricing.policy import Policy
from auditor.pricing.profile import HardwareProfile
from auditor.pricing.prover import StepPrediction
from auditor.pricing.ranges import Range, total
from auditor.report import Status
from auditor.safe import safe
from auditor.size_up import Sized

EXACT = "exact circuit"
"""How amounts are known that the layout and a profile give."""


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


def patience_seconds(machine: HardwareProfile, policy: Policy, most: float | None) -> float | None:
    """The shorter of ``most``, which the policy allows, and what the machine's owner waits for; None is no
    limit."""
    own = machine.patience_seconds.get(policy.patience) if policy.patience is not None else None
    return min((limit for limit in (most, own) if limit is not None), default=None)


def exact_amount(span: Range, machine: HardwareProfile) -> Amount:
    """What the exact circuit takes on a machine."""
    return amount_on(machine, span, machine.evidence, EXACT)


def amount_on(machine: HardwareProfile, span: Range, evidence: str, how: str) -> Amount:
    """A range of something on a machine, and how it is known."""
    source = "layout of EZKL; rules/hardware" if how == EXACT else "rules/hardware"
    return Amount(
        low=span.low, mid=span.mid, high=span.high, evidence=evidence, how=how, source=source, on=machine.id
    )  # fmt: skip
