"""The words of a diff: one sentence for all of it, and each amount with its change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from auditor.diffing.report import DiffReport, Quantity, Unit
from auditor.report import ModelAudit, Span
from auditor.units import bytes_range_text, bytes_text, seconds_range_text, seconds_text, usd_text
from auditor.views.bills import TONES
from auditor.views.page import Cell, Column, Table, Tone, Words

_NAMES = {
    "num_rows": "rows", "total_assignments": "cells", "logrows": "logrows",
    "proving_key_bytes": "proving key", "verifying_key_bytes": "verifying key", "proof_bytes": "proof",
    "srs_bytes": "SRS", "calldata_bytes": "calldata", "setup_seconds": "setup", "prove_seconds": "proof",
    "peak_memory_bytes": "memory", "disk_bytes": "disk", "usd_per_thousand_proofs": "1,000 proofs",
    "verify_gas": "gas", "deploy_gas": "gas to deploy", "contract_bytes": "contract",
    "usd_per_verification": "USD",
}  # fmt: skip
_UNSHOWN = ("srs_bytes", "setup_seconds", "disk_bytes", "deploy_gas", "contract_bytes")
"""Only in the document: they follow from logrows, or are paid once."""

# --- the sentence --------------------------------------------------------------------------


def headline(report: DiffReport) -> str:
    """By how much the circuit grew or shrank, and what becomes of the verdict.

    Unknown is said, and never shown as a number.
    """
    rows = _rows_sentence(report)
    old, new = report.old.audited, report.new.audited
    if old is None or new is None or not verdict_changed(report):
        return rows
    return f"{rows}; {_status(new)} now, {_status(old)} before"


def _rows_sentence(report: DiffReport) -> str:
    rows = report.quantities[0]
    if report.old.audited is None:
        has = "rows unknown" if rows.new is None else f"{rows.new.mid:,} rows"
        return f"new model: {has}"
    if report.new.audited is None:
        had = "rows unknown" if rows.old is None else f"it had {rows.old.mid:,} rows"
        return f"model removed: {had}"
    if rows.old is None and rows.new is None:
        return "rows unknown on both sides"
    if rows.old is None:
        return f"{amount_text(rows, rows.new)} rows now, was unknown before"
    if rows.new is None:
        return f"rows unknown now, {amount_text(rows, rows.old)} before"
    if rows.difference:
        return f"{rows.difference:+,} rows{_percent(rows)}: {rows.old.mid:,} before, {rows.new.mid:,} now"
    moved = [item for item in report.quantities if item.judgement in ("grew", "shrank")]
    if moved:
        first, name = moved[0], _NAMES[moved[0].name]
        where = f"{first.profile}: {name}" if first.profile else name
        return f"{where} {_difference(first)}{_percent(first)}; rows unchanged at {rows.new.mid:,}"
    same = report.layers is not None and not report.layers.changes
    return f"no change: {rows.new.mid:,} rows" if same else f"rows unchanged at {rows.new.mid:,}"


def verdict_changed(report: DiffReport) -> bool | None:
    """None where a side is not there."""
    old, new = report.old.audited, report.new.audited
    if old is None or new is None:
        return None
    return (old.verdict.status, old.verdict.binding) != (new.verdict.status, new.verdict.binding)


def verdict_words(report: DiffReport) -> tuple[Words, ...]:
    """The verdicts, and what the limit on the increase says."""
    new = report.new.audited
    old_text, new_text = _status(report.old.audited), _status(new)
    said = new_text if verdict_changed(report) is False else f"{old_text} → {new_text}"
    words = [Words(said, "dim" if new is None else TONES[new.verdict.status])]
    if report.gate is not None and report.gate.passed is False:
        words.append(Words(f"more than +{report.gate.max_percent:g} %", "bad"))
    return tuple(words)


def _status(audited: ModelAudit | None) -> str:
    if audited is None:
        return "not there"
    verdict = audited.verdict
    return f"{verdict.status} ({verdict.binding})" if verdict.binding else verdict.status


# --- the amounts ---------------------------------------------------------------------------


def is_told(item: Quantity) -> bool:
    """Whether a line is worth it: what is another, and what became unknown or known of the circuit itself."""
    if item.name in _UNSHOWN:
        return False
    one_sided = item.judgement == "unknown" and item.profile is None and (item.old or item.new) is not None
    return item.judgement in ("grew", "shrank") or one_sided


def amount_tables(quantities: Sequence[Quantity]) -> Iterator[Table]:
    shown = [item for item in quantities if item.name not in _UNSHOWN and (item.old or item.new)]
    circuit = [item for item in shown if item.profile is None]
    columns = (Column("Old", "number"), Column("New", "number"), Column("Change", "number"))
    if circuit:
        rows = tuple((_NAMES[item.name], *_cells(item)) for item in circuit)
        yield Table("Circuit", (Column(""), *columns), rows)
    # What is as it was on every machine would only be long.
    moved = [item for item in shown if item.profile is not None and item.judgement != "same"]
    if moved:
        priced = tuple((item.profile or "", _NAMES[item.name], *_cells(item)) for item in moved)
        yield Table("Expected", (Column("Where"), Column(""), *columns), priced)


def _cells(item: Quantity) -> tuple[Cell, ...]:
    tones: Mapping[str, Tone] = {"grew": "warning", "shrank": "good"}
    change = Words(_change(item), tones.get(item.judgement, "dim"))
    return amount_text(item, item.old), amount_text(item, item.new), change


def amount_text(item: Quantity, amount: Span | None) -> str:
    if amount is None:
        return "-" if item.judgement == "not compared" else "unknown"
    return (
        _exact(item.unit, amount.mid)
        if amount.low == amount.high
        else _RANGES[item.unit](amount.low, amount.high)
    )


def _exact(unit: Unit, number: float) -> str:
    if unit == "count":
        return f"{number:,}"
    if unit == "bytes":
        return bytes_text(number)
    if unit == "seconds":
        return seconds_text(number)
    return usd_text(number) if unit == "usd" else f"{number:,.0f}"


_RANGES: Mapping[Unit, Callable[[float, float], str]] = {
    "count": lambda low, high: f"{low:,}-{high:,}",
    "bytes": bytes_range_text,
    "seconds": seconds_range_text,
    "gas": lambda low, high: f"{low / 1000:,.0f}-{high / 1000:,.0f} k",
    "usd": lambda low, high: f"{usd_text(low)}-{usd_text(high)[1:]}",
}


def _change(item: Quantity) -> str:
    if item.judgement == "unknown":
        return "was unknown" if item.old is None and item.new is not None else "unknown"
    plain = {"same": "same", "within error": "within error", "not compared": "-"}
    return plain.get(item.judgement) or f"{_difference(item)}{_percent(item)}"


def _difference(item: Quantity) -> str:
    """With its sign: what is expected now, less what was."""
    number = item.difference or 0
    return f"{'+' if number > 0 else '-' if number < 0 else ''}{_exact(item.unit, abs(number))}"


def _percent(item: Quantity) -> str:
    """In brackets; nothing where there was nothing before, or where a percentage says nothing."""
    if item.percent is None or item.name == "logrows":
        return ""
    return f" ({item.percent:+,.0f} %)" if abs(item.percent) >= 1000 else f" ({item.percent:+.3g} %)"


def sentence(item: Quantity) -> str:
    """One line: the amount before, now, and by how much it changed."""
    where = f" on {item.profile}" if item.profile else ""
    change = "" if item.difference is None else f" ({_difference(item)}{_bare_percent(item)})"
    return f"{item.name}{where} {amount_text(item, item.old)} -> {amount_text(item, item.new)}{change}"


def _bare_percent(item: Quantity) -> str:
    return _percent(item).replace(" (", ", ").removesuffix(")")
