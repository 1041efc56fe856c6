"""A model that is a symbolic link.

Finds: a path that is a symbolic link to the model.

Why: git keeps the name it leads to and not the model, which may be outside of the repository. pre-commit
passes over links in most hooks, so nothing checks the model. Caches of Hugging Face hold models in this way.

Do: commit the model itself, or name the file that the link leads to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.findings import Finding
from auditor.lints.about import About

if TYPE_CHECKING:
    from auditor.lints.subject import Subject

ABOUT = About(id="AUD-REPO-003", severity="low", title="model is a symbolic link")


def check(subject: Subject) -> Iterator[Finding]:
    """The last step of the path only."""
    if subject.path.is_symlink():
        yield ABOUT.finding("the path is a symbolic link: git keeps the link and not the model")
