"""Sigmoid and Tanh are tables, their piecewise linear forms cells: which is cheaper depends on the rest."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from auditor.planning.what_if.change import RETRAIN
from auditor.planning.what_if.edit import Edit, constant, swapped
from auditor.planning.what_if.substitutions import swap
from auditor.planning.what_if.view import View


@swap(RETRAIN)
def other_forms(view: View) -> Iterator[Edit]:
    """Sigmoid by HardSigmoid and back, Softsign by Tanh, Tanh by limits of -1 and 1."""
    for node in view.of("Sigmoid"):
        # The slope of Sigmoid at 0, which is a power of two besides.
        yield swapped(node, "HardSigmoid", attributes={"alpha": 0.25, "beta": 0.5})
    for node in view.of("HardSigmoid"):
        yield swapped(node, "Sigmoid")
    for node in view.of("Softsign"):
        yield swapped(node, "Tanh")
    for node in view.of("Tanh"):
        if view.model.opset < 11:
            yield swapped(node, "Clip", attributes={"min": -1.0, "max": 1.0})
            continue
        ends = [constant(f"{node.outputs[0]}.{end}", float(end)) for end in (-1, 1)]
        edit = swapped(node, "Clip", inputs=(node.inputs[0], *(end.name for end in ends)))
        yield replace(edit, constants=tuple(ends))
