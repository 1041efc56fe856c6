"""Writing elements at indices (tract `ops/array/scatter_elements.rs`, `scatter_nd.rs`)."""

from __future__ import annotations

import numpy as np

from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.op import TypedOp
from auditor.lowering.graph.shapes import ShapeMismatch
from auditor.lowering.typed.gather import check_inside, places


class ScatterElements(TypedOp, frozen=True, kw_only=True):
    """Writes single elements: the index replaces one coordinate of its own place."""

    axis: int

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        return [Fact(inputs[0].dt, inputs[0].shape)]

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        data, indices, updates = inputs
        _check_same_type(data, updates)
        if any(u > i for u, i in zip(updates.shape, indices.shape, strict=True)):
            raise ShapeMismatch(f"updates {updates.shape} with indices {indices.shape}")
        result = data.copy()
        result[places(indices, updates.shape, data.shape, self.axis)] = updates
        return [result]


class ScatterNd(TypedOp, frozen=True, kw_only=True):
    """Writes slices at tuples of indices, the last axis of the indices."""

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        return [Fact(inputs[0].dt, inputs[0].shape)]

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        data, indices, updates = inputs
        _check_same_type(data, updates)
        result = data.copy()
        for place in np.ndindex(indices.shape[:-1]):
            target = tuple(indices[place].tolist())
            check_inside(target, data.shape)
            try:
                result[target] = updates[place]
            except (ValueError, IndexError) as error:
                raise ShapeMismatch(f"updates {updates.shape} with indices {indices.shape}") from error
        return [result]


def _check_same_type(data: np.ndarray, updates: np.ndarray) -> None:
    if data.dtype != updates.dtype:
        raise ShapeMismatch(f"data is {data.dtype}, updates are {updates.dtype}")
