"""The largest or smallest elements of an axis (tract `ops/array/topk.rs`)."""

from __future__ import annotations

import numpy as np

from auditor.lowering.errors import Uncertain
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.op import TypedOp
from auditor.lowering.graph.shapes import ShapeMismatch
from auditor.lowering.typed.cast import whole


class Topk(TypedOp, frozen=True, kw_only=True):
    """Values and indices of the first ``k`` of a sorted axis; ``k`` is the second input.

    ``fallback_k`` stands in for a ``k`` that is not constant. tract makes it a symbol that nobody binds,
    which is None here.
    """

    axis: int
    largest: bool
    fallback_k: int | None

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        data, k = inputs
        count = self.fallback_k if k.konst is None else whole(k.konst.array)
        if count is None:
            raise ShapeMismatch("the number of elements to keep is not constant")
        if not 0 <= self.axis < data.rank or count < 0:
            raise ShapeMismatch(f"the first {count} of axis {self.axis} of {data.shape}")
        shape = (*data.shape[: self.axis], count, *data.shape[self.axis + 1 :])
        return [Fact(data.dt, shape), Fact("i64", shape)]

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        data, count = inputs[0], int(inputs[1].reshape(-1)[0])
        if data.dtype.kind == "f" and np.isnan(data).any():
            raise Uncertain("tract leaves the order of NaN open")
        if data.dtype.kind == "b":
            raise ShapeMismatch("booleans have no order")
        order = _stable_order(data, self.axis, self.largest)
        kept = np.take(order, np.arange(min(count, data.shape[self.axis])), axis=self.axis)
        values = np.take_along_axis(data, kept, axis=self.axis)
        missing = [(0, 0)] * data.ndim
        missing[self.axis] = (0, count - kept.shape[self.axis])
        return [np.pad(values, missing), np.pad(kept.astype(np.int64), missing)]


def _stable_order(data: np.ndarray, axis: int, largest: bool) -> np.ndarray:
    """The sorting permutation in which equal elements keep their order."""
    if not largest:
        return np.argsort(data, axis=axis, kind="stable")
    backwards = np.argsort(np.flip(data, axis), axis=axis, kind="stable")
    return np.flip(data.shape[axis] - 1 - backwards, axis)
