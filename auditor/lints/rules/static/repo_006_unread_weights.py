"""Weights that no node reads.

Finds: tensors of 1,024 elements or more together that nothing in the graph reads, or that are named as the
state of an optimiser is (exp_avg, momentum, Adam).

Why: they make the file larger and change nothing. Often they are the state of an optimiser, or a layer that
was meant to be used and is not.

Do: find out which of the two it is; then save the model with `onnxsim` or without them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.findings import Finding
from auditor.lints.about import About
from auditor.safe import safe

if TYPE_CHECKING:
    from auditor.lints.subject import Subject

ABOUT = About(id="AUD-REPO-006", severity="low", title="weights that no node reads")

_FEW_ELEMENTS = 1024
_OPTIMISER = re.compile(r"(?i)exp_avg|optimizer|optimiser|momentum_buffer|(?:^|[/_.])adam(?:w|$|[/_.])")


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for the whole file."""
    unread = [
        (name, tensor)
        for body in subject.bodies
        for name, tensor in (*body.initializers.items(), *body.sparse.items())
        if name not in body.readers
    ]
    elements = sum(math.prod(tensor.shape) for _, tensor in unread)
    state = next((name for name, _ in unread if _OPTIMISER.search(name)), None)
    if not unread or (elements < _FEW_ELEMENTS and state is None):
        return
    name = state or max(unread, key=lambda item: math.prod(item[1].shape))[0]
    what = "the state of an optimiser" if state else "the largest"
    several = f"{len(unread):,} tensors" if len(unread) > 1 else "a tensor"
    yield ABOUT.finding(f"no node reads {several} of {elements:,} elements; '{safe(name)}' is {what}", name)
