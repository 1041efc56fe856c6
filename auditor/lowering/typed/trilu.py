"""Triangles of matrices (tract `ops/array/trilu.rs`)."""

from __future__ import annotations

import numpy as np

from auditor.lowering.errors import Uncertain
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.op import TypedOp
from auditor.lowering.graph.shapes import ShapeMismatch

_FARTHEST = 2**62


class Trilu(TypedOp, frozen=True, kw_only=True):
    """The upper or lower triangle of the last two axes; the second input is the diagonal."""

    upper: bool

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        return [inputs[0].without_value()]

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        data, diagonal = inputs
        if data.ndim < 2 or diagonal.size != 1:
            raise ShapeMismatch(f"triangle {diagonal.shape} of {data.shape}")
        k = int(diagonal.reshape(-1)[0])
        if abs(k) > _FARTHEST:
            raise Uncertain(f"a diagonal {k} away, where tract's sums overflow")
        k = max(-data.shape[-2], min(k, data.shape[-1]))
        return [np.triu(data, k) if self.upper else np.tril(data, k)]
