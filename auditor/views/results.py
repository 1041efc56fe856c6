"""What was checked about a model, one by one: its findings and its verdict."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.findings import Finding
from auditor.report import ModelAudit, Status, Verdict
from auditor.views.page import Level, Outcome, Result, fingerprint

LEVELS: Mapping[str, Level] = {
    "critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note",
}  # fmt: skip
"""Of each severity: an error is what makes the command fail."""

_OUTCOMES: Mapping[Status, tuple[Outcome, Level]] = {
    "feasible": ("pass", "note"), "infeasible": ("fail", "error"), "undetermined": ("skip", "warning"),
}  # fmt: skip


def model_results(audited: ModelAudit) -> list[Result]:
    """The verdict first, then the findings in their order."""
    return [_verdict(audited.path, audited.verdict), *(_finding(audited.path, it) for it in audited.findings)]


def _verdict(path: str, verdict: Verdict) -> Result:
    outcome, level = _OUTCOMES[verdict.status]
    said = f"{verdict.status} ({verdict.binding})" if verdict.binding else verdict.status
    return Result(
        rule="verdict",
        outcome=outcome,
        level=level,
        message=f"{said}: {verdict.reasons[0]}" if verdict.reasons else said,
        path=path,
        fingerprint=fingerprint("verdict", path),
    )


def _finding(path: str, finding: Finding) -> Result:
    return Result(
        rule=finding.rule,
        outcome="fail",
        level=LEVELS[finding.severity],
        message=finding.message,
        path=path,
        node=finding.node,
        fingerprint=fingerprint(finding.rule, path, finding.node),
    )
