"""The largest of many numbers is found by comparing; their mean is a sum."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.planning.what_if.change import RETRAIN
from auditor.planning.what_if.edit import Edit, swapped
from auditor.planning.what_if.substitutions import swap
from auditor.planning.what_if.view import View


@swap(RETRAIN)
def means(view: View) -> Iterator[Edit]:
    """Along the same axes."""
    for node in view.of("ReduceMax", "ReduceMin"):
        yield swapped(node, "ReduceMean", inputs=node.inputs, attributes=node.attributes)
