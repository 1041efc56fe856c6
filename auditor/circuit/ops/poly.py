"""Operations that EZKL lays out with gates alone (its ``circuit/ops/poly.rs``)."""

from __future__ import annotations

import numpy as np

from auditor.circuit.ops.base import Op, Padding, Shape
from auditor.equality import compared_without


class Abs(Op, frozen=True):
    pass


class Sign(Op, frozen=True):
    pass


class LeakyReLU(Op, frozen=True, kw_only=True):
    """``max(x, slope * x)``; a Relu has the slope 0."""

    slope: float
    scale: int


class GatherElements(Op, frozen=True, kw_only=True):
    """Elements along ``dim``; ``index`` when it is constant."""

    dim: int
    index: np.ndarray | None

    __eq__, __hash__ = compared_without("index")


class GatherND(Op, frozen=True, kw_only=True):
    """Slices at indices of several axes; ``index`` when it is constant."""

    batch_dims: int
    index: np.ndarray | None

    __eq__, __hash__ = compared_without("index")


class ScatterElements(Op, frozen=True, kw_only=True):
    """Elements replaced along ``dim``; ``index`` when it is constant."""

    dim: int
    index: np.ndarray | None

    __eq__, __hash__ = compared_without("index")


class ScatterND(Op, frozen=True, kw_only=True):
    """Slices replaced at indices of several axes; ``index`` when it is constant."""

    index: np.ndarray | None

    __eq__, __hash__ = compared_without("index")


class MultiBroadcastTo(Op, frozen=True, kw_only=True):
    """Repetition along axes of size one, up to ``shape``."""

    shape: Shape


class Einsum(Op, frozen=True, kw_only=True):
    """A sum of products; the equation in EZKL's notation, such as ``mk,kn->mn``."""

    equation: str


class Conv(Op, frozen=True, kw_only=True):
    """A convolution."""

    padding: Padding
    stride: Shape
    group: int
    data_format: str  # NCHW, NHWC, CHW or HWC
    kernel_format: str  # OIHW, HWIO or OHWI


class DeConv(Op, frozen=True, kw_only=True):
    """A transposed convolution."""

    padding: Padding
    output_padding: Shape
    stride: Shape
    group: int
    data_format: str
    kernel_format: str


class Downsample(Op, frozen=True, kw_only=True):
    """Every ``stride``-th element along an axis, from ``modulo`` on."""

    axis: int
    stride: int
    modulo: int


class Add(Op, frozen=True):
    pass


class Sub(Op, frozen=True):
    pass


class Neg(Op, frozen=True):
    pass


class Mult(Op, frozen=True):
    pass


class Identity(Op, frozen=True, kw_only=True):
    """The input, perhaps under another scale."""

    out_scale: int | None = None


class Reshape(Op, frozen=True, kw_only=True):
    """The same elements in another shape."""

    shape: Shape


class Flatten(Op, frozen=True, kw_only=True):
    """The same elements in a flatter shape."""

    shape: Shape


class MoveAxis(Op, frozen=True, kw_only=True):
    """One axis moved."""

    source: int
    destination: int


class Pad(Op, frozen=True, kw_only=True):
    """Zeroes around each axis."""

    padding: Padding


class Sum(Op, frozen=True, kw_only=True):
    """Sums along axes, which stay with size one."""

    axes: Shape


class MeanOfSquares(Op, frozen=True, kw_only=True):
    """Means of squares along axes."""

    axes: Shape


class Prod(Op, frozen=True, kw_only=True):
    """Products along axes of ``len_prod`` elements together."""

    axes: Shape
    len_prod: int


class Pow(Op, frozen=True, kw_only=True):
    """A whole, positive power."""

    exponent: int


class Concat(Op, frozen=True, kw_only=True):
    """Inputs one after another along an axis."""

    axis: int


class Slice(Op, frozen=True, kw_only=True):
    """Elements ``start`` to ``end`` (excluded) of an axis."""

    axis: int
    start: int
    end: int


class Iff(Op, frozen=True):
    pass


class Resize(Op, frozen=True, kw_only=True):
    """Every element repeated ``scale_factor`` times along each axis."""

    scale_factor: Shape


class Not(Op, frozen=True):
    pass


class And(Op, frozen=True):
    pass


class Or(Op, frozen=True):
    pass


class Xor(Op, frozen=True):
    pass


class Trilu(Op, frozen=True, kw_only=True):
    """The upper or lower triangle of matrices, ``k`` diagonals off."""

    upper: bool
    k: int
