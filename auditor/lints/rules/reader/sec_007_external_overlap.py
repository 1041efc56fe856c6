"""External data that overlaps, or that no tensor names.

Finds: tensors that share bytes of an external file, or more than 64 KiB after the last tensor.

Why: shared bytes make the model smaller than it claims or hide that two layers are one; bytes that nobody
reads can carry anything into a repository.

Do: save the model again, which lays the tensors out one after the other.
"""

from __future__ import annotations

from auditor.lints.about import About

ABOUT = About(
    id="AUD-SEC-007",
    severity="low",
    title="overlapping or slack external data",
    checked_in="auditor/model/external.py",
)
