"""The operations of an EZKL 23.0.5 circuit: what crosses from lowering to layout.

One class for each operation EZKL can lay out (``SupportedOp`` in its ``circuit/ops``), with the
attributes that change the layout and nothing else. Names are EZKL's. All shapes are element
counts per axis; scales are base-2 exponents unless a comment says "multiplier" (``2**scale``).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from msgspec import Struct

from auditor.equality import compared_without

Shape = tuple[int, ...]
Padding = tuple[tuple[int, int], ...]
"""(before, after) for each padded axis."""


class Op(Struct, frozen=True):
    """Base of all circuit operations. Those without attributes are equal when they are of one class."""

    @property
    def name(self) -> str:
        """EZKL's name of the operation."""
        return type(self).__name__


# --- sources -------------------------------------------------------------------------------


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


# --- polynomial operations -----------------------------------------------------------------


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


# --- lookups -------------------------------------------------------------------------------


class Lookup(Op, frozen=True, kw_only=True):
    """A non-linearity read from a table of ``lookup_range``.

    ``function`` is EZKL's name (Div, IsOdd, PowersOfTwo, Ln, Sigmoid, Exp, Cos, ACos, Cosh, ACosh,
    Sin, ASin, Sinh, ASinh, Tan, ATan, Tanh, ATanh, Erf, Pow, HardSwish); ``parameters`` are its
    fields in EZKL's order as f32 values (scale multiplier or denominator, then base or exponent).
    Two lookups share a table exactly when both are equal.
    """

    function: str
    parameters: tuple[float, ...] = ()

    @property
    def name(self) -> str:
        return self.function


# --- hybrid operations ---------------------------------------------------------------------


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


# --- wrappers ------------------------------------------------------------------------------


class Rescaled(Op, frozen=True, kw_only=True):
    """Multiplies inputs to a common scale before ``inner``: (input position, multiplier)."""

    inner: Op
    multipliers: tuple[tuple[int, int], ...]


class RebaseScale(Op, frozen=True, kw_only=True):
    """Runs ``inner``, then ``rebase`` (a :class:`Div`) to bring its output to ``target_scale``."""

    inner: Op
    rebase: Op
    target_scale: int
    original_scale: int
    multiplier: float
