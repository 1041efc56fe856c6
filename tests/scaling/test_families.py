"""Whatever scales still lowers, and has the shapes that were foretold; by one it keeps its circuit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path

import pytest

from auditor.layout import LayoutError
from auditor.lowering import Unmodelled, Unsupported
from auditor.model import Model, read
from auditor.scaling import CannotScale, deepen, lengthen, widen
from tests.families import random_model
from tests.scaling.building import circuit, shapes

SEEDS = range(44)

Shapes = Mapping[str, tuple[int, ...]]
AXES: dict[str, tuple[Callable[[Model, Shapes, int], Model], int]] = {
    "widen": (lambda model, known, factor: widen(model, known, Fraction(factor)), 15),
    "deepen": (deepen, 10),
    "lengthen": (lengthen, 10),
}
"""What scales along an axis, and of how many of the models at least."""


@pytest.mark.parametrize("axis", AXES)
def test_random_models(axis: str, tmp_path: Path) -> None:
    scale, least = AXES[axis]
    seen: Counter[str] = Counter()
    for seed in SEEDS:
        path = tmp_path / "model.onnx"
        path.write_bytes(random_model(seed).model)
        model = read(path).model
        try:
            known, own = shapes(model), circuit(model)
            once, twice = scale(model, known, 1), scale(model, known, 2)
        except (CannotScale, LayoutError, Unmodelled, Unsupported):
            continue
        assert circuit(once) == own, seed
        assert circuit(twice)["num_rows"] >= own["num_rows"], seed
        found = shapes(twice)
        assert {info.name: info.shape for info in twice.graph.outputs if _is_known(info.shape)} == {
            info.name: found[info.name] for info in twice.graph.outputs if _is_known(info.shape)
        }, seed
        seen["scaled"] += 1
    assert seen["scaled"] >= least


def _is_known(shape: tuple[object, ...] | None) -> bool:
    return shape is not None and all(isinstance(size, int) for size in shape)
