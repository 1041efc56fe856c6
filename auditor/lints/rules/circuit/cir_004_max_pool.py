"""MaxPool that costs more than the layers around it.

Finds: MaxPool layers with more than a quarter of all cells together.

Why: EZKL sorts every window in the circuit: 80 cells for each output of a 2x2 window, 210 for 3x3, where a
sum takes a few.

Do: train with AveragePool, or with a convolution of stride 2 in place of the pool; keep windows disjoint.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.findings import Finding
from auditor.lints.about import About

if TYPE_CHECKING:
    from auditor.lints.subject import Subject

ABOUT = About(id="AUD-CIR-004", severity="low", title="MaxPool dominates")

_SHARE = 0.25


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for all of them."""
    circuit = subject.circuit
    if circuit is None or not circuit.total_assignments:
        return
    pools = [layer for layer in circuit.layers if layer.operator == "MaxPool"]
    share = sum(layer.total_assignments for layer in pools) / circuit.total_assignments
    if share > _SHARE:
        dearest = max(pools, key=lambda layer: layer.total_assignments)
        yield ABOUT.finding(
            f"MaxPool takes {share:.0%} of the cells; AveragePool a fraction of that", dearest.node
        )
