"""A large model in git itself.

Finds: a model of more than 10 MiB that is in the index of a git repository, where no .gitattributes gives it
to Git LFS.

Why: every version of it stays in every clone for ever. The Hugging Face Hub takes files over 10 MB in LFS
only, GitHub warns at 50 MiB and refuses a push at 100 MiB.

Do: run `git lfs track "*.onnx"`, add .gitattributes and the model again; `git lfs migrate import` also cleans
the history.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.findings import Finding
from auditor.lints.about import About

if TYPE_CHECKING:
    from auditor.lints.subject import Subject

ABOUT = About(id="AUD-REPO-002", severity="low", title="large model without LFS")

LIMIT_BYTES = 10 << 20


def check(subject: Subject) -> Iterator[Finding]:
    """The size is looked at first: nothing of git is read for a small model."""
    if subject.model.file_bytes <= LIMIT_BYTES:
        return
    repository = subject.repository()
    if repository is not None and not repository.wants_lfs and repository.staged() is not None:
        yield ABOUT.finding(f"{subject.model.file_bytes:,} bytes are kept in git itself, not in Git LFS")
