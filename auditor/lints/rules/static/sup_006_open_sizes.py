"""Sizes that only the user can know.

Finds: dimensions of inputs that the model leaves open and that are no batch size, which would be taken for 1.

Why: a circuit has one size. Without it the answer is undetermined, and every tool in the pipeline may bind it
otherwise.

Do: export with fixed sizes, name them with `--dim NAME=SIZE`, or write them into the configuration.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.findings import Finding
from auditor.lints.about import About
from auditor.safe import safe

if TYPE_CHECKING:
    from auditor.lints.subject import Subject

ABOUT = About(id="AUD-SUP-006", severity="low", title="open sizes")


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each name."""
    for name, of in subject.open_sizes.items():
        yield ABOUT.finding(f"input '{safe(of)}' leaves the size '{safe(name)}' open", of)
