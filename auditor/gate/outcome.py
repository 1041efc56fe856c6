"""From the checks and findings of a model to its exit code, and from those of many to one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from auditor.gate.nouns import Amounts, Check, JudgedFinding, ModelCheck, Status

PASSED, FAILED, USAGE, UNDETERMINED, BROKEN = 0, 1, 2, 3, 4
"""The exit codes; :mod:`auditor.verdict` says what they mean elsewhere."""

_PRECEDENCE = (BROKEN, USAGE, FAILED, UNDETERMINED, PASSED)


def worst(codes: Iterable[int]) -> int:
    """The exit code that speaks for all."""
    found = set(codes)
    return next((code for code in _PRECEDENCE if code in found), PASSED)


def conclude(
    *,
    path: str,
    sha256: str | None,
    depth: Literal["static", "circuit"],
    status: Status | None,
    refused: int,
    checks: Sequence[Check],
    findings: tuple[JudgedFinding, ...],
    amounts: Amounts,
    not_run: tuple[tuple[str, str], ...] = (),
) -> ModelCheck:
    """One model. ``refused`` is the exit code of a file that could not be looked at, else 0."""
    return ModelCheck(
        path=path,
        sha256=sha256,
        depth=depth,
        status=status,
        checks=tuple(checks),
        findings=findings,
        exit_code=worst(_codes(refused, checks, findings)),
        amounts=amounts,
        not_run=not_run,
    )


def _codes(refused: int, checks: Sequence[Check], findings: Sequence[JudgedFinding]) -> Iterator[int]:
    if refused:
        yield refused
    elif any(item.outcome == "fail" for item in checks):
        yield FAILED
    if any(item.fails for item in findings):
        yield FAILED
    if any(item.undetermined for item in checks):
        yield UNDETERMINED
