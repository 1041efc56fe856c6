"""Who can take part: which machines verify, re-execute and prove one model within patience and memory.

A limit is certainly exceeded when the low end of a range is above it, and certainly kept when the high end is
within it. Everything between is undetermined, and so is a machine on which nobody has seen EZKL run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from msgspec import Struct

from auditor.comparing.costs import EXACT, Made, amount_on, patience_seconds, steps_on
from auditor.comparing.report import ROLES, Part, Participant, Role
from auditor.pricing.bill import HardwareBill, Status, bill_hardware
from auditor.pricing.execution import inference_seconds
from auditor.pricing.policy import Policy
from auditor.pricing.profile import AVAILABLE, HardwareProfile
from auditor.pricing.prover import StepPrediction
from auditor.pricing.ranges import Range
from auditor.units import bytes_range_text, bytes_text, seconds_range_text, seconds_text

WEIGHT_BYTES = 4
"""Of a parameter as ONNX Runtime holds it, in float32."""

RUNTIME_BYTES = Range(low=0, mid=1e8, high=5e8)
"""Assumed: what the runtime and the activations take beside the weights."""

MOST_COPIES = 2
"""Assumed: a runtime holds its weights once or, packed for its kernels, twice."""

_ASSUMED = "4 bytes a parameter, once or twice, and up to 500 MB of runtime and activations"


class Limit(Struct, frozen=True, kw_only=True):
    """``need`` of something of which a machine or its owner allows ``most``; None is not known."""

    binding: str
    need: Range
    most: float | None
    text: str


def participants(
    made: Made,
    parameters: int,
    macs: int | None,
    machines: Sequence[HardwareProfile],
    policy: Policy,
    today: date,
) -> tuple[Participant, ...]:
    """What each machine can do with a circuit and its model; ``policy`` limits verifying and proving."""
    return tuple(_participant(made, parameters, macs, machine, policy, today) for machine in machines)


def counts(found: Sequence[Participant], status: Status) -> Mapping[Role, int]:
    """How many machines have this status in each role."""
    return {role: sum(item.roles[role].status == status for item in found) for role in ROLES}


def _participant(
    made: Made,
    parameters: int,
    macs: int | None,
    machine: HardwareProfile,
    policy: Policy,
    today: date,
) -> Participant:
    roles: dict[Role, Part] = {"re_execute": _re_execute(parameters, macs, machine, policy)}
    evidence = "assumed"
    steps, files = steps_on(machine, made.sized), made.sized.artifacts
    if not steps or files is None:
        nothing = Part(status=made.status, binding="circuit", reason=made.reason)
        roles |= {"verify": nothing, "prove": nothing}
    else:
        bill = bill_hardware(steps, machine, files, parameters=parameters, today=today, policy=policy)
        evidence = bill.evidence
        roles |= {"verify": _verify(steps, machine, policy, evidence), "prove": _prove(bill, machine)}
    return Participant(
        profile=machine.id,
        name=machine.name,
        kind=machine.kind,
        usable_memory_bytes=machine.usable_memory_bytes,
        roles={role: roles[role] for role in ROLES},
        evidence=evidence,
    )


def _prove(bill: HardwareBill, machine: HardwareProfile) -> Part:
    return Part(
        status=bill.status,
        binding=bill.binding or "",
        reason=bill.reasons[0] if bill.reasons else "",
        seconds=amount_on(machine, bill.prove_seconds, bill.evidence, EXACT),
        memory_bytes=amount_on(machine, bill.peak_memory_bytes, bill.evidence, EXACT),
    )


def _verify(steps: Sequence[StepPrediction], machine: HardwareProfile, policy: Policy, evidence: str) -> Part:
    step = next(step for step in steps if step.step == "verification")
    limits = [
        _memory(step.peak_memory_bytes, machine),
        _time(step.wall_seconds, patience_seconds(machine, policy, policy.verify_seconds), "verifying"),
    ]
    unseen = machine.prover.availability not in AVAILABLE
    status, binding, reason = judge(limits)
    if unseen and status == "feasible":
        status, binding = "undetermined", "availability"
        reason = f"nobody has seen EZKL run there: {machine.prover.note}"
    return Part(
        status=status,
        binding=binding,
        reason=reason,
        seconds=amount_on(machine, step.wall_seconds, evidence, EXACT),
        memory_bytes=amount_on(machine, step.peak_memory_bytes, evidence, EXACT),
    )


def _re_execute(parameters: int, macs: int | None, machine: HardwareProfile, policy: Policy) -> Part:
    weights = WEIGHT_BYTES * parameters
    memory = Range(
        low=weights + RUNTIME_BYTES.low,
        mid=weights + RUNTIME_BYTES.mid,
        high=MOST_COPIES * weights + RUNTIME_BYTES.high,
    )
    limits = [_memory(memory, machine)]
    seconds = None
    if macs is not None:
        wall = inference_seconds(macs)
        seconds = amount_on(machine, wall, "assumed", "one inference on one core")
        limits.append(_time(wall, patience_seconds(machine, policy, policy.prove_seconds), "computing"))
    status, binding, reason = judge(limits)
    if macs is None and status == "feasible":
        status, binding, reason = "undetermined", "time", "the multiply-accumulates are not known"
    return Part(
        status=status,
        binding=binding,
        reason=reason,
        seconds=seconds,
        memory_bytes=amount_on(machine, memory, "assumed", _ASSUMED),
    )


def judge(limits: Sequence[Limit]) -> tuple[Status, str, str]:
    """What is certainly exceeded decides, and what may be leaves it open: status, binding and the words."""
    broken = next(filter(_broken, limits), None)
    if broken is not None:
        return "infeasible", broken.binding, broken.text
    doubtful = next(filter(_doubtful, limits), None)
    if doubtful is not None:
        return "undetermined", doubtful.binding, doubtful.text
    return "feasible", "", ""


def _broken(limit: Limit) -> bool:
    return limit.most is not None and limit.need.low > limit.most


def _doubtful(limit: Limit) -> bool:
    return limit.most is None or limit.need.high > limit.most


def _memory(need: Range, machine: HardwareProfile) -> Limit:
    have = machine.usable_memory_bytes
    allowed = "nobody knows how much there is" if have is None else f"{bytes_text(have)} can be used"
    text = f"memory {bytes_range_text(need.low, need.high)}, and {allowed}"
    return Limit(binding="memory", need=need, most=have, text=text)


def _time(need: Range, most: float | None, what: str) -> Limit:
    allowed = "" if most is None else f", and patience ends after {seconds_text(most)}"
    text = f"{what} takes {seconds_range_text(need.low, need.high)}{allowed}"
    return Limit(binding="time", need=need, most=float("inf") if most is None else most, text=text)
