"""An offset or a length that does not lie within the external file.

Finds: an `external_data` offset or length that is negative, no number, or leads past the end of the file. The
file is refused.

Why: loaders have read out of bounds or reserved as much memory as the file asks for (CVE-2026-34445). An
honest cause is a truncated download.

Do: fetch the external file again and compare its size; else export again.
"""

from __future__ import annotations

from auditor.lints.about import About

ABOUT = About(
    id="AUD-SEC-006",
    severity="high",
    title="external range outside its file",
    checked_in="auditor/model/external.py",
)
