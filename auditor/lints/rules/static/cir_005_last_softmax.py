"""Softmax as the last operator.

Finds: an output of the model that a Softmax or LogSoftmax makes.

Why: it does not change which class wins, and it is among the dearest operators: EZKL sorts every vector,
looks up an exponential for each element and divides.

Do: prove the scores before it, and compute the Softmax outside of the circuit where somebody needs the
shares.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.findings import Finding
from auditor.lints.about import About
from auditor.safe import safe

if TYPE_CHECKING:
    from auditor.lints.subject import Subject

ABOUT = About(id="AUD-CIR-005", severity="low", title="Softmax as last operator")

_MONOTONE = ("Softmax", "LogSoftmax")


def check(subject: Subject) -> Iterator[Finding]:
    """Of the main graph; Identity after it changes nothing."""
    main = subject.main
    for output in main.outputs:
        node = main.producers.get(output)
        for _ in main.nodes:
            if node is None or node.op_type != "Identity" or not node.inputs:
                break
            node = main.producers.get(node.inputs[0])
        if node is not None and node.op_type in _MONOTONE:
            message = f"{node.op_type} makes the output '{safe(output)}': prove the scores before it"
            yield ABOUT.finding(message, node.name)
