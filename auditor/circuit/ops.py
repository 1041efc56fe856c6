"""The operations of an EZKL 23.0.5 circuit: what crosses from lowering to layout.

One class for each operation EZKL can lay out (``SupportedOp`` in its ``circuit/ops``), with the
attributes that change the layout and nothing else. Names are EZKL's. All shapes are element
counts per axis; scales are base-2 exponents unless a comment says "multiplier" (``2**scale``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

Shape = tuple[int, ...]
Padding = tuple[tuple[int, int], ...]
"""(before, after) for each padded axis."""


class Op:
    """Base of all circuit operations. Those without attributes are equal when they are of one class."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return f"{self.name}()"

    @property
    def name(self) -> str:
        """EZKL's name of the operation."""
        return type(self).__name__


# --- sources -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Input(Op):
    """A model input. ``datum_type`` is EZKL's (Bool, F16, F32, F64, Int, TDim, Unknown)."""

    scale: int
    datum_type: str
    decompose: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant(Op):
    """A constant tensor, quantised at ``scale``.

    ``load`` returns the quantised int64 values with the node's shape; it is called only when a
    rule needs the values, and is None when the file holds no data for it (shape only).
    ``decompose`` is EZKL's inverted flag: true when range checks of inputs are *ignored*.
    """

    scale: int
    visibility: str
    decompose: bool
    load: Callable[[], np.ndarray] | None = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown(Op):
    """An operation EZKL could not translate; circuits that hold one are rejected."""

    reason: str = ""


# --- polynomial operations -----------------------------------------------------------------


class Abs(Op):
    __slots__ = ()


class Sign(Op):
    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakyReLU(Op):
    """``max(x, slope * x)``; a Relu has the slope 0."""

    slope: float
    scale: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GatherElements(Op):
    """Elements along ``dim``; ``index`` when it is constant."""

    dim: int
    index: np.ndarray | None = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GatherND(Op):
    """Slices at indices of several axes; ``index`` when it is constant."""

    batch_dims: int
    index: np.ndarray | None = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScatterElements(Op):
    """Elements replaced along ``dim``; ``index`` when it is constant."""

    dim: int
    index: np.ndarray | None = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScatterND(Op):
    """Slices replaced at indices of several axes; ``index`` when it is constant."""

    index: np.ndarray | None = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiBroadcastTo(Op):
    """Repetition along axes of size one, up to ``shape``."""

    shape: Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Einsum(Op):
    """A sum of products; the equation in EZKL's notation, such as ``mk,kn->mn``."""

    equation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conv(Op):
    """A convolution."""

    padding: Padding
    stride: Shape
    group: int
    data_format: str  # NCHW, NHWC, CHW or HWC
    kernel_format: str  # OIHW, HWIO or OHWI


@dataclass(frozen=True, slots=True, kw_only=True)
class DeConv(Op):
    """A transposed convolution."""

    padding: Padding
    output_padding: Shape
    stride: Shape
    group: int
    data_format: str
    kernel_format: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Downsample(Op):
    """Every ``stride``-th element along an axis, from ``modulo`` on."""

    axis: int
    stride: int
    modulo: int


class Add(Op):
    __slots__ = ()


class Sub(Op):
    __slots__ = ()


class Neg(Op):
    __slots__ = ()


class Mult(Op):
    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity(Op):
    """The input, perhaps under another scale."""

    out_scale: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reshape(Op):
    """The same elements in another shape."""

    shape: Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Flatten(Op):
    """The same elements in a flatter shape."""

    shape: Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveAxis(Op):
    """One axis moved."""

    source: int
    destination: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pad(Op):
    """Zeroes around each axis."""

    padding: Padding


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum(Op):
    """Sums along axes, which stay with size one."""

    axes: Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanOfSquares(Op):
    """Means of squares along axes."""

    axes: Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Prod(Op):
    """Products along axes of ``len_prod`` elements together."""

    axes: Shape
    len_prod: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pow(Op):
    """A whole, positive power."""

    exponent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Concat(Op):
    """Inputs one after another along an axis."""

    axis: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice(Op):
    """Elements ``start`` to ``end`` (excluded) of an axis."""

    axis: int
    start: int
    end: int


class Iff(Op):
    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resize(Op):
    """Every element repeated ``scale_factor`` times along each axis."""

    scale_factor: Shape


class Not(Op):
    __slots__ = ()


class And(Op):
    __slots__ = ()


class Or(Op):
    __slots__ = ()


class Xor(Op):
    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trilu(Op):
    """The upper or lower triangle of matrices, ``k`` diagonals off."""

    upper: bool
    k: int


# --- lookups -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup(Op):
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Ln(Op):
    """A logarithm."""

    scale: float  # multiplier
    epsilon: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rsqrt(Op):
    """One divided by a square root."""

    input_scale: float  # multiplier
    output_scale: float  # multiplier
    epsilon: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sqrt(Op):
    """A square root."""

    scale: float  # multiplier


@dataclass(frozen=True, slots=True, kw_only=True)
class Recip(Op):
    """One divided by the input."""

    input_scale: float  # multiplier
    output_scale: float  # multiplier
    epsilon: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundHalfToEven(Op):
    """The nearest integer, halves to the even one."""

    scale: float  # multiplier
    legs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceil(Op):
    """The next integer upwards."""

    scale: float  # multiplier
    legs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor(Op):
    """The next integer downwards."""

    scale: float  # multiplier
    legs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Round(Op):
    """The nearest integer, halves away from zero."""

    scale: float  # multiplier
    legs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Div(Op):
    """A division by a constant."""

    denominator: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReduceMax(Op):
    """The largest along axes."""

    axes: Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class ReduceMin(Op):
    """The smallest along axes."""

    axes: Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class ReduceArgMax(Op):
    """Where the largest along ``dim`` stands."""

    dim: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReduceArgMin(Op):
    """Where the smallest along ``dim`` stands."""

    dim: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SumPool(Op):
    """Sums, or means where ``normalized``, of windows."""

    padding: Padding
    stride: Shape
    kernel_shape: Shape
    normalized: bool
    data_format: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MaxPool(Op):
    """The largest of each window."""

    padding: Padding
    stride: Shape
    pool_dims: Shape
    data_format: str


class Max(Op):
    __slots__ = ()


class Min(Op):
    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Softmax(Op):
    """Exponentials, divided by their sum along ``axes``."""

    input_scale: float  # multiplier
    output_scale: float  # multiplier
    axes: Shape
    epsilon: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Output(Op):
    """What EZKL does to a model output."""

    decompose: bool


class Greater(Op):
    __slots__ = ()


class GreaterEqual(Op):
    __slots__ = ()


class Less(Op):
    __slots__ = ()


class LessEqual(Op):
    __slots__ = ()


class Equals(Op):
    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gather(Op):
    """Slices along ``dim``; ``index`` when it is constant."""

    dim: int
    index: np.ndarray | None = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopK(Op):
    """The ``k`` largest or smallest along ``dim``, in order."""

    dim: int
    k: int
    largest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OneHot(Op):
    """A new axis that is 1 at the index and 0 elsewhere."""

    dim: int
    num_classes: int


# --- wrappers ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescaled(Op):
    """Multiplies inputs to a common scale before ``inner``: (input position, multiplier)."""

    inner: Op
    multipliers: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RebaseScale(Op):
    """Runs ``inner``, then ``rebase`` (a :class:`Div`) to bring its output to ``target_scale``."""

    inner: Op
    rebase: Op
    target_scale: int
    original_scale: int
    multiplier: float
