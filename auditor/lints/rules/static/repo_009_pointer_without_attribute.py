"""A Git-LFS pointer that no .gitattributes asks for.

Finds: a file that is a Git-LFS pointer in a work tree where no .gitattributes gives it to Git LFS.

Why: git hands out such a pointer as it stands, on every machine: nobody gets the model by cloning.

Do: run `git lfs track` for the file and commit .gitattributes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.findings import Finding
from auditor.lints.about import About

if TYPE_CHECKING:
    from auditor.lints.subject import Subject

ABOUT = About(id="AUD-REPO-009", severity="medium", title="LFS pointer without attribute")


def check(subject: Subject) -> Iterator[Finding]:
    """Only where the content is in this clone: without it the file is refused as AUD-REPO-001 before."""
    if subject.is_pointer():
        repository = subject.repository()
        if repository is not None and not repository.wants_lfs:
            yield ABOUT.finding("the file is a Git-LFS pointer, and no .gitattributes gives it to Git LFS")
