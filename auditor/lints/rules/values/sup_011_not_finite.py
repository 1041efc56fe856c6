"""Weights that are not finite.

Finds: tensors of floats with NaN or an infinity among their values.

Why: a circuit has integers only: EZKL rejects such a weight, or quantises it to something else. Most come
from a training run that diverged; some are masks of minus infinity.

Do: train again, or write a large finite number such as -1e4 where a mask is meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.findings import Finding
from auditor.lints.about import About

if TYPE_CHECKING:
    from auditor.lints.subject import Subject

ABOUT = About(id="AUD-SUP-011", severity="medium", title="weights that are not finite")

_FLOATS = ("float", "double", "float16")


def check(subject: Subject) -> Iterator[Finding]:
    """A sum in double precision is finite only where all elements are."""
    import numpy as np

    for tensor in subject.tensors:
        if tensor.data.dtype not in _FLOATS or tensor.data.load is None or tensor.is_sparse:
            continue
        values = tensor.data.load()
        with np.errstate(all="ignore"):
            total = values.sum(dtype=np.float64)
        if not np.isfinite(total) and not np.isfinite(values).all():
            yield ABOUT.finding(f"{tensor.place} holds NaN or an infinity", tensor.data.name)
