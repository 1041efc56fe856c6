"""What a proving system asks for one workload: published, read off a law through what was, or unknown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from auditor.landscape import fits
from auditor.landscape.nouns import QUANTITIES, Amount, Quantity, Support, Way, Workload
from auditor.landscape.system_file import Row, Scaling, System
from auditor.pricing.evidence import weaker

NEUTRAL = frozenset({
    "Cast", "Constant", "ConstantOfShape", "Dropout", "Expand", "Flatten", "Identity", "Reshape", "Shape",
    "Size", "Squeeze", "Transpose", "Unsqueeze",
})  # fmt: skip
"""Operators that name, move or repeat values and compute none: exporters fold them, or a prover relabels its
wires. No system is refused for them, whether or not it lists them."""

SPELLINGS: Mapping[str, frozenset[str]] = {
    "Gemm": frozenset({"MatMul"}),
    "Neg": frozenset({"Mul", "Sub"}),
    "Reciprocal": frozenset({"Div"}),
}
"""What one exporter writes for what another writes otherwise: a system that was shown to prove the one
function proves it under either name. A system that lists what it reads may know only one of them."""

WORDS: Mapping[Quantity, str] = {
    "prove_seconds": "proving time",
    "verify_seconds": "verifying time",
    "proof_bytes": "proof size",
    "peak_memory_bytes": "peak memory",
}

_FIELDS: Mapping[Quantity, str] = {"prove_seconds": "seconds"}
"""What a way calls a quantity, where it is not what a row calls it: some ways prove nothing."""

_SAME = 0.02
"""Two models whose sizes differ by less are one: papers print "124M" for 124,439,808."""

_APART = 0.005
"""Of models that are as good as one, a nearer one by more than this is meant: OPT-13B is not LLaMA-2-13B."""

_AGREE = 1.02
"""Measurements that differ by less do not disagree."""

_LOOSEST = 1e5
"""What is extrapolated to a range whose ends are farther apart than this tells nobody anything."""

_MOST_NAMED = 4

_COUNTED_WHOLE = 1e4
"""Below this a count is told to the last digit: most are sequence lengths."""


class FitError(Struct, frozen=True, kw_only=True):
    """One row of a series, predicted from the others. ``ratio`` is predicted over published.

    ``end``: the row is the first or last along the axis, so that the others had to be extrapolated to it.
    """

    series: str
    row: str
    quantity: Quantity
    predicted: float
    published: float
    ratio: float
    end: bool


def way(system: System, workload: Workload) -> Way:
    """What is known of proving a workload in a system, without money and without chains.

    A quantity is, in this order: what was published for this very model, where several measurements make a
    span; along every series whose range holds the workload; what was published for this model at a sequence
    length that only one side states, which is then assumed; along a series that has to be extrapolated;
    unknown, with the reason. A system that refuses an operator is asked nothing.
    """
    supported, refused, doubtful = support(system, workload.operators)
    known: dict[Quantity, Amount] = {}
    unknown: dict[str, str] = {}
    notes = list(_notes(system))
    if doubtful:
        unknown["operators"] = f"not known to take {', '.join(doubtful)}"
    for quantity in QUANTITIES:
        found = f"it does not take {', '.join(refused)}" if refused else amount(system, workload, quantity)
        if isinstance(found, str):
            unknown[_FIELDS.get(quantity, quantity)] = found
            continue
        known[quantity] = found
        if found.how.startswith("published") and found.high > found.low * _AGREE:
            notes.append(f"sources differ on the {WORDS[quantity]}: {found.how}")
    return Way(
        id=system.id,
        name=system.name,
        kind="proof",
        assurance="proof",
        supported=supported,
        unsupported=refused,
        seconds=known.get("prove_seconds"),
        peak_memory_bytes=known.get("peak_memory_bytes"),
        verify_seconds=known.get("verify_seconds"),
        proof_bytes=known.get("proof_bytes"),
        hides_weights=system.hides_weights,
        hides_input=system.hides_input,
        public=system.proof_for == "anyone",
        trust=system.trust,
        licence=system.licence,
        runnable=system.runnable,
        unknown=unknown,
        notes=tuple(notes),
        sources=_once(part for found in known.values() for part in found.source.split("; ")),
    )


def support(system: System, operators: Iterable[str]) -> tuple[Support, tuple[str, ...], tuple[str, ...]]:
    """Whether a system takes these ONNX operators, those it refuses, and those nobody has shown it to take.

    Only a system that lists its operators can refuse one; of one that is known by its benchmarks, an operator
    outside of them is unknown.
    """
    others = tuple(sorted({*operators} - NEUTRAL - {*system.operators}))
    if system.operators_known == "listed":
        return ("no" if others else "yes"), others, ()
    others = tuple(name for name in others if not SPELLINGS.get(name, frozenset()) & {*system.operators})
    if system.operators_known == "none" or others:
        return "unknown", (), others
    return "yes", (), ()


def amount(system: System, workload: Workload, quantity: Quantity) -> Amount | str:
    """One quantity as :func:`way` finds it, or why it is not known."""
    rows = [row for row in system.rows if not row.aside and row.amount(quantity) is not None]
    if not rows:
        return f"no {WORDS[quantity]} is published"
    same = _nearest([row for row in rows if _is(row, workload)], workload)
    if same:
        return _published(system, same, quantity)
    read = _along_series(system, workload, quantity)
    within = [found for found in read if not found.extrapolated]
    if within:
        return _joined(within)
    alike = _nearest([row for row in rows if _may_be(row, workload)], workload)
    if alike:
        return _assumed(system, alike, workload, quantity)
    telling = [found for found in read if found.high <= _LOOSEST * found.low]
    if read and not telling:
        return f"{read[0].how}: so far off that it may be anything"
    return _joined(telling) if telling else f"published only for {_models(rows)}"


def fit_errors(system: System) -> tuple[FitError, ...]:
    """Every row of every series left out in turn and predicted from the others, for each quantity."""
    return tuple(
        found
        for scaling in system.scalings
        for quantity in QUANTITIES
        for found in _errors(system, scaling, quantity)
    )


def _errors(system: System, scaling: Scaling, quantity: Quantity) -> Iterable[FitError]:
    rows, points = _points(system, scaling, quantity)
    ends = {min(points)[0], max(points)[0]} if points else set()
    for row, (x, published), predicted in zip(rows, points, fits.left_out(points), strict=True):
        if predicted is not None:
            yield FitError(
                series=scaling.series,
                row=row.id,
                quantity=quantity,
                predicted=predicted,
                published=published,
                ratio=predicted / published,
                end=x in ends,
            )


def _points(system: System, scaling: Scaling, quantity: Quantity) -> tuple[list[Row], list[fits.Point]]:
    rows, points = [], []
    for row in system.members(scaling):
        place, measured = row.along(scaling.along), row.amount(quantity)
        if place is not None and measured is not None:
            rows.append(row)
            points.append((float(place), measured))
    return rows, points


def _along_series(system: System, workload: Workload, quantity: Quantity) -> list[Amount]:
    found = (
        _along(system, scaling, workload, quantity)
        for scaling in system.scalings
        if _applies(scaling, workload)
    )
    return [each for each in found if each is not None]


def _applies(scaling: Scaling, workload: Workload) -> bool:
    def lies(axis_value: int | None, span: tuple[int, int]) -> bool:
        return axis_value is not None and span[0] <= axis_value <= span[1]

    return all(lies(getattr(workload, axis), span) for axis, span in scaling.within.items())


def _along(system: System, scaling: Scaling, workload: Workload, quantity: Quantity) -> Amount | None:
    place: int | None = getattr(workload, scaling.along)
    rows, points = _points(system, scaling, quantity)
    predicted = fits.predict(points, float(place)) if place else None
    if predicted is None:
        return None
    low, high = (count_text(end(x for x, _ in points)) for end in (min, max))
    how = f"along {scaling.along}, {low} to {high}, {scaling.fixed}"
    if fits.error(points) is None:
        how += "; from two rows, so that its error is unknown"
    if predicted.extrapolated:
        how = f"extrapolated to {count_text(place or 0)} {how}"
    return Amount(
        low=predicted.low,
        mid=predicted.mid,
        high=predicted.high,
        evidence=weaker("derived", *_kinds(system, rows, quantity)),
        how=how,
        source=_sources(system, rows, quantity),
        on=_machines(rows),
        extrapolated=predicted.extrapolated,
    )


def _joined(found: Sequence[Amount]) -> Amount:
    """The span of what several series say; each may be right."""
    return Amount(
        low=min(each.low for each in found),
        mid=fits.geometric_mean(each.mid for each in found),
        high=max(each.high for each in found),
        evidence=weaker(*(each.evidence for each in found)),
        how="; ".join(_once(each.how for each in found)),
        source="; ".join(_once(part for each in found for part in each.source.split("; "))),
        on="; ".join(_once(part for each in found for part in each.on.split("; "))),
        extrapolated=all(each.extrapolated for each in found),
    )


def _is(row: Row, workload: Workload) -> bool:
    """Whether the row measured this workload: as large, and as long where anything depends on length."""
    if not (_close(row.parameters, workload.parameters) and _not_apart(row.macs, workload.macs)):
        return False
    if row.sequence is not None and workload.sequence is not None:
        return row.sequence == workload.sequence
    # The multiply-accumulates of one model tell its length.
    return row.sequence == workload.sequence or _close(row.macs, workload.macs)


def _may_be(row: Row, workload: Workload) -> bool:
    """Whether only a sequence length that one side does not state keeps the row from being this workload."""
    return (
        _close(row.parameters, workload.parameters)
        and _not_apart(row.macs, workload.macs)
        and (row.sequence is None or workload.sequence is None)
    )


def _nearest(rows: Sequence[Row], workload: Workload) -> list[Row]:
    def distance(row: Row) -> float:
        return abs((row.parameters or 0) - workload.parameters) / workload.parameters

    least = min((distance(row) for row in rows), default=0.0)
    return [row for row in rows if distance(row) <= least + _APART]


def _close(one: int | None, other: int | None) -> bool:
    return one is not None and other is not None and abs(one - other) <= _SAME * max(one, other)


def _not_apart(one: int | None, other: int | None) -> bool:
    return one is None or other is None or _close(one, other)


def _published(system: System, rows: Sequence[Row], quantity: Quantity) -> Amount:
    return _measured(system, rows, quantity, f"published for {_rows_text(rows)}", "published")


def _assumed(system: System, rows: Sequence[Row], workload: Workload, quantity: Quantity) -> Amount:
    length = "any sequence" if workload.sequence is None else f"sequence {workload.sequence:,}"
    how = f"published for {_rows_text(rows)}; that it holds at {length} is assumed"
    return _measured(system, rows, quantity, how, "assumed")


def _measured(system: System, rows: Sequence[Row], quantity: Quantity, how: str, evidence: str) -> Amount:
    amounts = [measured for row in rows if (measured := row.amount(quantity)) is not None]
    low, high = min(amounts), max(amounts)
    return Amount(
        low=low,
        # A mean through logarithms may differ in the last digit from the only number there is.
        mid=low if low == high else fits.geometric_mean(amounts),
        high=high,
        evidence=weaker(evidence, *_kinds(system, rows, quantity)),
        how=how,
        source=_sources(system, rows, quantity),
        on=_machines(rows),
    )


def _rows_text(rows: Sequence[Row]) -> str:
    if len(rows) == 1:
        return _row_text(rows[0])
    return ", ".join(_once(f"{_row_text(row)} ({row.hardware}, {row.run_by})" for row in rows))


def _row_text(row: Row) -> str:
    length = "" if row.sequence is None else f" at sequence {row.sequence:,}"
    return f"{row.model}{length}"


def _models(rows: Sequence[Row]) -> str:
    lengths: dict[tuple[str, int | None], list[int]] = {}
    for row in rows:
        found = lengths.setdefault((row.model, row.parameters), [])
        if row.sequence is not None and row.sequence not in found:
            found.append(row.sequence)
    named = [_described(*model, found) for model, found in lengths.items()]
    more = len(named) - _MOST_NAMED
    return ", ".join(named[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _described(model: str, parameters: int | None, lengths: Sequence[int]) -> str:
    said = [] if parameters is None else [count_text(parameters)]
    if lengths:
        said.append(f"sequence {', '.join(f'{length:,}' for length in sorted(lengths))}")
    return f"{model} ({', '.join(said)})" if said else model


def _notes(system: System) -> Iterable[str]:
    yield system.on_chain
    if system.runnable_note:
        yield system.runnable_note


def _kinds(system: System, rows: Iterable[Row], quantity: Quantity) -> list[str]:
    return [entry.kind for row in rows for entry in system.behind(row, quantity)]


def _sources(system: System, rows: Iterable[Row], quantity: Quantity) -> str:
    return "; ".join(_once(entry.source for row in rows for entry in system.behind(row, quantity)))


def _machines(rows: Iterable[Row]) -> str:
    return "; ".join(_once(row.hardware for row in rows))


def _once(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))


def count_text(number: float) -> str:
    """A count in three figures, as models are called.

    >>> count_text(124_439_808), count_text(6.7e9), count_text(512)
    ('124 M', '6.7 B', '512')
    """
    for unit, size in (("T", 1e12), ("B", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= max(size, _COUNTED_WHOLE):
            return f"{number / size:.3g} {unit}"
    return f"{number:,.0f}"
