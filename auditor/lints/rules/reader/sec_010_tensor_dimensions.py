"""A tensor with negative dimensions, too many of them, or more elements than 2^63.

Finds: a constant with a negative dimension, with more than 32 of them, or whose product overflows, also when
a dimension of 0 hides it. The file is refused.

Why: products that overflow become small numbers, and buffers too short. EZKL asks for 2^64 bytes and takes
the process down.

Do: export the model again; no honest file has such a tensor.
"""

from __future__ import annotations

from auditor.lints.about import About

ABOUT = About(
    id="AUD-SEC-010",
    severity="high",
    title="negative or overflowing dimensions",
    checked_in="auditor/model/tensors.py",
)
