"""HardSwish as one node: EZKL has a table for it, and many cells for what exporters write instead."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.planning.what_if.change import SAME
from auditor.planning.what_if.edit import Edit
from auditor.planning.what_if.patterns import hard_swishes
from auditor.planning.what_if.substitutions import swap
from auditor.planning.what_if.view import View


@swap(SAME)
def hard_swish(view: View) -> Iterator[Edit]:
    """For x · HardSigmoid(x) and x · Clip(x + 3, 0, 6) / 6; the operator is one of opset 14."""
    if view.model.opset >= 14:
        for match in hard_swishes(view):
            yield match.becomes("HardSwish")
