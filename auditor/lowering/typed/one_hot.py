"""One-hot encoding (tract `ops/array/one_hot.rs`)."""

from __future__ import annotations

import numpy as np

from auditor.lowering.graph.axes import AxesMapping, Axis
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.op import TypedOp
from auditor.lowering.graph.shapes import ShapeMismatch
from auditor.lowering.graph.tensor import Tensor


class OneHot(TypedOp, frozen=True, kw_only=True, eq=False):
    """A new axis of size ``dim``: ``on`` at the index, ``off`` elsewhere (both scalars)."""

    axis: int
    dim: int
    off: Tensor
    on: Tensor

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        shape = inputs[0].shape
        if not 0 <= self.axis <= len(shape):
            raise ShapeMismatch(f"one-hot axis {self.axis} of {shape}")
        return [Fact(self.off.dt, (*shape[: self.axis], self.dim, *shape[self.axis :]))]

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        indices = inputs[0].astype(np.int32)
        indices = np.where(indices < 0, indices + self.dim, indices)
        if indices.size and not (indices.min() >= 0 and indices.max() < self.dim):
            raise ShapeMismatch(f"a class lies outside 0..{self.dim}")
        shape = self.output_facts([Fact("i64", indices.shape)])[0].shape
        result = np.full(shape, self.off.array.reshape(()), dtype=self.off.array.dtype)
        np.put_along_axis(result, np.expand_dims(indices, self.axis), self.on.array.reshape(()), self.axis)
        return [result]

    def axes_mapping(self, inputs: list[Fact], outputs: list[Fact]) -> AxesMapping:
        axes = [
            Axis(chr(ord("a") + position), ((position,),), ((position + (position >= self.axis),),))
            for position in range(inputs[0].rank)
        ]
        return AxesMapping.new(1, 1, [*axes, Axis("Z", ((),), ((self.axis,),))])
