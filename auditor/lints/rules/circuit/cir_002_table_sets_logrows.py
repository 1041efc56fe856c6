"""A table that makes the circuit longer than its rows do.

Finds: a lookup or range table that alone asks for columns at least four times as long as the rows of the
circuit, from logrows 18 on.

Why: a table has to be in the columns as a whole. The model is small, and the proof is that of a large one.

Do: lower `input_scale` and `param_scale`, narrow `lookup_range`, or take a smaller `decomp_base`; `auditor
plan` finds the cheapest that keep the accuracy.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.findings import Finding
from auditor.lints.about import About
from auditor.lints.needs import widest_table

if TYPE_CHECKING:
    from auditor.lints.subject import Subject

ABOUT = About(id="AUD-CIR-002", severity="low", title="table sets logrows")

_COSTLY = 18


def check(subject: Subject) -> Iterator[Finding]:
    """At the logrows of the report."""
    circuit = subject.circuit
    if circuit is None or circuit.num_rows is None or (circuit.logrows or 0) < _COSTLY:
        return
    widest = widest_table(circuit)
    if widest > 1 << ((circuit.logrows or 0) - 1) and widest >= 4 * circuit.num_rows:
        message = (
            f"a table of {widest:,} values sets logrows {circuit.logrows}; the rows are {circuit.num_rows:,}"
        )
        yield ABOUT.finding(message)
