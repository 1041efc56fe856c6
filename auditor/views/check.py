"""The view of ``auditor check``: every limit with what became of it, every finding, and one last line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, to_builtins

from auditor._version import EZKL_VERSION
from auditor.gate.nouns import Amount, Check, CheckReport, ConfigFinding, JudgedFinding, ModelCheck
from auditor.gate.words import (
    config_line,
    last_line,
    model_lines,
    not_run_texts,
)
from auditor.views.page import Bullets, Column, Line, Page, Part, Result, Table, Tone, Words, fingerprint

SCHEMA = "auditor.check/1"

_TONES: Mapping[str, Tone] = {
    "pass": "good", "fail": "bad", "skip": "warning", "error": "bad", "warning": "warning", "note": "dim",
}  # fmt: skip
_VERDICT_TONES: Mapping[str, Tone] = {"PASS": "good", "FAIL": "bad", "UNDETERMINED": "warning"}


class CheckView(Struct, frozen=True):
    """One run of the gate."""

    report: CheckReport

    def page(self) -> Page:
        """The checks and findings of each model, and the last line."""
        report = self.report
        header = f"auditor {report.version} · rules {report.rules} · sizes as in EZKL {EZKL_VERSION}"
        return Page(header, tuple(self._parts()))

    def lines(self) -> list[str]:
        """``path: PASS name: comparison (where)``, ``path: RULE severity message``, and the last line."""
        report = self.report
        lines = [line for model in report.models for line in model_lines(model, report.show_suppressed)]
        lines += [config_line(item) for item in report.config]
        lines += [f"{item.path}: excluded by {item.where}" for item in report.excluded]
        return [*lines, last_line(report)]

    def document(self) -> dict[str, object]:
        """The schema ``auditor.check/1``."""
        report = self.report
        return {
            "schema": SCHEMA,
            "tool": {"name": "auditor", "version": report.version, "rules": report.rules},
            "models": [_model_document(model) for model in report.models],
            "configuration": [
                {**_finding_document(item.finding), "path": item.path, "line": item.line}
                for item in report.config
            ],
            "excluded": [to_builtins(item) for item in report.excluded],
            "counts": dict(report.counts),
            "verdict": {"status": report.verdict.lower(), "exit_code": report.exit_code},
        }

    def results(self) -> Sequence[Result]:
        """Checks and findings of every model, then what is to be said of the configuration."""
        found = [result for model in self.report.models for result in _results(model)]
        return [*found, *(_config_result(item) for item in self.report.config)]

    def _parts(self) -> Iterator[Part]:
        report = self.report
        for model in report.models:
            yield Line((Words(model.path, "strong"), *_headline(model)), above=1)
            if model.checks:
                yield _checks(model.checks)
            shown = [item for item in model.findings if item.suppressed is None or report.show_suppressed]
            if shown:
                yield _findings(shown)
            if model.not_run:
                yield Bullets(tuple(not_run_texts(model)), title="Not run")
            hidden = len(model.findings) - len(shown)
            if hidden:
                number = "1 finding is" if hidden == 1 else f"{hidden} findings are"
                yield Bullets((f"{number} suppressed: --show-suppressed shows them",))
        if report.config:
            yield Bullets(tuple(config_line(item) for item in report.config), title="Configuration")
        if report.excluded:
            told = tuple(f"{item.path} is excluded by {item.where}" for item in report.excluded)
            yield Bullets(told, title="Excluded")
        tone = _VERDICT_TONES[report.verdict]
        word, _, counts = last_line(report).partition(" ")
        yield Line((Words(word, tone), Words(counts)), above=1)


# --- the page ------------------------------------------------------------------------------


def _headline(model: ModelCheck) -> tuple[Words, ...]:
    failed = sum(check.outcome == "fail" for check in model.checks) + sum(
        item.fails for item in model.findings
    )
    if failed:
        return (Words("FAIL", "bad"),)
    if model.exit_code:
        return (Words("UNDETERMINED", "warning"),)
    return (Words("PASS", "good"),)


def _checks(checks: Sequence[Check]) -> Table:
    columns = (Column(""), Column("Check"), Column("Result", "prose"))
    rows = []
    for check in checks:
        where = f" ({check.where})" if check.where else ""
        message = f": {check.message}" if check.message else ""
        outcome = Words(check.outcome.upper(), _TONES[check.outcome])
        rows.append((outcome, check.name, f"{check.says}{where}{message}"))
    return Table("Checks", columns, tuple(rows))


def _findings(findings: Sequence[JudgedFinding]) -> Table:
    rows = []
    for item in findings:
        finding = item.finding
        node = f" ({finding.node})" if finding.node else ""
        accepted = f" [suppressed by {item.where}: {item.suppressed}]" if item.suppressed is not None else ""
        tone: Tone = "dim" if item.suppressed is not None else _TONES[item.level]
        rows.append((Words(finding.severity, tone), finding.rule, f"{finding.message}{node}{accepted}"))
    return Table("Findings", (Column("Severity"), Column("Rule"), Column("Message", "prose")), tuple(rows))


# --- for programs --------------------------------------------------------------------------


def _model_document(model: ModelCheck) -> dict[str, object]:
    return {
        "path": model.path,
        "sha256": model.sha256,
        "depth": model.depth,
        "status": model.status,
        "exit_code": model.exit_code,
        "checks": [to_builtins(check) for check in model.checks],
        "findings": [_finding_document(item) for item in model.findings],
        "not_run": [{"rule": rule, "reason": reason} for rule, reason in model.not_run],
        "amounts": {
            name: to_builtins(amount) if isinstance(amount, Amount) else None
            for name, amount in model.amounts.items()
        },
    }


def _finding_document(item: JudgedFinding) -> dict[str, object]:
    suppressed = None if item.suppressed is None else {"reason": item.suppressed, "where": item.where}
    return {**to_builtins(item.finding), "level": item.level, "suppressed": suppressed}


def _results(model: ModelCheck) -> Iterator[Result]:
    for check in model.checks:
        rule = check.name if check.name == "verdict" else f"budget {check.name}"
        grave = check.outcome == "fail"
        yield Result(
            rule=rule,
            outcome=check.outcome,
            level="error" if grave else "warning" if check.undetermined else "note",
            message=f"{check.says}: {check.message}" if check.message else check.says,
            path=model.path,
            where=check.where,
            fingerprint=fingerprint(rule, model.path),
        )
    for item in model.findings:
        yield _finding_result(item, model.path, where=item.where)
    for rule, reason in model.not_run:
        yield Result(
            rule=rule,
            outcome="skip",
            level="note",
            message=f"not run: {reason}",
            path=model.path,
            fingerprint=fingerprint(rule, model.path),
        )


def _config_result(item: ConfigFinding) -> Result:
    return _finding_result(item.finding, item.path, where=f"{item.path}:{item.line}")


def _finding_result(item: JudgedFinding, path: str, where: str) -> Result:
    finding = item.finding
    return Result(
        rule=finding.rule,
        outcome="fail",
        level=item.level,
        message=finding.message,
        path=path,
        node=finding.node,
        where=where,
        fingerprint=fingerprint(finding.rule, path, finding.node),
        suppressed=item.suppressed,
    )
