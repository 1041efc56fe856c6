"""What proving a model takes on a machine today, the limits it has to meet, and when it meets them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date

from msgspec import Struct

from auditor.comparing.costs import (
    exact_amount,
    patience_seconds,
    proving_bytes,
    proving_seconds,
    steps_on,
)
from auditor.comparing.grounds import Grounds
from auditor.forecasting.report import Outlook
from auditor.pricing.money import usd_of_proofs
from auditor.pricing.policy import Policy
from auditor.pricing.price_sheet import rent_of
from auditor.pricing.profile import AVAILABLE, HardwareProfile
from auditor.pricing.ranges import Range
from auditor.size_up import Sized
from auditor.trends.forecast import Crossing, Kind, Need, forecast
from auditor.trends.scenario_file import Scenario

_PROOFS = 1000
"""A machine is kept busy: the least time it is rented for is charged once for so many proofs."""


class Judge(Struct, frozen=True, kw_only=True):
    """One circuit, the machines that might prove it, and what their owners allow."""

    sized: Sized
    machines: tuple[HardwareProfile, ...]
    policy: Policy
    budget_usd: float | None
    today: date

    @classmethod
    def of(cls, ground: Grounds, budget_usd: float | None) -> Judge:
        return cls(
            sized=ground.studied.sized,
            machines=ground.others,
            policy=ground.policy,
            budget_usd=budget_usd,
            today=ground.today,
        )

    def costs(self, machine: HardwareProfile) -> tuple[Mapping[Kind, Range], Mapping[Kind, str]]:
        """What one proof takes on a machine, by kind, and why a kind is missing."""
        steps = steps_on(machine, self.sized)
        wall = proving_seconds(steps)
        found: dict[Kind, Range] = {"seconds": wall, "bytes": proving_bytes(steps)}
        rent = rent_of(machine.price_ref) if machine.price_ref else None
        if rent is None:
            return found, {"usd": f"nobody published what {machine.id} costs"}
        thousand = usd_of_proofs(wall, rent, proofs=_PROOFS)
        each = Range(low=thousand.low / _PROOFS, mid=thousand.mid / _PROOFS, high=thousand.high / _PROOFS)
        return {**found, "usd": each}, {}

    def limits(self, machine: HardwareProfile) -> Mapping[Kind, float]:
        """What the owner and the policy allow, where anything is limited."""
        found: dict[Kind, float] = {}
        patience = patience_seconds(machine, self.policy, self.policy.prove_seconds)
        if patience is not None:
            found["seconds"] = patience
        if machine.usable_memory_bytes:
            found["bytes"] = float(machine.usable_memory_bytes)
        budget = self.budget_usd if self.budget_usd is not None else self.policy.usd_per_proof
        if budget is not None:
            found["usd"] = budget
        return found

    def needs(self, machine: HardwareProfile, exponents: Mapping[str, float]) -> Mapping[Kind, Need]:
        """Each cost that is known, with the limit that it has to meet."""
        costs, _ = self.costs(machine)
        return {
            kind: Need(kind=kind, now=costs[kind], limit=limit, exponent=exponents[kind])
            for kind, limit in self.limits(machine).items()
            if kind in costs
        }


def outlook(
    judge: Judge,
    machine: HardwareProfile,
    scenario: Scenario,
    exponents: Mapping[str, float],
    *,
    seed: int,
    draws: int,
) -> Outlook:
    """When each limit of a machine is met in a scenario."""
    costs, unknown = judge.costs(machine)
    limits = judge.limits(machine)
    crossings = forecast(judge.needs(machine, exponents).values(), scenario, seed=seed, draws=draws)
    return Outlook(
        profile=machine.id,
        name=machine.name,
        now={kind: exact_amount(span, machine) for kind, span in costs.items()},
        limits=limits,
        crossings=crossings,
        last=_last(crossings),
        unknown={kind: why for kind, why in unknown.items() if kind in limits},
        runs=machine.prover.availability in AVAILABLE,
    )


def _last(crossings: tuple[Crossing, ...]) -> Kind | None:
    """The limit that is met last, as expected; None where all are met today.

    Of those that are not met within the horizon it is the one that fewer worlds meet.
    """
    late = [item for item in crossings if item.mid is None or item.mid > 0]
    if not late:
        return None
    return max(late, key=lambda item: (math.inf if item.mid is None else item.mid, item.share_never)).kind
