"""Which findings somebody has decided to live with, and which of those decisions no longer hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date

from auditor.config.nouns import Suppression, shown
from auditor.findings import SEVERITIES, Finding
from auditor.gate.nouns import ConfigFinding, JudgedFinding, Level

EXPIRED, UNUSED = "AUD-CFG-003", "AUD-CFG-004"


def level(finding: Finding, fail_on: str) -> Level:
    """How much a finding matters where those from ``fail_on`` on fail."""
    place = SEVERITIES.index(finding.severity)
    if place <= SEVERITIES.index(fail_on):
        return "error"
    return "warning" if place <= SEVERITIES.index("medium") else "note"


def judge_findings(
    findings: Iterable[Finding], suppressions: Sequence[Suppression], fail_on: str, today: date
) -> tuple[tuple[JudgedFinding, ...], frozenset[Suppression]]:
    """The findings of a model under the suppressions that concern it, and those of these that were of use."""
    judged, used = [], set()
    valid = [item for item in suppressions if not is_expired(item, today)]
    for finding in findings:
        by = next((item for item in valid if matches(item, finding)), None)
        if by is not None:
            used.add(by)
        judged.append(
            JudgedFinding(
                finding=finding,
                level=level(finding, fail_on),
                suppressed=by.reason if by else None,
                where=str(by.origin) if by else "",
            )
        )
    return tuple(judged), frozenset(used)


def matches(suppression: Suppression, finding: Finding) -> bool:
    """Whether a suppression, which concerns the model, is about a finding in it."""
    if finding.rule not in suppression.rules:
        return False
    return not suppression.nodes or any(re.fullmatch(node, finding.node) for node in suppression.nodes)


def is_expired(suppression: Suppression, today: date) -> bool:
    """Whether its last day has passed."""
    return suppression.expires is not None and suppression.expires < today


def expired(suppression: Suppression, fail_on: str) -> ConfigFinding:
    """That its day has passed."""
    what = f"this suppression of {_rules(suppression)} expired on {suppression.expires}: {suppression.reason}"
    return _about(suppression, Finding(rule=EXPIRED, severity="medium", message=what), fail_on)


def unused(suppression: Suppression, fail_on: str) -> ConfigFinding:
    """That it suppresses nothing."""
    what = f"this suppression of {_rules(suppression)} suppresses nothing: remove it"
    return _about(suppression, Finding(rule=UNUSED, severity="low", message=what), fail_on)


def _about(suppression: Suppression, finding: Finding, fail_on: str) -> ConfigFinding:
    origin = suppression.origin
    return ConfigFinding(
        finding=JudgedFinding(finding=finding, level=level(finding, fail_on)),
        path="" if origin.file is None else shown(origin.file),
        line=origin.line,
    )


def _rules(suppression: Suppression) -> str:
    return ", ".join(suppression.rules)
