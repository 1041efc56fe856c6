"""The part of a comparison about ways to trust an output: one table, what chains take, and what falls out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from auditor.landscape.nouns import Amount, OnChain, Way
from auditor.units import bytes_range_text, seconds_range_text, usd_range_text
from auditor.views.page import Bullets, Cell, Column, Part, Table, Tone, Words

UNKNOWN = "unknown"

_WAYS = (
    Column("Way", "prose"), Column("Time", "number"), Column("Memory", "number"),
    Column("Verifying", "number"), Column("Proof", "number"),
)  # fmt: skip

_TRUST = (
    Column("Way", "prose"), Column("USD", "number"), Column("Rests on"), Column("Hides"), Column("Today"),
)  # fmt: skip

_CHAINS = (
    Column("Way", "prose"), Column("Chain"), Column(""), Column("Gas", "number"), Column("USD", "number"),
)  # fmt: skip

_POSSIBLE: dict[bool | None, Words] = {
    True: Words("yes", "good"), False: Words("no", "bad"), None: Words(UNKNOWN, "dim"),
}  # fmt: skip

_AMOUNTS = ("seconds", "peak_memory_bytes", "verify_seconds", "proof_bytes", "usd")


def way_parts(ways: Sequence[Way]) -> Iterator[Part]:
    """Ways with anything to show in a table, and each of the others with the reason why it has nothing."""
    shown = [row for row in ways if row.supported != "no" and _known(row)]
    silent = [row for row in ways if row.supported != "no" and not _known(row)]
    refused = [row for row in ways if row.supported == "no"]
    if shown:
        yield Table("Ways to trust the output", _WAYS, tuple(_row(row) for row in shown))
        yield Table("What they cost and rest on", _TRUST, tuple(_trust(row) for row in shown))
        yield Bullets(tuple(_sources(shown)), title="Where these numbers are from")
        waits = tuple(_waits(shown))
        if waits:
            yield Bullets(waits, title="Not to be relied on at once")
    chains = [(row, there) for row in shown for there in row.chains]
    told = [item for item in chains if item[1].possible is not None or item[1].gas is not None]
    if told:
        yield Table("On chain, for each answer", _CHAINS, tuple(_chain(*item) for item in told))
        reasons = (f"{row.name}, {there.chain}: {there.reason}" for row, there in told if there.reason)
        yield Bullets(tuple(reasons))
    if refused:
        yield Bullets(tuple(_refused(row) for row in refused), title="Not for this model")
    if silent:
        yield Bullets(tuple(_silent(row) for row in silent), title="Nothing is known of")


def amount_text(amount: Amount | None, form: Callable[[float, float], str]) -> str:
    """A range as people read it; one that was extrapolated has a mark, which the evidence explains."""
    if amount is None:
        return UNKNOWN
    return form(amount.low, amount.high) + ("*" if amount.extrapolated else "")


def evidence_text(row: Way) -> str:
    """The weakest evidence of a row, and that it was extrapolated."""
    found = [amount for name in _AMOUNTS if (amount := getattr(row, name)) is not None]
    order = ("measured", "published", "derived", "assumed")
    kind = max((amount.evidence for amount in found), key=order.index, default="")
    return f"{kind}, extrapolated*" if any(amount.extrapolated for amount in found) else kind


def _known(row: Way) -> bool:
    return any(getattr(row, name) is not None for name in _AMOUNTS)


def _row(row: Way) -> tuple[Cell, ...]:
    doubt: Tone = "plain" if row.supported == "yes" else "warning"
    name = row.name if row.supported == "yes" else f"{row.name} (support unknown)"
    return (
        Words(name, doubt),
        amount_text(row.seconds, seconds_range_text),
        amount_text(row.peak_memory_bytes, bytes_range_text),
        amount_text(row.verify_seconds, seconds_range_text),
        amount_text(row.proof_bytes, bytes_range_text),
    )


def _trust(row: Way) -> tuple[Cell, ...]:
    return (
        row.name,
        amount_text(row.usd, _usd_text),
        row.assurance,
        _hides(row),
        row.runnable,
    )


def _usd_text(low: float, high: float) -> str:
    """In one figure: an inference costs so little that more would only fill the table."""
    return _span(f"${low:.1g}", f"${high:.1g}")


def _hides(row: Way) -> str:
    """What whoever verifies does not see."""
    parts = (("weights", row.hides_weights), ("input", row.hides_input))
    hidden = [what for what, hides in parts if hides]
    unknown = [f"{what}?" for what, hides in parts if hides is None]
    return ", ".join([*hidden, *unknown]) or "nothing"


def _chain(row: Way, there: OnChain) -> tuple[Cell, ...]:
    return (
        row.name,
        there.chain,
        _POSSIBLE[there.possible],
        amount_text(there.gas, lambda low, high: _span(f"{low:,.0f}", f"{high:,.0f}")),
        amount_text(there.usd, usd_range_text),
    )


def _span(low: str, high: str) -> str:
    return low if low == high else f"{low}-{high}"


def _sources(shown: Sequence[Way]) -> Iterator[str]:
    for row in shown:
        if row.seconds is not None:
            on = f", on {row.seconds.on}" if row.seconds.on else ""
            yield f"{row.name}: {row.seconds.how}{on} ({evidence_text(row)})"


def _waits(shown: Sequence[Way]) -> Iterator[str]:
    """After what time an answer can be relied on, where that is not when it is there."""
    for row in shown:
        done = 0.0 if row.seconds is None else row.seconds.high
        if row.wait_seconds is not None and row.wait_seconds.low > done:
            span = seconds_range_text(row.wait_seconds.low, row.wait_seconds.high)
            yield f"{row.name}: after {span}, {row.wait_seconds.how}"
        elif "wait_seconds" in row.unknown:
            yield f"{row.name}: {row.unknown['wait_seconds']}"


def _refused(row: Way) -> str:
    return f"{row.name}: {'; '.join(row.unsupported) or 'it does not take this model'}"


def _silent(row: Way) -> str:
    why = row.unknown.get("seconds") or "nothing is published"
    return f"{row.name}: {why}"
