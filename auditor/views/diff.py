"""The view of a diff: one sentence, then what changed and where; fit for a comment on a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, to_builtins
from msgspec.structs import replace

from auditor._version import EZKL_VERSION
from auditor.diffing.report import DiffReport, Gate, LayerChange, LayerChanges, Side
from auditor.findings import Finding
from auditor.views.diff_words import (
    amount_tables,
    headline,
    is_told,
    sentence,
    verdict_changed,
    verdict_words,
)
from auditor.views.page import (
    Bullets,
    Cell,
    Column,
    Level,
    Line,
    Outcome,
    Page,
    Part,
    Result,
    Table,
    Words,
    fingerprint,
    first_reasons,
)
from auditor.views.results import model_results

SCHEMA = "auditor.diff/1"


class DiffView(Struct, frozen=True):
    """One diff."""

    report: DiffReport

    def page(self) -> Page:
        """The sentence, what it rests on, amounts, the layers responsible, operators and findings."""
        report = self.report
        header = f"auditor {report.version} · rules {report.rules} · sizes as in EZKL {EZKL_VERSION}"
        return Page(header, tuple(self._parts()))

    def _parts(self) -> Iterator[Part]:
        report = self.report
        yield Line((Words(headline(report), "strong"), *verdict_words(report)), above=1)
        yield Line((Words(f"{report.old.label} → {report.new.label}", "dim"),))
        yield Bullets(tuple(_remarks(report)))
        yield from amount_tables(report.quantities)
        if report.layers is not None and report.layers.changes:
            yield _layers(report.layers, report.layers_shown)
        if report.operators:
            rows = tuple((item.operator, f"{item.old:,}", f"{item.new:,}") for item in report.operators)
            yield Table(
                "Operators", (Column("Operator"), Column("Old", "number"), Column("New", "number")), rows
            )
        if report.findings is not None and (report.findings.appeared or report.findings.vanished):
            found = [
                *_finding_rows("+", report.findings.appeared),
                *_finding_rows("-", report.findings.vanished),
            ]
            columns = (Column(""), Column("Finding"), Column("Severity"), Column("Message", "prose"))
            yield Table("Findings", columns, tuple(found))
        verdict = report.new.audited.verdict if report.new.audited else None
        if verdict is not None and verdict.status != "feasible" and verdict.next:
            yield Bullets(verdict.next, title="Next")

    def lines(self) -> list[str]:
        """The sentence, then a line for each amount, layer, operator and finding that is another."""
        report, path = self.report, self.report.new.path
        said = [headline(report)]
        said += [sentence(item) for item in report.quantities if is_told(item)]
        for layer in report.layers.changes if report.layers else ():
            said.append(f"layer {layer.change} {_operator(layer)} {_node(layer)} {layer.cells:+,} cells")
        said += [f"operator {item.operator} {item.old:,} -> {item.new:,}" for item in report.operators or ()]
        if report.findings is not None:
            said += [f"finding appeared {_finding(finding)}" for finding in report.findings.appeared]
            said += [f"finding vanished {_finding(finding)}" for finding in report.findings.vanished]
        return [f"{path}: {text}" for text in said]

    def document(self) -> dict[str, object]:
        """The schema ``auditor.diff/1``."""
        report = self.report
        return {
            "schema": SCHEMA,
            "tool": {"name": "auditor", "version": report.version, "rules": report.rules},
            "headline": headline(report),
            "old": _side(report.old),
            "new": _side(report.new),
            "run_args": {
                "given": list(report.given_run_args),
                "planned": report.planned,
                "different": {name: {"old": old, "new": new} for name, (old, new) in report.run_args.items()},
            },
            "quantities": [{**to_builtins(item), "exact": item.exact} for item in report.quantities],
            "layers": _layers_document(report.layers),
            "operators": to_builtins(report.operators),
            "findings": to_builtins(report.findings) if report.findings else None,
            "gate": to_builtins(report.gate) if report.gate else None,
            "verdict": {"changed": verdict_changed(report), "exit_code": report.exit_code},
        }

    def results(self) -> list[Result]:
        """The new side's verdict, the findings that appeared, and the limit on the increase."""
        report, audited = self.report, self.report.new.audited
        found: list[Result] = []
        if audited is not None:
            findings = audited.findings if report.findings is None else report.findings.appeared
            found += model_results(replace(audited, path=report.new.path, findings=findings))
        if report.gate is not None:
            found.append(_gate_result(report, report.gate))
        return found


_OUTCOMES: Mapping[bool | None, tuple[Outcome, Level]] = {
    True: ("pass", "note"), False: ("fail", "error"), None: ("skip", "warning"),
}  # fmt: skip


def _gate_result(report: DiffReport, gate: Gate) -> Result:
    outcome, level = _OUTCOMES[gate.passed]
    rule, path = "increase num_rows", report.new.path
    return Result(
        rule=rule,
        outcome=outcome,
        level=level,
        message=f"{headline(report)}; {gate.reason}",
        path=path,
        where="--fail-on-increase",
        fingerprint=fingerprint(rule, path),
    )


# --- what it rests on ----------------------------------------------------------------------


def _remarks(report: DiffReport) -> Iterator[str]:
    if report.gate is not None:
        yield f"--fail-on-increase {report.gate.max_percent:g}: {report.gate.reason}"
    for side in (report.old, report.new):
        audited = side.audited
        if audited is not None and audited.verdict.status != "feasible":
            yield from (f"{side.label}: {reason}" for reason in first_reasons(audited.verdict.reasons))
            if side is report.old and audited.circuit is None:
                yield from (f"{side.label}: {step}" for step in audited.verdict.next)
        circuit = audited.circuit if audited else None
        if circuit is not None and circuit.num_rows is not None and not circuit.exact:
            yield f"{side.label}: not exact: constants are unknown, and would change the sizes"
    if report.planned:
        yield "run args were chosen for each side, as `auditor plan` does"
    elif report.given_run_args:
        given = ", ".join(report.given_run_args)
        yield f"the same run args on both sides: {given} as set, else EZKL's defaults"
    else:
        yield "the same run args on both sides: EZKL's defaults"
    for name, (old, new) in report.run_args.items():
        yield f"{name}: {_value(old)} → {_value(new)}"


def _value(value: object) -> str:
    return ",".join(str(item) for item in value) if isinstance(value, (list, tuple)) else str(value)


# --- layers and findings -------------------------------------------------------------------


def _layers(layers: LayerChanges, shown: int) -> Table:
    kept = layers.changes[:shown] if shown else layers.changes
    rest = layers.changes[len(kept) :]
    columns = (
        Column(""), Column("Cells", "number"), Column("Rows", "number"), Column("Operator"), Column("Node"),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = [
        (_MARKS[item.change], f"{item.cells:+,}", f"{item.rows:+,}", _operator(item), _node(item))
        for item in kept
    ]
    if rest:
        cells, num_rows = sum(item.cells for item in rest), sum(item.rows for item in rest)
        more = f"{len(rest)} smaller changes; -n N shows more, -n 0 all"
        rows.append(tuple(Words(text, "dim") for text in ("", f"{cells:+,}", f"{num_rows:+,}", "…", more)))
    return Table(f"Layers responsible ({layers.unchanged:,} unchanged)", columns, tuple(rows))


_MARKS = {"added": "+", "removed": "-", "changed": "~"}


def _operator(change: LayerChange) -> str:
    names = [layer.operator for layer in (change.old, change.new) if layer is not None]
    return " → ".join(dict.fromkeys(names))


def _node(change: LayerChange) -> str:
    names = [layer.node for layer in (change.old, change.new) if layer is not None]
    return " → ".join(dict.fromkeys(names))


def _finding_rows(mark: str, findings: Sequence[Finding]) -> list[tuple[Cell, ...]]:
    return [
        (mark, item.rule, item.severity, f"{item.message} ({item.node})" if item.node else item.message)
        for item in findings
    ]


def _finding(finding: Finding) -> str:
    node = f" ({finding.node})" if finding.node else ""
    return f"{finding.rule} {finding.severity} {finding.message}{node}"


# --- the document --------------------------------------------------------------------------


def _side(side: Side) -> dict[str, object]:
    audited = side.audited
    circuit = audited.circuit if audited else None
    return {
        "label": side.label,
        "path": side.path,
        "revision": side.revision,
        "sha256": audited.sha256 if audited else None,
        "bytes": audited.bytes if audited else None,
        "circuit": None if circuit is None else {
            "front_end": circuit.front_end,
            "supported": circuit.supported,
            "faithful": circuit.faithful,
            "exact": circuit.exact,
            "run_args": circuit.run_args,
        },
        "verdict": None if audited is None else {
            "status": audited.verdict.status,
            "binding": audited.verdict.binding,
            "reasons": list(audited.verdict.reasons),
            "next": list(audited.verdict.next),
        },
    }  # fmt: skip


def _layers_document(layers: LayerChanges | None) -> dict[str, object] | None:
    if layers is None:
        return None
    changes = [
        {**to_builtins(item), "change": item.change, "cells": item.cells, "rows": item.rows}
        for item in layers.changes
    ]
    return {"changes": changes, "unchanged": layers.unchanged}
