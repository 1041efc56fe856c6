"""Many public values.

Finds: a circuit with more than 4,096 public values: inputs, outputs or parameters that are public.

Why: every one of them is 32 bytes of calldata and a few hundred gas in every verification, and all of them
share one column.

Do: make the input private and hash it: `--set input_visibility=hashed`; or let the model answer with fewer
values.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.findings import Finding
from auditor.lints.about import About

if TYPE_CHECKING:
    from auditor.lints.subject import Subject

ABOUT = About(id="AUD-CIR-010", severity="low", title="many public values")

_MANY = 4096


def check(subject: Subject) -> Iterator[Finding]:
    """Instances, in the words of halo2."""
    circuit = subject.circuit
    if circuit is not None and circuit.num_instances is not None and circuit.num_instances > _MANY:
        yield ABOUT.finding(f"{circuit.num_instances:,} public values, each paid for in every verification")
