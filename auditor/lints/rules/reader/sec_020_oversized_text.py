"""Names or metadata of more than 64 KiB.

Finds: a name, a doc string or a metadata value that is longer than 65,536 characters. A file with more than
64 MiB of distinct strings is refused.

Why: text of this size is data that somebody hid there or left behind, and it slows down every tool that
prints it.

Do: clear metadata before the model is committed: `del model.metadata_props[:]`.
"""

from __future__ import annotations

from auditor.lints.about import About

ABOUT = About(
    id="AUD-SEC-020",
    severity="low",
    title="oversized text",
    checked_in="auditor/model/security.py",
)
