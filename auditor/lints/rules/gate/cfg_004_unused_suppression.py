"""A suppression that suppresses nothing.

Finds: an `[[ignore]]` entry of the configuration that matched no finding of the models that were checked.

Why: the finding is gone, and the entry would hide the next one of its kind without anybody noticing.

Do: remove the entry.
"""

from __future__ import annotations

from auditor.lints.about import About

ABOUT = About(
    id="AUD-CFG-004",
    severity="low",
    title="unused suppression",
    checked_in="auditor/gate/suppress.py",
)
