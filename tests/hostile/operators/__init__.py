"""Hostile as operators: sizes that explode, axes that do not exist, values no arithmetic survives."""

from __future__ import annotations

from tests.hostile.operators.axes import AXES
from tests.hostile.operators.einsums import EINSUMS
from tests.hostile.operators.exploding import EXPLODING
from tests.hostile.operators.found import FOUND
from tests.hostile.operators.values import VALUES
from tests.hostile.operators.windows import WINDOWS

GROUPS = {
    "exploding": EXPLODING,
    "window": WINDOWS,
    "axis": AXES,
    "einsum": EINSUMS,
    "value": VALUES,
    "found": FOUND,
}
