"""The view of ``auditor plan``: what to set, what it saves, and what else there would be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct, to_builtins

from auditor._version import EZKL_VERSION
from auditor.plans.report import ChangeFacts, Option, PlanReport, SampleFacts
from auditor.units import bytes_text, seconds_text
from auditor.views.audit import model_document
from auditor.views.bills import TONES
from auditor.views.option_scales import option_scales
from auditor.views.page import (
    Bullets,
    Column,
    Line,
    Page,
    Part,
    Ranges,
    Result,
    Rows,
    Table,
    Words,
    first_reasons,
)
from auditor.views.results import model_results

SCHEMA = "auditor.plan/1"

_HUGE = 1000
"""Times the sample's values: more headroom than that is not told in figures."""

_SHOWN = (
    "input_scale", "param_scale", "scale_rebase_multiplier", "num_inner_cols", "logrows", "decomp_base",
    "decomp_legs", "lookup_range", "disable_freivalds", "bounded_log_lookup",
)  # fmt: skip


class PlanView(Struct, frozen=True):
    """One plan."""

    report: PlanReport

    def page(self) -> Page:
        """The plan, the comparison, the front and the changes."""
        report = self.report
        header = f"auditor {report.version} · rules {report.rules} · sizes as in EZKL {EZKL_VERSION}"
        return Page(header, tuple(self._parts()))

    def _parts(self) -> Iterator[Part]:
        report, verdict = self.report, self.report.audited.verdict
        words = [
            Words(report.audited.path, "strong"),
            Words(verdict.status.upper(), TONES[verdict.status]),
        ]
        if verdict.binding:
            words.append(Words(f"binding: {verdict.binding}"))
        yield Line(tuple(words), above=1)
        if verdict.status != "feasible":
            yield Bullets(first_reasons(verdict.reasons))
        best = report.chosen or report.leanest
        if best is not None and report.sample is not None:
            yield Rows(tuple(_plan_rows(best, report.sample, report)))
            yield _options(report, best)
        if report.changes is not None:
            yield from _changes(report.changes)
        steps = list(verdict.next if verdict.status != "feasible" else ())
        if report.sample is not None and report.sample.source == "random":
            steps.append("the inputs are random: give your own, several rows of them, with --input")
        if steps:
            yield Bullets(tuple(steps), title="Next")

    def lines(self) -> list[str]:
        """The verdict, then one ``name=value`` for each run arg that was chosen, as ``--set`` takes it."""
        report = self.report
        verdict = report.audited.verdict
        lines = [f"{report.audited.path}: {verdict.status}"]
        lines += [f"{report.audited.path}: {reason}" for reason in verdict.reasons if report.chosen is None]
        if report.chosen is not None:
            lines += [f"{name}={_value(report.chosen.run_args[name])}" for name in _SHOWN]
        return lines

    def document(self) -> dict[str, object]:
        """The schema ``auditor.plan/1``."""
        report = self.report
        return {
            "schema": SCHEMA,
            "tool": {"name": "auditor", "version": report.version, "rules": report.rules},
            "goal": to_builtins(report.goal) if report.goal else None,
            "sample": to_builtins(report.sample) if report.sample else None,
            "plan": to_builtins(report.chosen) if report.chosen else None,
            "leanest": to_builtins(report.leanest) if report.leanest else None,
            "calibrated": to_builtins(report.calibrated) if report.calibrated else None,
            "front": [to_builtins(option) for option in report.front],
            "changes": None if report.changes is None else [_change(item) for item in report.changes],
            "trials": report.trials,
            "written": report.written,
            "model": model_document(report.audited),
            "verdict": {"status": report.audited.verdict.status, "exit_code": report.exit_code},
        }

    def results(self) -> list[Result]:
        """The verdict and the findings of the model."""
        return model_results(self.report.audited)


# --- the page ------------------------------------------------------------------------------


def _plan_rows(chosen: Option, sample: SampleFacts, report: PlanReport) -> Iterator[tuple[str, str]]:
    args = chosen.run_args
    yield "Run args", " ".join(f"{name}={_value(args[name])}" for name in _SHOWN)
    yield (
        "Circuit",
        f"{chosen.num_rows:,} rows in {_count(chosen.num_blocks, 'block')} of 2^{args['logrows']}",
    )
    keys = f"proving key {bytes_text(chosen.proving_key_bytes)}"
    yield "Sizes", f"{keys} · verifying key {bytes_text(chosen.verifying_key_bytes)}"
    yield "Accuracy", _accuracy(chosen, report)
    kind = "random rows" if sample.source == "random" else "rows of the input file"
    if sample.rows == 1:
        kind = kind.replace("rows", "row", 1)
    yield "Sample", f"{sample.rows:,} {kind}, compared with {sample.reference}"
    yield "Room", _room(chosen, sample)
    if report.written:
        yield "Written", report.written


def _room(option: Option, sample: SampleFacts) -> str:
    if sample.ranges == "sound":
        return "for every input in the box: a bound, not a sample"
    room = "far more" if option.headroom > _HUGE else f"{option.headroom:.3g} times as large"
    return (
        f"values may be {room}; at most {sample.fresh_failure_rate:.1%} of fresh inputs like these leave "
        "those of the sample at all"
    )


def _accuracy(option: Option, report: PlanReport) -> str:
    found = option.accuracy
    allowed = f" (allowed {report.goal.tolerance:.2%})" if report.goal else ""
    text = (
        f"off by {found.relative_error:.2%} of the output's range{allowed}, "
        f"{found.max_abs_error:.3g} at most, {found.mean_abs_error:.3g} on average"
    )
    return text if found.agreement is None else f"{text}; {found.agreement:.0%} of the classes kept"


_OPTION_COLUMNS = (
    Column(""), Column("k", "number"), Column("Setup", "number"), Column("Proof", "number"),
    Column("Memory", "number"), Column("Bytes", "number"), Column("Gas", "number"), Column("Error", "number"),
)  # fmt: skip


def _options(report: PlanReport, best: Option) -> Ranges:
    named = [(Words("plan", "good") if report.chosen else Words("leanest", "bad"), best)]
    others = (option for option in report.front if option != best)
    named += [(Words(_better_at(option, best, report.front)), option) for option in others]
    if report.calibrated is not None:
        named.append((Words("EZKL", "warning"), report.calibrated))
    rows = [_option_row(words, option) for words, option in named]
    if report.calibrated is not None:
        rows.append(_ratio_row(best, report.calibrated))
    return Ranges(Table("Expected", _OPTION_COLUMNS, tuple(rows)), option_scales(named))


def _option_row(name: Words, option: Option) -> tuple[str | Words, ...]:
    return (
        name,
        str(option.run_args["logrows"]),
        seconds_text(option.setup_seconds),
        seconds_text(option.prove_seconds),
        bytes_text(option.peak_memory_bytes),
        f"{option.proof_bytes:,}",
        "unknown" if option.verify_gas is None else f"{option.verify_gas / 1e6:.2f} M",
        f"{option.accuracy.relative_error:.2%}",
    )


def _ratio_row(chosen: Option, calibrated: Option) -> tuple[str | Words, ...]:
    def ratio(ours: float | None, theirs: float | None) -> str:
        return "" if not ours or not theirs else f"{theirs / ours:.3g}x"

    cells = (
        "saved", "",
        ratio(chosen.setup_seconds, calibrated.setup_seconds),
        ratio(chosen.prove_seconds, calibrated.prove_seconds),
        ratio(chosen.peak_memory_bytes, calibrated.peak_memory_bytes),
        ratio(chosen.proof_bytes, calibrated.proof_bytes),
        ratio(chosen.verify_gas, calibrated.verify_gas),
        "",
    )  # fmt: skip
    return tuple(Words(cell, "strong") for cell in cells)


_QUALITIES: Mapping[str, Callable[[Option], float]] = {
    "less time": lambda item: item.setup_seconds + item.prove_seconds,
    "less memory": lambda item: item.peak_memory_bytes,
    "smaller proof": lambda item: float(item.proof_bytes),
    "less error": lambda item: item.accuracy.relative_error,
}


def _better_at(option: Option, chosen: Option, front: Sequence[Option]) -> str:
    """In what an option beats the plan, and all others before anything else."""
    better = [name for name, of in _QUALITIES.items() if of(option) < of(chosen)]
    best = [name for name in better if _QUALITIES[name](option) == min(map(_QUALITIES[name], front))]
    return next(iter([*best, *better]), "")


def _changes(changes: tuple[ChangeFacts, ...]) -> Iterator[Part]:
    if not changes:
        yield Bullets(("no change that was tried saves anything worth a line",), title="What if")
        return
    columns = (
        Column("Change", "prose"), Column("Cells", "number"), Column("Setup", "number"),
        Column("Proof", "number"), Column("", "prose"),
    )  # fmt: skip
    rows = tuple(
        (
            item.title,
            f"{item.total_assignments[1] - item.total_assignments[0]:+,}",
            _percent(item.setup_seconds),
            _percent(item.prove_seconds),
            item.caution,
        )
        for item in changes
    )
    yield Table("What if", columns, rows)


def _percent(amounts: tuple[float, float]) -> str:
    before, after = amounts
    return f"{100 * (after / before - 1):+.0f} %" if before else ""


def _value(value: object) -> str:
    """As ``--set`` takes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number:,} {thing}s"


# --- the document --------------------------------------------------------------------------


def _change(item: ChangeFacts) -> dict[str, object]:
    pairs = ("total_assignments", "setup_seconds", "prove_seconds", "proof_bytes")
    return {
        "title": item.title,
        "caution": item.caution,
        **{name: dict(zip(("before", "after"), getattr(item, name), strict=True)) for name in pairs},
    }
