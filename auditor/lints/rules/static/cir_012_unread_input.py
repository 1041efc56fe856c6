"""An input that no node reads.

Finds: an input of the model that nothing in the graph reads.

Why: EZKL still assigns every element of it, and a public input is paid for again in every proof and in the
gas of every verification. Often it is a mask or a state that was meant to be used.

Do: remove it from the model, or use it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.findings import Finding
from auditor.lints.about import About
from auditor.safe import safe

if TYPE_CHECKING:
    from auditor.lints.subject import Subject

ABOUT = About(id="AUD-CIR-012", severity="low", title="unread input")


def check(subject: Subject) -> Iterator[Finding]:
    """Of the main graph, without tensors that are inputs as well."""
    main = subject.main
    for name in main.inputs:
        if name not in main.readers and name not in main.initializers:
            yield ABOUT.finding(f"no node reads the input '{safe(name)}'", name)
