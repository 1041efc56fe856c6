"""A large table that is read by computed indices.

Finds: Gather, GatherElements or GatherND from a constant of 65,536 elements or more at indices that are no
constants: an embedding, most of the time.

Why: the whole table goes into the circuit as a dynamic lookup, whichever few of its rows are read, and asks
for columns as long as it is.

Do: look the embedding up outside and make the vectors the input of the model.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.findings import Finding
from auditor.lints.about import About
from auditor.safe import safe

if TYPE_CHECKING:
    from auditor.lints.subject import Subject

ABOUT = About(id="AUD-CIR-009", severity="low", title="large dynamic table")

_OPERATORS = ("Gather", "GatherElements", "GatherND")
_MANY_ELEMENTS = 1 << 16


def check(subject: Subject) -> Iterator[Finding]:
    """In every body."""
    if not any(operator in subject.nodes for operator in _OPERATORS):
        return
    for body in subject.bodies:
        for node in body.nodes:
            if node.op_type not in _OPERATORS or len(node.inputs) < 2:
                continue
            table, indices = body.constant(node.inputs[0]), body.constant(node.inputs[1])
            if table is None or indices is not None or math.prod(table.shape) < _MANY_ELEMENTS:
                continue
            size = math.prod(table.shape)
            message = f"{node.op_type} '{safe(node.name)}' reads {size:,} elements at computed indices"
            yield ABOUT.finding(message, node.name)
