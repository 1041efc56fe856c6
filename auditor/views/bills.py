"""The part of an audit about money and time: a table of machines, and one of chains."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from auditor.report import ChainFacts, HardwareFacts, ModelAudit, Span, Status
from auditor.units import bytes_range_text, seconds_range_text, usd_range_text, usd_text
from auditor.views.page import Bar, Bullets, Column, Part, Ranges, Scale, Table, Tone, Words

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
        table = Table("To prove", _MACHINES, tuple(_machine(item) for item in audited.hardware))
        yield Ranges(table, tuple(_machine_scales(audited.hardware)))
    if audited.chains:
        table = Table("To verify on chain", _CHAINS, tuple(_chain(item) for item in audited.chains))
        yield Ranges(table, tuple(_chain_scales(audited.chains)))
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


def _machine_scales(items: Sequence[HardwareFacts]) -> Iterator[Scale]:
    """What each machine takes: time, memory, and money where prices are known."""
    yield Scale(
        "Time for one proof",
        "seconds",
        tuple(_bar(item, item.prove_seconds, seconds_range_text) for item in items),
    )
    yield Scale(
        "Time to make the keys, once",
        "seconds",
        tuple(_bar(item, item.setup_seconds, seconds_range_text) for item in items),
    )
    yield Scale(
        "Memory at its peak",
        "bytes",
        tuple(_bar(item, item.peak_memory_bytes, bytes_range_text) for item in items),
    )
    money = [(item, item.usd_per_thousand_proofs) for item in items]
    priced = tuple(_bar(item, usd, usd_range_text) for item, usd in money if usd is not None and usd.low > 0)
    if priced:
        yield Scale("Money for 1,000 proofs", "usd", priced)


def _chain_scales(items: Sequence[ChainFacts]) -> Iterator[Scale]:
    gas = [(item, item.verify_gas) for item in items]
    counted = tuple(_bar(item, span, _gas_range_text) for item, span in gas if span is not None)
    if counted:
        yield Scale("Gas for one verification", "gas", counted)
    money = [(item, item.usd_per_verification) for item in items]
    priced = tuple(_bar(item, usd, usd_range_text) for item, usd in money if usd is not None and usd.low > 0)
    if priced:
        yield Scale("Money for one verification", "usd", priced)


def _bar(item: HardwareFacts | ChainFacts, span: Span, text: Callable[[float, float], str]) -> Bar:
    return Bar(item.profile, span.low, span.mid, span.high, text(span.low, span.high), TONES[item.status])


def _gas_range_text(low: float, high: float) -> str:
    first, last = f"{low:,.0f}", f"{high:,.0f}"
    return f"{first} gas" if first == last else f"{first}-{last} gas"


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
