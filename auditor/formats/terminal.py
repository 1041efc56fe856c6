"""The report for people: 80 columns, in colour where there is some, in ASCII where there is nothing else."""

from __future__ import annotations

from collections import Counter
from io import StringIO

from rich.console import Console, JustifyMethod, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from auditor._version import EZKL_VERSION
from auditor.formats import PLAIN, Medium, without_ci_commands
from auditor.report import ArtifactFacts, Audit, CircuitFacts, Interval, ModelAudit, ModelFacts, Value

COLOURS = {"feasible": "bold green", "infeasible": "bold red", "undetermined": "bold yellow"}
SEVERITY_COLOURS = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "", "info": "dim"}
_ASCII = str.maketrans({"·": "-", "…": "~", "→": ">", "×": "x", "⏎": "~", "−": "-", "—": "-", "–": "-"})
_NODES_SHOWN = 3
_REASONS_SHOWN = 8
_FIDELITY = {
    True: "no known fault: computes what ONNX says, within fixed-point error",
    False: "computes something else than ONNX says: see findings",
    None: "not known whether it computes what ONNX says",
}
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def render(audit: Audit, medium: Medium = PLAIN) -> str:
    """All models of the audit, one after the other, and a count when there are several."""
    page = StringIO()
    console = Console(
        file=page,
        width=medium.columns,
        force_terminal=medium.colour,
        no_color=not medium.colour,
        color_system="standard" if medium.colour else None,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
    )
    header = f"auditor {audit.version} · rules {audit.rules} · sizes as in EZKL {EZKL_VERSION}"
    console.print(Text(header, style="dim"))
    for audited in audit.models:
        console.print()
        for part in _model(audited, audit):
            console.print(part)
    if len(audit.models) > 1:
        console.print()
        console.print(_count(audit))
    lines = (line.rstrip() for line in page.getvalue().split("\n"))
    text = without_ci_commands("\n".join(lines))
    return text if medium.unicode else text.translate(_ASCII).encode("ascii", "replace").decode()


# --- the parts of one model ----------------------------------------------------------------


def _model(audited: ModelAudit, audit: Audit) -> list[RenderableType]:
    parts: list[RenderableType] = [_headline(audited)]
    reasons = audited.verdict.reasons
    if len(reasons) > _REASONS_SHOWN:
        reasons = (*reasons[:_REASONS_SHOWN], f"and {len(reasons) - _REASONS_SHOWN} more reasons")
    parts.append(Padding(_bullets(reasons), (0, 0, 0, 2)))
    if audited.model is not None:
        parts.append(_section(_model_rows(audited, audited.model, full=audit.command == "inspect")))
    if audited.circuit is not None and audited.circuit.num_rows is not None and audit.command == "estimate":
        parts.append(_section(_circuit_rows(audited.circuit, audited.artifacts)))
        parts.extend(_layers(audited.circuit, audit.layers_shown))
    if audited.circuit is not None and audited.circuit.unsupported:
        parts.extend(_unsupported(audited.circuit))
    if audited.findings:
        parts.extend(_findings(audited))
    if audited.verdict.next:
        parts.extend([_title("Next"), Padding(_bullets(audited.verdict.next), (0, 0, 0, 2))])
    return parts


def _headline(audited: ModelAudit) -> Text:
    verdict = audited.verdict
    line = Text(audited.path, style="bold", overflow="fold")
    line.append("   ")
    line.append(verdict.status.upper(), style=COLOURS[verdict.status])
    if verdict.binding:
        line.append(f"   binding: {verdict.binding}")
    return line


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


def _circuit_rows(circuit: CircuitFacts, artifacts: ArtifactFacts | None) -> list[tuple[str, str]]:
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
        rows.append(
            (
                "Sizes",
                f"proving key {size(artifacts.proving_key_bytes)} · "
                f"verifying key {size(artifacts.verifying_key_bytes)} · "
                f"proof {size(artifacts.proof_bytes)} · SRS {size(artifacts.srs_bytes)}",
            )
        )
    if not circuit.exact:
        rows.append(
            ("Not exact", "constants are unknown: some that are equal, 0 or 1 would change the sizes")
        )
    shown = ("input_scale", "param_scale", "num_inner_cols")
    settings = " ".join(f"{name}={circuit.run_args[name]}" for name in shown)
    rows.append(("Fidelity", _FIDELITY[circuit.faithful]))
    rows.append(("Run args", f"{settings} · front end {circuit.front_end}"))
    return rows


def _layers(circuit: CircuitFacts, shown: int) -> list[RenderableType]:
    total = circuit.total_assignments or 0
    if not circuit.layers or not total:
        return []
    ordered = sorted(circuit.layers, key=lambda layer: -layer.total_assignments)
    kept = ordered[:shown] if shown else ordered
    rest = ordered[len(kept) :]
    table = _table(("Share", "right"), ("Rows", "right"), ("Operator", "left"), ("Node", "left"))
    for layer in kept:
        share = f"{100 * layer.total_assignments / total:.1f} %"
        table.add_row(share, f"{layer.num_rows:,}", Text(layer.operator), Text(layer.node))
    if rest:
        cells = sum(layer.total_assignments for layer in rest)
        rows = sum(layer.num_rows for layer in rest)
        more = f"{len(rest)} smaller; -n N shows more, -n 0 all"
        table.add_row(f"{100 * cells / total:.1f} %", f"{rows:,}", "…", more, style="dim")
    return [_title("Where the rows go"), Padding(table, (0, 0, 0, 2))]


def _unsupported(circuit: CircuitFacts) -> list[RenderableType]:
    title = "Unsupported operators" if circuit.supported is False else "Operators without an exact size"
    table = _table(("Operator", "left"), ("Count", "right"), ("Reason", "fold"), ("Nodes", "fold"))
    for item in circuit.unsupported:
        nodes = ", ".join(item.nodes[:_NODES_SHOWN])
        hidden = len(item.nodes) - _NODES_SHOWN
        if hidden > 0:
            nodes += f" and {hidden} more"
        table.add_row(Text(item.operator), str(item.count), Text(item.reason), Text(nodes))
    return [_title(title), Padding(table, (0, 0, 0, 2))]


def _findings(audited: ModelAudit) -> list[RenderableType]:
    table = _table(("Severity", "left"), ("Rule", "left"), ("Message", "fold"))
    for finding in audited.findings:
        message = f"{finding.message} ({finding.node})" if finding.node else finding.message
        severity = Text(finding.severity, style=SEVERITY_COLOURS[finding.severity])
        table.add_row(severity, finding.rule, Text(message))
    return [_title("Findings"), Padding(table, (0, 0, 0, 2))]


def _count(audit: Audit) -> Text:
    counts: Counter[str] = Counter(audited.verdict.status for audited in audit.models)
    parts = [f"{counts[status]} {status}" for status in COLOURS if counts[status]]
    return Text(f"{len(audit.models)} models: {', '.join(parts)}", style="bold")


# --- small helpers -------------------------------------------------------------------------


def size(number: int | Interval) -> str:
    """Bytes for people: exact below 10,000, then in binary units with one decimal.

    >>> size(2912), size(17_825_792)
    ('2,912 B', '17.0 MiB')
    """
    if isinstance(number, Interval):
        return f"{size(number.low)} to {size(number.high)}"
    if number < 10_000:
        return f"{number:,} B"
    power = min((number.bit_length() - 1) // 10, len(_UNITS) - 1)
    return f"{number / 1024**power:,.1f} {_UNITS[power]}"


def _value(value: Value) -> str:
    sizes = ["?"] if value.shape is None else ["?" if size is None else str(size) for size in value.shape]
    shape = f"[{', '.join(sizes)}]"
    return f"{value.name} {value.dtype or 'type unknown'} {shape}"


def _title(title: str) -> Text:
    return Text(f"\n  {title}", style="bold")


def _section(rows: list[tuple[str, str]]) -> Padding:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, content in rows:
        grid.add_row(name, Text(content))
    return Padding(grid, (1 if rows else 0, 0, 0, 2))


def _bullets(lines: tuple[str, ...]) -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    for line in lines:
        grid.add_row("·", Text(line))
    return grid


def _table(*columns: tuple[str, str]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name, kind in columns:
        if kind == "fold":
            table.add_column(name, overflow="fold")
        else:
            justify: JustifyMethod = "right" if kind == "right" else "left"
            table.add_column(name, justify=justify, no_wrap=True, overflow="ellipsis")
    return table
