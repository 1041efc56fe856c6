"""A suppression whose date has passed.

Finds: an `[[ignore]]` entry of the configuration with an `expires` date before today. What it suppressed is
reported again.

Why: an exception that was meant to be temporary has become permanent without anyone deciding so.

Do: fix what it suppresses, or decide again: set a new date and say why in `reason`.
"""

from __future__ import annotations

from auditor.lints.about import About

ABOUT = About(
    id="AUD-CFG-003",
    severity="medium",
    title="expired suppression",
    checked_in="auditor/gate/suppress.py",
)
