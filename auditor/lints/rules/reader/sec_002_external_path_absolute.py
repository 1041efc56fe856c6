"""External data at an absolute path.

Finds: a tensor whose `external_data` location starts with `/`, with a backslash or with a drive letter. The
file is refused.

Why: it names a file of the machine that loads it, and works on no other machine if it is meant honestly.

Do: save the model again with a relative location beside it; do not load the file otherwise.
"""

from __future__ import annotations

from auditor.lints.about import About

ABOUT = About(
    id="AUD-SEC-002",
    severity="critical",
    title="absolute external path",
    checked_in="auditor/model/external.py",
)
