"""Operations whose output is random, or only known for constants."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from auditor.lowering.errors import Uncertain
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.op import TypedOp
from auditor.lowering.graph.shapes import Shape, ShapeMismatch


class Random(TypedOp, frozen=True, kw_only=True):
    """Random numbers of a type and shape, without inputs (tract `onnx-opl/src/random.rs`)."""

    is_stateless: ClassVar[bool] = False
    dt: str
    shape: Shape

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        return [Fact(self.dt, self.shape)]


class Multinomial(TypedOp, frozen=True, kw_only=True):
    """Random classes for rows of log probabilities (tract `onnx-opl/src/multinomial.rs`)."""

    dtype: str
    sample_size: int

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        return [Fact(self.dtype, (inputs[0].shape[0], self.sample_size))]

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        raise Uncertain("EZKL draws the random numbers while it reads the model")


class NonZero(TypedOp, frozen=True, kw_only=True):
    """Coordinates of elements that are not zero, for constants (tract `onnx/src/ops/array/nonzero.rs`)."""

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        if inputs[0].konst is None:
            raise ShapeMismatch("the number of elements that are not zero is not known beforehand")
        return [Fact("i64", (inputs[0].rank, int(np.count_nonzero(inputs[0].konst.array))))]

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        data = inputs[0]
        if data.ndim == 0:
            return [np.zeros((0, int(np.count_nonzero(data))), dtype=np.int64)]
        return [np.array(np.nonzero(data), dtype=np.int64)]


class Compress(TypedOp, frozen=True, kw_only=True):
    """Elements or slices where a condition holds, for constants (tract `onnx/src/ops/array/compress.rs`)."""

    axis: int | None

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        data, condition = inputs
        if condition.konst is None:
            raise ShapeMismatch("the number of elements to keep is not known beforehand")
        count = int(np.count_nonzero(condition.konst.array))
        if self.axis is None:
            return [Fact(data.dt, (count,))]
        if not 0 <= self.axis < data.rank:
            raise ShapeMismatch(f"compresses axis {self.axis} of {data.shape}")
        return [Fact(data.dt, (*data.shape[: self.axis], count, *data.shape[self.axis + 1 :]))]

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        data, condition = inputs
        size = data.size if self.axis is None else data.shape[self.axis]
        kept = np.flatnonzero(condition)
        if kept.size and kept[-1] >= size:
            raise ShapeMismatch(f"the condition has {condition.size} entries for {size} elements")
        return [np.take(data, kept, axis=self.axis)]
