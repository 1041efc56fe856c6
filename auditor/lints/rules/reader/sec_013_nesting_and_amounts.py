"""More nesting, nodes, tensors or fields than an honest model has.

Finds: messages or subgraphs nested more than 64 or 32 deep, more than 200,000 nodes or tensors, or more than
2,000,000 fields. The file is refused.

Why: readers that recurse overflow their stack, and readers that do not count fill the memory from a small
file.

Do: split the model; if it is honest and this large, its circuit is out of reach anyway.
"""

from __future__ import annotations

from auditor.lints.about import About

ABOUT = About(
    id="AUD-SEC-013",
    severity="high",
    title="too deep or too many",
    checked_in="auditor/model/wire.py",
)
