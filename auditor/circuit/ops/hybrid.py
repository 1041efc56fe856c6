"""Operations that EZKL makes of others, with range checks or sorts (its ``circuit/ops/hybrid.rs``)."""

from __future__ import annotations

import numpy as np

from auditor.circuit.ops.base import Op, Padding, Shape
from auditor.equality import compared_without


class Ln(Op, frozen=True, kw_only=True):
    """A logarithm."""

    scale: float  # multiplier
    epsilon: float


class Rsqrt(Op, frozen=True, kw_only=True):
    """One divided by a square root."""

    input_scale: float  # multiplier
    output_scale: float  # multiplier
    epsilon: float


class Sqrt(Op, frozen=True, kw_only=True):
    """A square root."""

    scale: float  # multiplier


class Recip(Op, frozen=True, kw_only=True):
    """One divided by the input."""

    input_scale: float  # multiplier
    output_scale: float  # multiplier
    epsilon: float


class RoundHalfToEven(Op, frozen=True, kw_only=True):
    """The nearest integer, halves to the even one."""

    scale: float  # multiplier
    legs: int


class Ceil(Op, frozen=True, kw_only=True):
    """The next integer upwards."""

    scale: float  # multiplier
    legs: int


class Floor(Op, frozen=True, kw_only=True):
    """The next integer downwards."""

    scale: float  # multiplier
    legs: int


class Round(Op, frozen=True, kw_only=True):
    """The nearest integer, halves away from zero."""

    scale: float  # multiplier
    legs: int


class Div(Op, frozen=True, kw_only=True):
    """A division by a constant."""

    denominator: float


class ReduceMax(Op, frozen=True, kw_only=True):
    """The largest along axes."""

    axes: Shape


class ReduceMin(Op, frozen=True, kw_only=True):
    """The smallest along axes."""

    axes: Shape


class ReduceArgMax(Op, frozen=True, kw_only=True):
    """Where the largest along ``dim`` stands."""

    dim: int


class ReduceArgMin(Op, frozen=True, kw_only=True):
    """Where the smallest along ``dim`` stands."""

    dim: int


class SumPool(Op, frozen=True, kw_only=True):
    """Sums, or means where ``normalized``, of windows."""

    padding: Padding
    stride: Shape
    kernel_shape: Shape
    normalized: bool
    data_format: str


class MaxPool(Op, frozen=True, kw_only=True):
    """The largest of each window."""

    padding: Padding
    stride: Shape
    pool_dims: Shape
    data_format: str


class Max(Op, frozen=True):
    pass


class Min(Op, frozen=True):
    pass


class Softmax(Op, frozen=True, kw_only=True):
    """Exponentials, divided by their sum along ``axes``."""

    input_scale: float  # multiplier
    output_scale: float  # multiplier
    axes: Shape
    epsilon: float


class Output(Op, frozen=True, kw_only=True):
    """What EZKL does to a model output."""

    decompose: bool


class Greater(Op, frozen=True):
    pass


class GreaterEqual(Op, frozen=True):
    pass


class Less(Op, frozen=True):
    pass


class LessEqual(Op, frozen=True):
    pass


class Equals(Op, frozen=True):
    pass


class Gather(Op, frozen=True, kw_only=True):
    """Slices along ``dim``; ``index`` when it is constant."""

    dim: int
    index: np.ndarray | None

    __eq__, __hash__ = compared_without("index")


class TopK(Op, frozen=True, kw_only=True):
    """The ``k`` largest or smallest along ``dim``, in order."""

    dim: int
    k: int
    largest: bool


class OneHot(Op, frozen=True, kw_only=True):
    """A new axis that is 1 at the index and 0 elsewhere."""

    dim: int
    num_classes: int
