"""The view of an audit: what ``estimate`` and ``inspect`` say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from msgspec import Struct, to_builtins

from auditor._version import EZKL_VERSION
from auditor.report import (
    Audit,
    CircuitFacts,
    Interval,
    ModelAudit,
    ModelFacts,
    PlanFacts,
    Value,
)
from auditor.units import bytes_text
from auditor.views.bills import TONES, bill_tables
from auditor.views.layers import layer_shares
from auditor.views.page import (
    Bullets,
    Column,
    Line,
    Page,
    Part,
    Result,
    Rows,
    Table,
    Tone,
    Words,
    first_reasons,
)
from auditor.views.results import model_results

SCHEMA = "auditor.report/1"

_SEVERITY_TONES: Mapping[str, Tone] = {
    "critical": "bad", "high": "bad", "medium": "warning", "low": "plain", "info": "dim",
}  # fmt: skip
_NODES_SHOWN = 3
_UNSURE_CONSTANTS = "constants are unknown: some that are equal, 0 or 1 would change the sizes"
_OTHER_SETTINGS = (
    f"EZKL {EZKL_VERSION} did not write all of these settings; columns and keys are those it would make"
)
_FIDELITY = {
    True: "no known fault: computes what ONNX says, within fixed-point error",
    False: "computes something else than ONNX says: see findings",
    None: "not known whether it computes what ONNX says",
}


class AuditView(Struct, frozen=True):
    """One audit, over any number of models."""

    audit: Audit

    def page(self) -> Page:
        """All models, one after the other, and a count when there are several."""
        audit = self.audit
        header = f"auditor {audit.version} · rules {audit.rules} · sizes as in EZKL {EZKL_VERSION}"
        parts = [part for audited in audit.models for part in _model(audited, audit)]
        if len(audit.models) > 1:
            parts.append(_count(audit))
        return Page(header, tuple(parts))

    def lines(self) -> list[str]:
        """``path: STATUS ...`` and ``path: RULE severity message`` lines."""
        return [line for model in self.audit.models for line in _lines(model)]

    def document(self) -> dict[str, object]:
        """The schema ``auditor.report/1``."""
        audit = self.audit
        return {
            "schema": SCHEMA,
            "tool": {"name": "auditor", "version": audit.version, "rules": audit.rules},
            "models": [model_document(model) for model in audit.models],
            "verdict": {"status": audit.status, "exit_code": audit.exit_code},
        }

    def results(self) -> list[Result]:
        """The verdict and the findings of each model."""
        return [result for model in self.audit.models for result in model_results(model)]


# --- the page of one model -----------------------------------------------------------------


def _model(audited: ModelAudit, audit: Audit) -> list[Part]:
    parts: list[Part] = [_headline(audited), Bullets(first_reasons(audited.verdict.reasons))]
    if audited.model is not None:
        parts.append(Rows(tuple(_model_rows(audited, audited.model, full=audit.command == "inspect"))))
    if audited.circuit is not None and audited.circuit.num_rows is not None and audit.command == "estimate":
        parts.append(Rows(tuple(_circuit_rows(audited, audited.circuit))))
        parts.extend(bill_tables(audited))
        parts.extend(layer_shares(audited.circuit, audit.layers_shown))
    if audited.circuit is not None and audited.circuit.unsupported:
        parts.append(_unsupported(audited.circuit))
    if audited.findings:
        parts.append(_findings(audited))
    if audited.not_run and audit.command == "inspect":
        parts.append(Rows(tuple(_not_run_rows(audited))))
    if audited.verdict.next:
        parts.append(Bullets(audited.verdict.next, title="Next"))
    return parts


def _headline(audited: ModelAudit) -> Line:
    verdict = audited.verdict
    words = [Words(audited.path, "strong"), Words(verdict.status.upper(), TONES[verdict.status])]
    if verdict.binding:
        words.append(Words(f"binding: {verdict.binding}"))
    return Line(tuple(words), above=1)


def _model_rows(audited: ModelAudit, model: ModelFacts, *, full: bool) -> list[tuple[str, str]]:
    rows = []
    if full:
        about = [f"opset {model.opset}", f"IR {model.ir_version}", model.producer or "producer unknown"]
        rows.append(("Model", " · ".join(about)))
        rows.append(("File", f"{audited.bytes or 0:,} bytes · sha256 {(audited.sha256 or '')[:16]}…"))
        rows.append(("Inputs", "\n".join(_value(value) for value in model.inputs)))
        rows.append(("Outputs", "\n".join(_value(value) for value in model.outputs)))
        macs = "unknown" if model.macs is None else f"{model.macs:,}"
        rows.append(("Weights", f"{model.parameters:,} parameters · {macs} multiply-accumulates"))
        operators = sorted(model.operators.items(), key=lambda item: (-item[1], item[0]))
        rows.append(("Operators", " · ".join(f"{count} {name}" for name, count in operators) or "none"))
    if model.bound_dimensions:
        bound = ", ".join(f"{name}={size}" for name, size in sorted(model.bound_dimensions.items()))
        rows.append(("Bound", bound))
    return rows


def _circuit_rows(audited: ModelAudit, circuit: CircuitFacts) -> list[tuple[str, str]]:
    artifacts = audited.artifacts
    functions = (
        item if isinstance(item, str) else next(iter(item)) for item in circuit.required_lookups or ()
    )
    lookups = Counter(functions)
    tables = ", ".join(name if count == 1 else f"{count} {name}" for name, count in lookups.items()) or "none"
    ranges = " ".join(f"[{low:,}, {high:,}]" for low, high in circuit.required_range_checks or ()) or "none"
    cells = f"{circuit.total_assignments:,} cells"
    if circuit.total_einsum_col_size:
        cells += f" · {circuit.total_einsum_col_size:,} einsum cells"
    rows = [
        ("Circuit", f"{circuit.num_rows:,} rows · {cells} · logrows {circuit.logrows}"),
        ("Lookups", f"{tables} · range checks {ranges}"),
    ]
    if circuit.num_advice_columns is not None:
        fixed = "unknown" if circuit.num_fixed_columns is None else circuit.num_fixed_columns
        columns = f"{circuit.num_advice_columns} advice, {fixed} fixed"
        rest = (
            f"{circuit.num_selectors} selectors · {circuit.num_instances} instances · degree {circuit.degree}"
        )
        rows.insert(1, ("Columns", f"{columns} · {rest}"))
    if artifacts is not None:
        sizes = (
            f"proving key {_size(artifacts.proving_key_bytes)}",
            f"verifying key {_size(artifacts.verifying_key_bytes)}",
            f"proof {_size(artifacts.proof_bytes)}",
            f"SRS {_size(artifacts.srs_bytes)}",
        )
        rows.append(("Sizes", " · ".join(sizes)))
    if not circuit.exact:
        rows.append(("Not exact", _UNSURE_CONSTANTS if audited.model else _OTHER_SETTINGS))
    shown = ("input_scale", "param_scale", "num_inner_cols", "decomp_base", "decomp_legs")
    settings = " ".join(f"{name}={circuit.run_args[name]}" for name in shown)
    rows.append(("Fidelity", _FIDELITY[circuit.faithful]))
    rows.append(("Run args", f"{settings} · front end {circuit.front_end}"))
    if circuit.plan is not None:
        rows.append(_plan_row(circuit.plan))
    return rows


def _plan_row(plan: PlanFacts) -> tuple[str, str]:
    if plan.reason is not None:
        return "Not planned", f"EZKL's default run args: {plan.reason}"
    number = "1 row" if plan.rows == 1 else f"{plan.rows:,} rows"
    sample = f"{number} of the input file" if plan.inputs == "file" else f"{number} of random inputs"
    kept = "" if plan.agreement is None else f", {plan.agreement:.0%} of the classes kept"
    return "Planned", (
        f"for {sample}: off by {plan.relative_error:.2%} of the output's range{kept}; more in `auditor plan`"
    )


def _unsupported(circuit: CircuitFacts) -> Table:
    title = "Unsupported operators" if circuit.supported is False else "Operators without an exact size"
    columns = (
        Column("Operator"), Column("Count", "number"), Column("Reason", "prose"), Column("Nodes", "prose"),
    )  # fmt: skip
    rows = []
    for item in circuit.unsupported:
        nodes = ", ".join(item.nodes[:_NODES_SHOWN])
        hidden = len(item.nodes) - _NODES_SHOWN
        if hidden > 0:
            nodes += f" and {hidden} more"
        rows.append((item.operator, str(item.count), item.reason, nodes))
    return Table(title, columns, tuple(rows))


def _findings(audited: ModelAudit) -> Table:
    rows = []
    for finding in audited.findings:
        message = f"{finding.message} ({finding.node})" if finding.node else finding.message
        rows.append((Words(finding.severity, _SEVERITY_TONES[finding.severity]), finding.rule, message))
    return Table("Findings", (Column("Severity"), Column("Rule"), Column("Message", "prose")), tuple(rows))


def _not_run_rows(audited: ModelAudit) -> list[tuple[str, str]]:
    """The rules that were not asked, by what they lacked."""
    rules: dict[str, list[str]] = {}
    for item in audited.not_run:
        rules.setdefault(item.reason, []).append(item.rule)
    return [("Not run", f"{', '.join(names)}: {reason}") for reason, names in rules.items()]


def _count(audit: Audit) -> Line:
    counts: Counter[str] = Counter(audited.verdict.status for audited in audit.models)
    parts = [f"{counts[status]} {status}" for status in TONES if counts[status]]
    return Line((Words(f"{len(audit.models)} models: {', '.join(parts)}", "strong"),), above=1)


def _size(number: int | Interval) -> str:
    if isinstance(number, Interval):
        return f"{bytes_text(number.low)} to {bytes_text(number.high)}"
    return bytes_text(number)


def _value(value: Value) -> str:
    sizes = ["?"] if value.shape is None else ["?" if size is None else str(size) for size in value.shape]
    shape = f"[{', '.join(sizes)}]"
    return f"{value.name} {value.dtype or 'type unknown'} {shape}"


# --- lines and document --------------------------------------------------------------------


def _lines(audited: ModelAudit) -> list[str]:
    verdict = audited.verdict
    parts: list[str] = [verdict.status]
    if verdict.binding:
        parts.append(f"({verdict.binding})")
    circuit = audited.circuit
    if circuit and circuit.num_rows is not None:
        parts.append(f"rows {circuit.num_rows:,} logrows {circuit.logrows}")
    if verdict.status != "feasible" and verdict.reasons:
        parts.append(verdict.reasons[0])
    lines = [f"{audited.path}: {' '.join(parts)}"]
    for finding in audited.findings:
        node = f" ({finding.node})" if finding.node else ""
        lines.append(f"{audited.path}: {finding.rule} {finding.severity} {finding.message}{node}")
    return lines


def model_document(audited: ModelAudit) -> dict[str, object]:
    """One model in the schema ``auditor.report/1``."""
    verdict = audited.verdict
    return {
        "path": audited.path,
        "sha256": audited.sha256,
        "bytes": audited.bytes,
        "model": to_builtins(audited.model) if audited.model else None,
        "circuit": _circuit(audited.circuit) if audited.circuit else None,
        "artifacts": to_builtins(audited.artifacts) if audited.artifacts else None,
        "hardware": [to_builtins(item) for item in audited.hardware],
        "chains": [to_builtins(item) for item in audited.chains],
        "findings": [to_builtins(finding) for finding in audited.findings],
        "not_run": [to_builtins(item) for item in audited.not_run],
        "verdict": {
            "status": verdict.status,
            "binding": verdict.binding,
            "reasons": list(verdict.reasons),
            "next": list(verdict.next),
        },
    }


def _circuit(circuit: CircuitFacts) -> dict[str, object]:
    fields = to_builtins(circuit)
    for item in fields["unsupported"]:
        del item["way_out"]
    return {"backend": "ezkl", "backend_version": EZKL_VERSION, **fields}
