"""Rounding that mimics quantisation, where the circuit computes with integers anyway."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.planning.what_if.edit import Edit, removed
from auditor.planning.what_if.substitutions import swap
from auditor.planning.what_if.view import View


@swap("nearly the same function, where it only mimics quantisation: the circuit rounds by itself")
def without(view: View) -> Iterator[Edit]:
    """Round, and a QuantizeLinear with the DequantizeLinear that undoes it."""
    for node in view.of("Round"):
        yield removed(node)
    for node in view.of("DequantizeLinear"):
        quantize = view.producer(node.inputs[0], "QuantizeLinear")
        if quantize is not None and quantize.inputs[1:2] == node.inputs[1:2]:
            yield removed(node, quantize.inputs[0])
