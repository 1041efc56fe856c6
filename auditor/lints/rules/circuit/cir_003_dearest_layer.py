"""One layer that is most of the circuit.

Finds: a layer with more than half of all cells, in a circuit of four layers or more, whose operator has
something cheaper in `rules/operators`. MaxPool and a last Softmax have rules of their own.

Why: no change elsewhere makes a difference while this layer stands.

Do: what the finding says, or another way of `auditor explain OPERATOR`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor import rules
from auditor.findings import Finding
from auditor.lints.about import About

if TYPE_CHECKING:
    from auditor.lints.subject import Subject

ABOUT = About(id="AUD-CIR-003", severity="info", title="one layer is most of the circuit")

_LAYERS, _SHARE = 4, 0.5
_ENDS = ("Input", "Output")
_OTHERS = ("MaxPool", "Softmax", "LogSoftmax")


def check(subject: Subject) -> Iterator[Finding]:
    """Names in a circuit are harmless already."""
    circuit = subject.circuit
    layers = [layer for layer in circuit.layers if layer.operator not in _ENDS] if circuit else []
    if circuit is None or len(layers) < _LAYERS or not circuit.total_assignments:
        return
    layer = max(layers, key=lambda item: item.total_assignments)
    share = layer.total_assignments / circuit.total_assignments
    if share <= _SHARE or layer.operator in _OTHERS:
        return
    rule = rules.operator(layer.operator)
    cheaper = rule.fields.get("cheaper") if rule is not None else None
    if cheaper:
        yield ABOUT.finding(f"{layer.operator} takes {share:.0%} of the cells. {cheaper[0]}", layer.node)
