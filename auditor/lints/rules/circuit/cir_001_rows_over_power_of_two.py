"""Rows just above a power of two.

Finds: a circuit whose rows are up to 10 % more than half of its columns hold, where nothing else needs
columns of this length.

Why: columns have 2^logrows rows. A few rows too many double them, and with them the keys, the memory and the
time of every proof.

Do: take a layer, a channel or a few input elements away, or a scale of one bit less; `auditor plan` tries run
args.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.findings import Finding
from auditor.lints.about import About
from auditor.lints.needs import needed_beside_rows

if TYPE_CHECKING:
    from auditor.lints.subject import Subject

ABOUT = About(id="AUD-CIR-001", severity="low", title="rows just above a power of two")

_MARGIN = 0.1


def check(subject: Subject) -> Iterator[Finding]:
    """At the logrows of the report."""
    circuit = subject.circuit
    if circuit is None or circuit.num_rows is None or circuit.logrows is None:
        return
    half = 1 << (circuit.logrows - 1)
    over = circuit.num_rows - half
    if 0 < over <= _MARGIN * half and needed_beside_rows(circuit) <= half:
        power = f"2^{circuit.logrows - 1}"
        message = f"{over:,} of {circuit.num_rows:,} rows are above {power}: they double the circuit"
        yield ABOUT.finding(message)
