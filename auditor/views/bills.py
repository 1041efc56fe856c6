"""The part of an audit about money and time: a table of machines, and one of chains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.report import ChainFacts, HardwareFacts, ModelAudit, Span, Status
from auditor.units import bytes_range_text, seconds_range_text, usd_text
from auditor.views.page import Bullets, Column, Part, Table, Tone, Words

TONES: Mapping[Status, Tone] = {"feasible": "good", "infeasible": "bad", "undetermined": "warning"}

_MACHINES = (
    Column("Machine"), Column(""), Column("Setup", "number"), Column("Proof", "number"),
    Column("Memory", "number"), Column("Evidence"),
)  # fmt: skip

_CHAINS = (
    Column("Chain"), Column(""), Column("Gas", "number"), Column("Contract", "number"),
    Column("USD", "number"), Column("Evidence"),
)  # fmt: skip


def bill_tables(audited: ModelAudit) -> Iterator[Part]:
    """Nothing for a model that was not priced."""
    if audited.hardware:
        yield Table("To prove", _MACHINES, tuple(_machine(item) for item in audited.hardware))
    if audited.chains:
        yield Table("To verify on chain", _CHAINS, tuple(_chain(item) for item in audited.chains))
    priced = [item for item in audited.hardware if item.usd_per_thousand_proofs is not None]
    money = [_money(item) for item in priced] + [_replicas(audited.hardware[0])] if audited.hardware else []
    if any(money):
        yield Bullets(tuple(filter(None, money)))
    items: list[HardwareFacts | ChainFacts] = [*audited.hardware, *audited.chains]
    whys = [_why(item) for item in items if item.status != "feasible"]
    if any(item.profile == "this-machine" and item.evidence == "assumed" for item in audited.hardware):
        whys.append("this-machine: its times are assumed; `auditor calibrate` measures them")
    if whys:
        yield Bullets(tuple(whys))


def _machine(item: HardwareFacts) -> tuple[str | Words, ...]:
    return (
        item.profile,
        Words(item.status, TONES[item.status]),
        seconds_range_text(item.setup_seconds.low, item.setup_seconds.high),
        seconds_range_text(item.prove_seconds.low, item.prove_seconds.high),
        bytes_range_text(item.peak_memory_bytes.low, item.peak_memory_bytes.high),
        item.evidence,
    )


def _chain(item: ChainFacts) -> tuple[str | Words, ...]:
    return (
        item.profile,
        Words(item.status, TONES[item.status]),
        _number(item.verify_gas, "{:,.0f}"),
        bytes_range_text(item.contract_bytes.low, item.contract_bytes.high),
        _number(item.usd_per_verification, "{:.2g}"),
        item.evidence,
    )


def _number(amount: Span | None, form: str) -> str:
    if amount is None:
        return "unknown"
    low, high = form.format(amount.low), form.format(amount.high)
    return low if low == high else f"{low}-{high}"


def _money(item: HardwareFacts) -> str:
    usd = item.usd_per_thousand_proofs
    return f"{item.profile}: {usd_text(usd.low)} to {usd_text(usd.high)} for 1,000 proofs" if usd else ""


def _replicas(item: HardwareFacts) -> str:
    count = item.replicas
    if count is None:
        return ""
    span = f"{_count(count.low)} to {_count(count.high)}"
    return f"{item.profile}: a proof takes as long as {span} inferences: fewer replicas are cheaper (assumed)"


def _count(number: float) -> str:
    """A large number in two figures.

    >>> _count(48_213), _count(1_234_567)
    ('48,000', '1.2 million')
    """
    if number >= 1e6:
        return f"{float(f'{number / 1e6:.2g}'):,g} million"
    return f"{float(f'{number:.2g}'):,g}"


def _why(item: HardwareFacts | ChainFacts) -> str:
    return f"{item.profile}: {item.reasons[0] if item.reasons else item.binding}"
