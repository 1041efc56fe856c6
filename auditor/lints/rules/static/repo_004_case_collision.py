"""Two files whose names differ in case only.

Finds: another file in the folder of the model with the same name but for capital letters.

Why: on macOS and Windows one of the two is lost when the repository is checked out, and which model is then
loaded is a matter of chance.

Do: rename one of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from auditor.findings import Finding
from auditor.lints.about import About
from auditor.safe import safe

if TYPE_CHECKING:
    from auditor.lints.subject import Subject

ABOUT = About(id="AUD-REPO-004", severity="low", title="names that differ in case only")

_MOST_FILES = 10_000


def check(subject: Subject) -> Iterator[Finding]:
    """Looks at no more than the first ten thousand files of the folder."""
    own = subject.path.name
    try:
        with os.scandir(subject.path.parent) as files:
            names = [file.name for file in islice(files, _MOST_FILES)]
    except OSError:
        return
    for name in sorted(names):
        if name != own and name.lower() == own.lower():
            yield ABOUT.finding(f"the folder also holds '{safe(name)}', the same name on macOS and Windows")
