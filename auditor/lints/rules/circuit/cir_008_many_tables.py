"""Many different lookup tables.

Finds: a circuit that reads eight different tables or more; the parameters of a function count.

Why: each table is a column of its own that every proof opens, and a longer verifying key and contract.
Powers, roots and activations with different constants get one each.

Do: use one activation in the whole model, and Relu where accuracy allows: it needs no table.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.findings import Finding
from auditor.lints.about import About

if TYPE_CHECKING:
    from auditor.lints.subject import Subject

ABOUT = About(id="AUD-CIR-008", severity="info", title="many lookup tables")

_MANY = 8


def check(subject: Subject) -> Iterator[Finding]:
    """Range checks are not counted: they are few in every circuit."""
    circuit = subject.circuit
    if (
        circuit is not None
        and circuit.required_lookups is not None
        and len(circuit.required_lookups) >= _MANY
    ):
        yield ABOUT.finding(f"the circuit reads {len(circuit.required_lookups)} different tables")
