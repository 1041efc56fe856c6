"""A Git-LFS pointer in place of the model.

Finds: a small text file that starts with `version https://git-lfs.github.com/spec/v1` and whose content is
not in this clone. A file whose content is there is read from there.

Why: a clone without git-lfs, `actions/checkout` without `lfs: true` and pre-commit.ci see the pointer only,
and every other tool calls it a broken model. The answer is undetermined, exit code 3.

Do: run the `git lfs pull` that the message names; in GitHub Actions set `lfs: true`.
"""

from __future__ import annotations

from auditor.lints.about import About

ABOUT = About(
    id="AUD-REPO-001",
    severity="medium",
    title="Git-LFS pointer",
    checked_in="auditor/model/lfs.py",
)
