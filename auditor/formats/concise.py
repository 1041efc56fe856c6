"""One line for each model, and one for each finding: for hooks, logs and grep."""

from __future__ import annotations

from auditor.formats import PLAIN, Medium, without_ci_commands
from auditor.report import Audit, ModelAudit


def render(audit: Audit, medium: Medium = PLAIN) -> str:
    """``path: STATUS ...`` and ``path: RULE severity message`` lines."""
    text = "".join(f"{line}\n" for model in audit.models for line in _lines(model))
    return without_ci_commands(text if medium.unicode else text.encode("ascii", "replace").decode())


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
