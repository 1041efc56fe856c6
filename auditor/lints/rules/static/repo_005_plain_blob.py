"""A model that should be in Git LFS and is not.

Finds: a file that .gitattributes gives to Git LFS, while the index of git holds its whole content in place of
a pointer.

Why: it was added before the line in .gitattributes, or on a machine without git-lfs. Git then shows it as
changed on every machine that has git-lfs, and every clone carries it.

Do: run `git add --renormalize` on the file and commit.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.findings import Finding
from auditor.lints.about import About
from auditor.lints.repository import pointer_blob

if TYPE_CHECKING:
    from auditor.lints.subject import Subject

ABOUT = About(id="AUD-REPO-005", severity="low", title="plain blob where LFS is wanted")


def check(subject: Subject) -> Iterator[Finding]:
    """The pointer of the content is known, so its name in git is: the index holds that or another blob.

    Nothing is said about a file that was changed since it was staged: what is in the index is then older.
    """
    repository = subject.repository()
    if repository is None or not repository.wants_lfs or subject.is_pointer():
        return
    staged = repository.staged()
    status = os.stat(subject.path)
    if staged is None or (staged.size_bytes, staged.modified_seconds) != (
        status.st_size & 0xFFFFFFFF,
        int(status.st_mtime) & 0xFFFFFFFF,
    ):
        return
    if staged.blob != pointer_blob(subject.model.sha256, subject.model.file_bytes):
        yield ABOUT.finding("git holds the whole file, though .gitattributes gives it to Git LFS")
