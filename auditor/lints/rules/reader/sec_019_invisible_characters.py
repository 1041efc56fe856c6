"""Names with control or invisible characters.

Finds: names of nodes, values, operators and domains with terminal escapes, line breaks, bidirectional or
zero-width characters.

Why: they make a log or a review show something else than what is there, or drive the terminal that prints
them. This program prints them harmlessly; others do not.

Do: rename the values where the model is exported.
"""

from __future__ import annotations

from auditor.lints.about import About

ABOUT = About(
    id="AUD-SEC-019",
    severity="medium",
    title="control characters in a name",
    checked_in="auditor/model/security.py",
)
