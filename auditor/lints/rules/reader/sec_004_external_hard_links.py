"""External data with other hard links.

Finds: an external data file that has more than one name in its file system.

Why: whoever can write under the other name changes the weights without touching the model, and a hard link
passes checks for symbolic ones (CVE-2026-34446). Stores of package managers link files honestly.

Do: copy the file, or suppress the finding where a build cache made the link.
"""

from __future__ import annotations

from auditor.lints.about import About

ABOUT = About(
    id="AUD-SEC-004",
    severity="medium",
    title="hard-linked external data",
    checked_in="auditor/model/external.py",
)
