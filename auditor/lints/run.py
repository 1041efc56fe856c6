"""The stage as a whole: every lint that can be asked, asked; the others named, with what they lack."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from auditor.errors import AuditorError, BadModel
from auditor.findings import Finding
from auditor.lints.registry import Lint, find, lints_of
from auditor.lints.subject import Subject

if TYPE_CHECKING:
    from auditor.report import NotRun

MANY = 20
"""Findings of one lint that are listed; the rest are counted in one more."""

UNREADABLE = "AUD-SEC-026"
"""The rule of a file that no other rule refuses."""


class Linted(Struct, frozen=True, kw_only=True):
    """What the lints found, and those that could not be asked."""

    findings: tuple[Finding, ...]
    not_run: tuple[NotRun, ...]


def lint_statically(subject: Subject) -> Linted:
    """What is found without looking at a tensor: time grows with the number of nodes."""
    return Linted(findings=tuple(_ask(lints_of("static"), subject)), not_run=())


def lint(subject: Subject, *, no_circuit: str = "no circuit was laid out") -> Linted:
    """What all lints find. ``no_circuit`` is why there is none, should there be none."""
    findings = list(lint_statically(subject).findings)
    from auditor.report import NotRun

    not_run: list[NotRun] = []
    circuit = subject.circuit
    lacking = {
        "values": "some weights are missing" if subject.shape_only else "",
        "circuit": "" if circuit is not None and circuit.num_rows is not None else no_circuit,
    }
    for folder, reason in lacking.items():
        if reason:
            not_run += (NotRun(rule=item.id, reason=reason) for item in lints_of(folder))
        else:
            findings += _ask(lints_of(folder), subject)
    return Linted(findings=tuple(findings), not_run=tuple(not_run))


def refusal(error: AuditorError, reason: str) -> tuple[Finding, ...]:
    """The finding about a file that was not read, by the rule that refused it, with the ``reason`` in words.

    None where it is the mistake of the user, or ours.
    """
    known = find(error.rule or (UNREADABLE if isinstance(error, BadModel) else ""))
    return () if known is None else (known.about.finding(reason),)


def _ask(lints: Iterable[Lint], subject: Subject) -> Iterator[Finding]:
    for item in lints:
        if item.check is None:
            continue
        found = dict.fromkeys(item.check(subject))
        yield from list(found)[:MANY]
        if len(found) > MANY:
            yield item.about.finding(f"{len(found) - MANY:,} more of the same kind")
