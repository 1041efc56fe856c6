"""Bounds of values: each is a comparison, but one of zero is a Relu."""

from __future__ import annotations

import math
from collections.abc import Iterator

from auditor.model.graph import NodeDef
from auditor.planning.what_if.change import SAME
from auditor.planning.what_if.edit import Edit, constant, made, place, swapped
from auditor.planning.what_if.patterns import bounds
from auditor.planning.what_if.substitutions import swap
from auditor.planning.what_if.view import View


@swap(SAME)
def with_relu(view: View) -> Iterator[Edit]:
    """max(x, 0) is a Relu, and min(x, c) is c - Relu(c - x)."""
    for node in view.of("Max"):
        for index, name in enumerate(node.inputs):
            if len(node.inputs) == 2 and view.scalar(name) == 0:
                yield swapped(node, "Relu", inputs=(node.inputs[1 - index],))
    for node in view.of("Min"):
        for index, name in enumerate(node.inputs):
            value = view.scalar(name)
            if len(node.inputs) == 2 and value is not None:
                yield _from_below(node, node.inputs[1 - index], -math.inf, value)
    for node in view.of("Clip"):
        ends = bounds(view, node)
        if ends is not None and ends[0] in (0.0, -math.inf) and math.isfinite(ends[1]):
            yield _from_below(node, node.inputs[0], *ends)


@swap("the same where no value reaches the upper bound, else another function: check or retrain")
def without_upper_bound(view: View) -> Iterator[Edit]:
    """A Relu for a Clip from 0."""
    for node in view.of("Clip"):
        ends = bounds(view, node)
        if ends is not None and ends[0] == 0.0:
            yield swapped(node, "Relu")


def _from_below(node: NodeDef, source: str, low: float, high: float) -> Edit:
    """c - Relu(c - x), of Relu(x) where ``low`` is 0."""
    stem = node.outputs[0]
    limit = constant(f"{stem}.limit", float(high))
    put = [made("Relu", [source], f"{stem}.above_zero")] if low == 0.0 else []
    below = put[-1].outputs[0] if put else source
    put += [
        made("Sub", [limit.name, below], f"{stem}.room"),
        made("Relu", [f"{stem}.room"], f"{stem}.left"),
        made("Sub", [limit.name, f"{stem}.left"], stem),
    ]
    return Edit(
        what=f"{node.op_type} -> {high:g} - Relu({high:g} - x)",
        where=place(node),
        drop=(node,),
        put=tuple(put),
        constants=(limit,),
    )
