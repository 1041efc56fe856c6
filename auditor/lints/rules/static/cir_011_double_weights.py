"""Weights in double precision.

Finds: tensors of type double with 256 elements or more together.

Why: EZKL quantises weights to a fixed scale of a dozen bits: the rest of a double is paid for in the
repository, in memory and in every download, and lost in the circuit.

Do: convert the model to float32 before the export: `model.float()`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.findings import Finding
from auditor.lints.about import About

if TYPE_CHECKING:
    from auditor.lints.subject import Subject

ABOUT = About(id="AUD-CIR-011", severity="info", title="double weights")

_FEW_ELEMENTS = 256


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for the whole file."""
    doubles = [tensor for tensor in subject.tensors if tensor.data.dtype == "double"]
    elements = sum(math.prod(tensor.data.shape) for tensor in doubles)
    if elements >= _FEW_ELEMENTS:
        first = doubles[0]
        yield ABOUT.finding(f"{elements:,} weights are doubles, the first in {first.place}", first.data.name)
