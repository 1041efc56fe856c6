"""One model for the gate, as a file: what is found in it without a circuit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec.structs import replace

from auditor.config.effective import ModelRules
from auditor.config.nouns import shown
from auditor.errors import AuditorError
from auditor.findings import Finding
from auditor.gate.budgets import not_looked_at
from auditor.gate.nouns import Check, Judge, JudgedFinding, ModelCheck
from auditor.gate.outcome import BROKEN, PASSED, UNDETERMINED, conclude
from auditor.lints.run import lint_statically, refusal
from auditor.lints.subject import subject_of
from auditor.model import read_source
from auditor.safe import safe


def check_file(path: Path, rules: ModelRules, judge: Judge) -> ModelCheck:
    """What the reader finds, and the lints that need nothing else; budgets are not held."""
    try:
        source = read_source(path)
        found = _harmless((*source.findings, *lint_statically(subject_of(path, source)).findings))
    except AuditorError as error:
        reason = safe(error.message.removeprefix(f"{safe(str(path))}: "), limit=400)
        found = _harmless(refusal(error, reason))
        return _refused(path, judge(tuple(found)), reason, error.hint, error.exit_code)
    except MemoryError:
        reason = "this machine has not enough memory to look at the model"
        return _refused(path, (), reason, None, UNDETERMINED)
    except Exception as error:
        reason = safe(f"auditor failed: {type(error).__name__}: {error}", limit=400)
        return _refused(path, (), reason, "report this with the model", BROKEN)
    read = Check(name="file", outcome="pass", says="read and checked; the circuit was not looked at")
    return conclude(
        path=shown_model(path),
        sha256=source.model.sha256,
        depth="static",
        status=None,
        refused=PASSED,
        checks=(read, *(not_looked_at(budget) for budget in rules.budgets)),
        findings=judge(tuple(found)),
        amounts={},
    )


def shown_model(path: Path) -> str:
    """The path as it was given, and never an absolute one: reports are compared between machines."""
    return safe(shown(path) if path.is_absolute() else path.as_posix(), limit=400)


def refused_check(reason: str, hint: str, exit_code: int) -> Check:
    """That a model could not be looked at: not determined where its content is missing, else a failure."""
    if exit_code == UNDETERMINED:
        says = f"undetermined: {reason}"
        return Check(name="verdict", outcome="skip", undetermined=True, says=says, message=hint)
    return Check(name="verdict", outcome="fail", says=reason, message=hint)


def _refused(
    path: Path, findings: tuple[JudgedFinding, ...], reason: str, hint: str | None, exit_code: int
) -> ModelCheck:
    return conclude(
        path=shown_model(path),
        sha256=None,
        depth="static",
        status=None,
        refused=0 if exit_code == UNDETERMINED else exit_code,
        checks=(refused_check(reason, safe(hint or "", limit=400), exit_code),),
        findings=findings,
        amounts={},
    )


def _harmless(findings: Sequence[Finding]) -> Iterator[Finding]:
    for finding in findings:
        yield replace(finding, message=safe(finding.message, limit=400), node=safe(finding.node))
