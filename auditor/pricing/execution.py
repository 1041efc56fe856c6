"""What it takes to run the model instead of proving it, and how many who do so cost as much as one proof."""

from __future__ import annotations

from auditor import rules
from auditor.pricing.ranges import Range


def inference_seconds(macs: int) -> Range:
    """One inference of so many multiply-accumulates on one core of any machine: a wide assumption.

    The numbers, with where they come from, are in ``rules/methods/re_execution.toml``.
    """
    facts = rules.load("methods", "re_execution").fields["inference"]
    start, rate = facts["start_seconds"], facts["macs_per_second"]
    return Range(
        low=start["low"] + macs / rate["high"],
        mid=start["mid"] + macs / rate["mid"],
        high=start["high"] + macs / rate["low"],
    )


def replicas(prove_seconds: Range, inference: Range) -> Range:
    """How many inferences take as long as one proof on the same machine.

    With fewer machines than that it is cheaper to run the model on all of them than to prove it once; rent
    is the same for both and drops out, and verifying costs next to nothing beside either.
    """
    return Range(
        low=prove_seconds.low / inference.high,
        mid=prove_seconds.mid / inference.mid,
        high=prove_seconds.high / inference.low,
    )
