"""What a circuit computes from: inputs, constants, and what EZKL could not translate."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from auditor.circuit.ops.base import Op
from auditor.equality import compared_without


class Input(Op, frozen=True, kw_only=True):
    """A model input. ``datum_type`` is EZKL's (Bool, F16, F32, F64, Int, TDim, Unknown)."""

    scale: int
    datum_type: str
    decompose: bool


class Constant(Op, frozen=True, kw_only=True):
    """A constant tensor, quantised at ``scale``.

    ``load`` returns the quantised int64 values with the node's shape; it is called only when a
    rule needs the values, and is None when the file holds no data for it (shape only).
    ``decompose`` is EZKL's inverted flag: true when range checks of inputs are *ignored*.
    """

    scale: int
    visibility: str
    decompose: bool
    load: Callable[[], np.ndarray] | None

    __eq__, __hash__ = compared_without("load")


class Unknown(Op, frozen=True, kw_only=True):
    """An operation EZKL could not translate; circuits that hold one are rejected."""

    reason: str = ""
