"""The part of an audit about money and time: a table of machines, and one of chains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.report import ChainFacts, HardwareFacts, ModelAudit, Span, Status
from auditor.units import bytes_range_text, seconds_range_text
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


def _why(item: HardwareFacts | ChainFacts) -> str:
    return f"{item.profile}: {item.reasons[0] if item.reasons else item.binding}"
