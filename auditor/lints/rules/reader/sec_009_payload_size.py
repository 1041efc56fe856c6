"""A tensor whose bytes do not match its shape.

Finds: a tensor with more or fewer values than its dimensions and its element type ask for, or a sparse one
with an index outside of its shape. The file is refused.

Why: libraries that trust the shape read past the end of the buffer (CVE-2024-27319); EZKL panics. An honest
cause is a file cut short.

Do: fetch or export the file again.
"""

from __future__ import annotations

from auditor.lints.about import About

ABOUT = About(
    id="AUD-SEC-009",
    severity="high",
    title="payload does not fill its shape",
    checked_in="auditor/model/tensors.py",
)
