"""The choice between two inputs, element by element (tract `ops/logic.rs`)."""

from __future__ import annotations

import numpy as np

from auditor.lowering.graph.axes import AxesMapping
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.op import TypedOp
from auditor.lowering.graph.shapes import ShapeMismatch, broadcast_shapes


class Iff(TypedOp, frozen=True, kw_only=True):
    """The second input where the first holds, else the third. tract neither simplifies nor moves it."""

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        condition, then, otherwise = inputs
        if then.dt != otherwise.dt:
            raise ShapeMismatch(f"a choice between {then.dt} and {otherwise.dt}")
        if not condition.rank == then.rank == otherwise.rank:
            raise ShapeMismatch(f"a choice between ranks {condition.rank}, {then.rank} and {otherwise.rank}")
        return [Fact(then.dt, broadcast_shapes([condition.shape, then.shape, otherwise.shape]))]

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        condition, then, otherwise = inputs
        if condition.dtype != np.bool_:
            raise ShapeMismatch(f"a choice by {condition.dtype}")
        return [np.where(condition, then, otherwise)]

    def axes_mapping(self, inputs: list[Fact], outputs: list[Fact]) -> AxesMapping:
        return AxesMapping.natural(len(inputs), len(outputs), inputs[0].rank)
