"""Sparse tensors.

Finds: sparse initializers, and sparse tensors in attributes such as that of Constant.

Why: EZKL skips them, and then misses the values. They save nothing in a circuit, where zeros cost as much.

Do: store them dense.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.findings import Finding
from auditor.lints.about import About

if TYPE_CHECKING:
    from auditor.lints.subject import Subject

ABOUT = About(id="AUD-SUP-005", severity="medium", title="sparse tensors")


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each place."""
    for tensor in subject.tensors:
        if tensor.is_sparse:
            yield ABOUT.finding(f"EZKL does not read the {tensor.place}", tensor.data.name)
