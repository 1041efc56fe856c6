"""What a verifier needs on a chain against what the chain allows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from auditor.pricing.chain import gas as formulas
from auditor.pricing.chain.gas import Calldata
from auditor.pricing.chain.profile import ChainProfile, GasRules
from auditor.pricing.policy import Policy
from auditor.pricing.ranges import Range
from auditor.units import usd_text

Status = Literal["feasible", "infeasible", "undetermined"]
Binding = Literal[
    "contract size", "initcode size", "calldata", "transaction gas", "block gas", "virtual machine", "money"
]


class Limit(Struct, frozen=True, kw_only=True):
    """``need`` of ``unit`` against ``most``, which the field ``path`` of the profile allows.

    Unless it is ``certain``, the limit may be another one by then, and nothing fails for it alone.
    """

    binding: Binding
    subject: str
    need: Range
    most: int
    unit: str
    path: str
    certain: bool = True

    def sentence(self, chain: str) -> str:
        """What is needed and allowed, and by how much it is too much."""
        low, high = round(self.need.low), round(self.need.high)
        span = f"{low:,}" if low == high else f"{low:,} to {high:,}"
        head = f"{self.subject} {span} {self.unit}"
        allowed = f"{self.most:,} that {chain} allows{'' if self.certain else ' now'}"
        if low > self.most:
            return f"{head}: at least {low - self.most:,} over the {allowed}"
        return f"{head}, and up to {high - self.most:,} over the {allowed}"


class Decision(Struct, frozen=True, kw_only=True):
    """``binding`` is the first limit that decides, None when all are kept; ``reasons`` say what is over."""

    status: Status
    binding: Binding | None
    reasons: tuple[str, ...]


def decide(limits: Sequence[Limit], chain: str) -> Decision:
    """A limit is exceeded when even the low end is above it, and kept when even the high end is within."""
    over = [limit for limit in limits if limit.need.high > limit.most]
    broken = [limit for limit in over if limit.certain and limit.need.low > limit.most]
    doubtful = [limit for limit in over if limit not in broken]
    if not over:
        return Decision(status="feasible", binding=None, reasons=())
    return Decision(
        status="infeasible" if broken else "undetermined",
        binding=(broken or doubtful)[0].binding,
        reasons=tuple(limit.sentence(chain) for limit in (*broken, *doubtful)),
    )


def within_budget(decision: Decision, usd: Range | None, policy: Policy | None) -> Decision:
    """The decision when a policy has a say in what a verification may cost."""
    if policy is None or policy.usd_per_verification is None:
        return decision
    most, whose = policy.usd_per_verification, f"that policy {policy.id} allows"
    if usd is None:
        sentence = f"a verification may cost {usd_text(most)} {whose}, and its price is not known"
        status: Status = "undetermined"
    elif usd.high <= most:
        return decision
    else:
        span = f"a verification costs {usd_text(usd.low)} to {usd_text(usd.high)}"
        over = usd.low - most if usd.low > most else usd.high - most
        how = "at least" if usd.low > most else "up to"
        sentence = f"{span}: {how} {usd_text(over)} over the {usd_text(most)} {whose}"
        status = "infeasible" if usd.low > most else "undetermined"
    if decision.status == "infeasible" or (decision.status == status == "undetermined"):
        return replace(decision, reasons=(*decision.reasons, sentence))
    if status == "infeasible" or decision.status == "feasible":
        return Decision(status=status, binding="money", reasons=(sentence, *decision.reasons))
    return replace(decision, reasons=(*decision.reasons, sentence))


def limits_of(
    profile: ChainProfile,
    rules: GasRules,
    *,
    contract: Range,
    deploy: Range,
    verify: Range,
    calldata: Calldata,
) -> list[Limit]:
    """Every limit of the chain on deploying this contract and calling it with this data."""
    limits = [
        *_sizes(profile, contract),
        *_gas(rules, "verifying takes", verify, calldata),
        *_deployment(rules, contract, deploy),
    ]
    # Validators vote on the gas of a block: that of a fork to come is not the one in force.
    voted = () if profile.fork_status is None else ("gas.block_limit",)
    return [
        replace(limit, certain=False) if limit.path in voted and limit.path not in profile.changed else limit
        for limit in limits
    ]


def _sizes(profile: ChainProfile, contract: Range) -> Iterator[Limit]:
    if profile.contract_limit_bytes is not None:
        yield Limit(
            binding="contract size",
            subject="the contract has",
            need=contract,
            most=profile.contract_limit_bytes,
            unit="bytes",
            path="limits.contract_bytes",
        )
    if profile.initcode_limit_bytes is not None:
        extra = formulas.INITCODE_EXTRA_BYTES
        yield Limit(
            binding="initcode size",
            subject="deploying it takes initcode of",
            need=contract + Range(low=extra, mid=extra, high=extra),
            most=profile.initcode_limit_bytes,
            unit="bytes",
            path="limits.initcode_bytes",
        )


def _gas(rules: GasRules, subject: str, need: Range, calldata: Calldata) -> Iterator[Limit]:
    floor = calldata.gas(lambda zeros, others: rules.transaction + rules.floor(zeros, others))
    caps: tuple[tuple[Binding, int | None, str], ...] = (
        ("transaction gas", rules.transaction_cap, "gas.transaction_cap"),
        ("block gas", rules.block_limit, "gas.block_limit"),
    )
    for binding, most, path in caps:
        if most is None:
            continue
        if floor.low > most:
            yield Limit(
                binding="calldata",
                subject="the data of the call alone costs",
                need=floor,
                most=most,
                unit="gas",
                path=path,
            )
        yield Limit(binding=binding, subject=subject, need=need, most=most, unit="gas", path=path)


def _deployment(rules: GasRules, contract: Range, deploy: Range) -> Iterator[Limit]:
    """With gas for state in a dimension of its own, a block holds so much of each, a transaction of one."""
    state = formulas.state_gas(contract, rules)
    execution = Range(low=deploy.low - state.low, mid=deploy.mid - state.mid, high=deploy.high - state.high)
    capped = deploy if rules.state_gas_is_capped else execution
    largest = deploy if rules.state_gas_is_capped else max(state, execution, key=lambda need: need.high)
    if rules.transaction_cap is not None:
        yield Limit(
            binding="transaction gas",
            subject="deploying takes",
            need=capped,
            most=rules.transaction_cap,
            unit="gas",
            path="gas.transaction_cap",
        )
    if rules.block_limit is not None:
        yield Limit(
            binding="block gas",
            subject="deploying takes",
            need=largest,
            most=rules.block_limit,
            unit="gas",
            path="gas.block_limit",
        )
