"""Operators that EZKL never takes.

Finds: operators whose page in `rules/operators` says that EZKL rejects them whatever their attributes; once
for each operator.

Why: `ezkl gen-settings` stops at the first one, after the model was trained, exported and committed.

Do: `auditor explain OPERATOR` says why, and what to write instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.findings import Finding
from auditor.lints.about import About
from auditor.safe import safe

if TYPE_CHECKING:
    from auditor.lints.subject import Subject

ABOUT = About(id="AUD-SUP-001", severity="medium", title="operator without support")


def check(subject: Subject) -> Iterator[Finding]:
    """By name alone, as EZKL looks operators up."""
    for operator, nodes in subject.nodes.items():
        if subject.support.get(operator) == "no":
            times = f" ({len(nodes):,} times)" if len(nodes) > 1 else ""
            message = f"EZKL rejects {safe(operator)}{times}: auditor explain {safe(operator)}"
            yield ABOUT.finding(message, nodes[0].name)
