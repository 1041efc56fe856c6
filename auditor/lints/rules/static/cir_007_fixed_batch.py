"""A batch of more than one.

Finds: a model whose inputs and outputs all start with the same fixed size greater than 1.

Why: the circuit holds every row of the batch, and memory grows with them; one proof then speaks of all rows
and cannot be split. Products with weights become cheaper for each row from two rows on (Freivalds' method),
all other operators do not.

Do: export with batch size 1 unless as many inferences are always proved together; `auditor estimate` compares
the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.findings import Finding
from auditor.lints.about import About

if TYPE_CHECKING:
    from auditor.lints.subject import Subject

ABOUT = About(id="AUD-CIR-007", severity="info", title="batch of more than one")


def check(subject: Subject) -> Iterator[Finding]:
    """What the file declares; sizes given on the command line are the wish of the user."""
    graph = subject.model.graph
    inputs = [info for info in graph.inputs if info.name not in graph.initializers]
    shapes = [info.shape for info in (*inputs, *graph.outputs)]
    first = {shape[0] if shape and len(shape) > 1 else None for shape in shapes}
    size = first.pop() if len(first) == 1 else None
    if isinstance(size, int) and size > 1 and inputs:
        yield ABOUT.finding(f"every input and output has {size:,} rows, and the circuit holds them all")
