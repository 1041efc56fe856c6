"""``auditor estimate`` on a mutant: the audit itself, and two formats."""

from __future__ import annotations

import contextlib
import io
import random
from collections.abc import Sequence
from itertools import cycle

from msgspec.structs import replace

from auditor.findings import SEVERITIES, Finding
from auditor.verdict import EXIT_FAILURE
from tools.fuzzing.outcome import Judge, Outcome, Subject, crash
from tools.fuzzing.sizes import named_sizes


def estimating(*, planned: bool) -> Judge:
    """What audits one file, with or without planning."""
    from auditor import formats
    from auditor._version import __version__
    from auditor.audit import audit_guarded, biller
    from auditor.formats import Medium
    from auditor.options import PlanRequest, PriceRequest, parse_request
    from auditor.plans.planner import planner_for
    from auditor.report import Audit
    from auditor.views.audit import AuditView

    request = parse_request(
        front_end="onnx",
        quiet=True,
        verbose=True,
        prices=PriceRequest(),
        plan=PlanRequest() if planned else None,
    )
    bill, plan = biller(request), planner_for(request)
    others = cycle([name for name in formats.reports() if name != "json"])

    def judge(subject: Subject) -> Outcome:
        said = io.StringIO()
        sizes = named_sizes(subject.path, random.Random(subject.number))
        with contextlib.redirect_stderr(said):
            audited = audit_guarded(subject.path, replace(request, dims=sizes), bill, plan, alone=True)
        verdict = audited.verdict
        if verdict.exit_code == EXIT_FAILURE:
            return crash(said.getvalue())
        report = Audit(
            command="estimate",
            version=__version__,
            rules="",
            models=(audited,),
            status=verdict.status,
            exit_code=verdict.exit_code,
            layers_shown=10,
        )
        for name in ("json", next(others)):
            formats.load(name).render(AuditView(report), Medium(colour=True)).encode("utf-8")
        if verdict.binding == "memory":
            return Outcome(kind="memory", failure="memory: MemoryError", detail="; ".join(verdict.reasons))
        return Outcome(
            kind=f"{verdict.status}{f', {verdict.binding}' if verdict.binding else ''}",
            detail=verdict.reasons[0],
            rules=_rules(audited.findings),
        )

    return judge


def _rules(findings: Sequence[Finding]) -> tuple[str, ...]:
    worst_first = sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))
    return tuple(dict.fromkeys(finding.rule for finding in worst_first))
