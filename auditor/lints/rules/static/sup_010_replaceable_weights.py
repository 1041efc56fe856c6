"""Weights that a caller may replace.

Finds: tensors that are inputs of the model as well, the way of IR versions before 4 and of
`keep_initializers_as_inputs`.

Why: ONNX Runtime computes with what the caller passes for them, while the circuit always has those of the
file: the proof is then of another answer. It also keeps runtimes from folding them.

Do: export with `keep_initializers_as_inputs=False`, or remove them from `graph.input`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.findings import Finding
from auditor.lints.about import About
from auditor.safe import safe

if TYPE_CHECKING:
    from auditor.lints.subject import Subject

ABOUT = About(id="AUD-SUP-010", severity="low", title="replaceable weights")


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for the whole file."""
    main = subject.main
    both = [name for name in main.inputs if name in main.initializers]
    if both:
        tensors = f"{len(both):,} tensors are inputs" if len(both) > 1 else "a tensor is an input"
        yield ABOUT.finding(f"{tensors} as well, and a caller may replace it: '{safe(both[0])}'", both[0])
