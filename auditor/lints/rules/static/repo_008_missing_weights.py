"""A model without all its weights.

Finds: tensors that have a shape and no values: their external data is not there, or was stripped.

Why: sizes are known and values are not, so equal constants, zeros and ones cannot be told, nothing can be
proved, and checks that look at weights do not run.

Do: commit or fetch the data file beside the model, with Git LFS: `git lfs pull`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.findings import Finding
from auditor.lints.about import About
from auditor.safe import safe

if TYPE_CHECKING:
    from auditor.lints.subject import Subject

ABOUT = About(id="AUD-REPO-008", severity="medium", title="weights are missing")


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for the whole file."""
    if subject.shape_only:
        first, many = subject.shape_only[0], len(subject.shape_only)
        others = f" and {many - 1:,} more tensors have" if many > 1 else " has"
        yield ABOUT.finding(f"'{safe(first)}'{others} no values", first)
