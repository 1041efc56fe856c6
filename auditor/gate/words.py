"""What became of models, in lines."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.gate.nouns import Check, CheckReport, ConfigFinding, JudgedFinding, ModelCheck


def model_lines(model: ModelCheck, show_suppressed: bool = False) -> Iterator[str]:
    """A line for each check and each finding of a model."""
    for check in model.checks:
        yield f"{model.path}: {check_text(check)}"
    for item in model.findings:
        if item.suppressed is None or show_suppressed:
            yield f"{model.path}: {finding_text(item)}"
    for text in not_run_texts(model):
        yield f"{model.path}: {text}"


def not_run_texts(model: ModelCheck) -> Iterator[str]:
    """The checks that could not be made, by what they lacked."""
    for reason in dict.fromkeys(reason for _, reason in model.not_run):
        yield f"not run, as {reason}: {', '.join(rule for rule, why in model.not_run if why == reason)}"


def failure_lines(model: ModelCheck) -> Iterator[str]:
    """The lines of :func:`model_lines` that are why a model does not pass."""
    for check in model.checks:
        if check.outcome == "fail" or check.undetermined:
            yield f"{model.path}: {check_text(check)}"
    for item in model.findings:
        if item.fails:
            yield f"{model.path}: {finding_text(item)}"


def config_line(item: ConfigFinding) -> str:
    """What is to be said of a line of the configuration."""
    return f"{item.path}:{item.line}: {finding_text(item.finding)}"


def last_line(report: CheckReport) -> str:
    """``FAIL [pass: 1 fail: 1 skip: 0]``."""
    return summary(report.verdict, *report.counts.values())


def summary(verdict: str, passed: int, failed: int, skipped: int) -> str:
    """The run in one line."""
    return f"{verdict} [pass: {passed} fail: {failed} skip: {skipped}]"


def check_text(check: Check) -> str:
    """``FAIL max_rows: rows 14,628 > 10,000, over by 4,628 (46.3%) (auditor.toml:12): Ask #zk``."""
    where = f" ({check.where})" if check.where else ""
    message = f": {check.message}" if check.message else ""
    return f"{check.outcome.upper()} {check.name}: {check.says}{where}{message}"


def finding_text(item: JudgedFinding) -> str:
    finding = item.finding
    node = f" ({finding.node})" if finding.node else ""
    accepted = f" [suppressed by {item.where}: {item.suppressed}]" if item.suppressed is not None else ""
    return f"{finding.rule} {finding.severity} {finding.message}{node}{accepted}"
