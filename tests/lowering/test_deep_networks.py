"""What lowering a deep network costs grows with its depth, and not with the square of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.circuit import RunArgs
from auditor.lowering import lower
from auditor.lowering.declutter.change_axes import Propagation
from auditor.model import bind_dimensions, read_source
from auditor.scaling import deepen
from auditor.value_shapes import value_shapes

TRANSFORMER = Path(__file__).parents[2] / "samples" / "digits_transformer" / "model.onnx"


def test_a_change_of_axes_that_must_fail_is_not_followed_through_all_layers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Layer normalisations refuse it where two of its branches meet, as they do in every layer."""
    model = bind_dimensions(read_source(TRANSFORMER).inlined, {}, None)[0]
    shapes = value_shapes(model)
    entered: list[str] = []
    enter = Propagation._enter_node

    def counted(self, node, io, change):  # type: ignore[no-untyped-def]
        entered.append(node.name)
        return enter(self, node, io, change)

    monkeypatch.setattr(Propagation, "_enter_node", counted)
    counts = []
    for factor in (4, 8, 16):
        entered.clear()
        lower(deepen(model, shapes, factor), RunArgs())
        counts.append(len(entered))
    # Followed through all layers it would be four times as many, and 600,000 in the end.
    assert counts[2] / counts[1] < 3.2
    assert counts[2] < 120_000
