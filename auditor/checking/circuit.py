"""One model for the gate, with its circuit: the audit, and the budgets held against it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditor.audit import audit_guarded
from auditor.checking.baseline import Baselines
from auditor.checking.request import asked_of
from auditor.checking.static import refused_check
from auditor.config.targets import Target
from auditor.config.values import TIMED
from auditor.gate.amounts import amounts_of
from auditor.gate.budgets import hold, not_asked
from auditor.gate.nouns import Check, CheckRequest, Judge, JudgedFinding, ModelCheck
from auditor.gate.outcome import conclude
from auditor.report import Verdict
from auditor.verdict import BLOCKING_SEVERITIES, EXIT_FAILURE, EXIT_UNDETERMINED, EXIT_USAGE, FIDELITY


def check_circuit(
    target: Target, request: CheckRequest, before: Baselines | None, judge: Judge
) -> ModelCheck:
    """The verdict, and what becomes of each budget. Without ``before`` there are no baselines.

    Raises:
        UsageError: the configuration says something of the model that has no meaning.
    """
    gate_time = request.gate_time or bool(target.rules.config.settings["gate_time"].value)
    agrees = request.new_baseline is not None
    asked = asked_of(
        target.rules,
        gate_time=gate_time,
        everything=agrees,
        today=request.today,
        quiet=request.quiet,
        verbose=request.verbose,
    )
    audited = audit_guarded(target.path, asked.request, asked.bill, asked.plan, alone=False)
    amounts, verdict, findings = amounts_of(audited), audited.verdict, judge(audited.findings)
    compared = before is not None and any(item.increase for item in asked.budgets)
    old = before.old(target, audited, asked) if before is not None and compared else None
    is_given = before is not None and before.is_given(target)
    checks = [
        not_asked(budget)
        if budget.amount in TIMED and not gate_time
        else hold(budget, amounts, old, baseline=is_given)
        for budget in asked.budgets
        # What is written as the baseline is what somebody agrees to now.
        if not (budget.increase and agrees)
    ]
    return conclude(
        path=audited.path,
        sha256=audited.sha256,
        depth="circuit",
        status=verdict.status,
        refused=verdict.exit_code if verdict.exit_code in (EXIT_USAGE, EXIT_FAILURE) else 0,
        checks=[*_verdict(verdict, findings), *checks],
        findings=findings,
        amounts=amounts,
        not_run=tuple((item.rule, item.reason) for item in audited.not_run),
    )


def _verdict(verdict: Verdict, findings: Sequence[JudgedFinding]) -> Iterator[Check]:
    """The verdict as one check."""
    reason = verdict.reasons[0] if verdict.reasons else verdict.status
    hint = verdict.next[0] if verdict.next else ""
    if verdict.exit_code in (EXIT_USAGE, EXIT_FAILURE, EXIT_UNDETERMINED):
        yield refused_check(reason, hint, verdict.exit_code)
    elif verdict.status == "feasible":
        yield Check(name="verdict", outcome="pass", says=f"feasible: {reason}")
    elif open_ := _not_accepted(verdict, findings):
        says = f"infeasible ({verdict.binding}): {open_[0]}"
        yield Check(name="verdict", outcome="fail", says=says, message=hint)
    else:
        says = "infeasible (fidelity), and every finding behind that is suppressed"
        yield Check(name="verdict", outcome="skip", says=says)


def _not_accepted(verdict: Verdict, findings: Sequence[JudgedFinding]) -> list[str]:
    """The reasons of an infeasible verdict without those that somebody has decided to live with."""
    blocking = [
        item
        for item in findings
        if item.finding.rule.startswith(FIDELITY) and item.finding.severity in BLOCKING_SEVERITIES
    ]
    if not blocking or any(item.suppressed is None for item in blocking):
        return list(verdict.reasons) or [verdict.status]
    accepted = {item.finding.message for item in blocking}
    return [reason for reason in verdict.reasons if not any(reason.endswith(text) for text in accepted)]
