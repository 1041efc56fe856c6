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
    slope: float
    scale: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GatherElements(Op):
    dim: int
    index: np.ndarray | None = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GatherND(Op):
    batch_dims: int
    index: np.ndarray | None = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScatterElements(Op):
    dim: int
    index: np.ndarray | None = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScatterND(Op):
    index: np.ndarray | None = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiBroadcastTo(Op):
    shape: Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Einsum(Op):
    equation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conv(Op):
    padding: Padding
    stride: Shape
    group: int
    data_format: str  # NCHW, NHWC, CHW or HWC
    kernel_format: str  # OIHW, HWIO or OHWI


@dataclass(frozen=True, slots=True, kw_only=True)
class DeConv(Op):
    padding: Padding
    output_padding: Shape
    stride: Shape
    group: int
    data_format: str
    kernel_format: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Downsample(Op):
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
    out_scale: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reshape(Op):
    shape: Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Flatten(Op):
    shape: Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveAxis(Op):
    source: int
    destination: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pad(Op):
    padding: Padding


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum(Op):
    axes: Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanOfSquares(Op):
    axes: Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Prod(Op):
    axes: Shape
    len_prod: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pow(Op):
    exponent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Concat(Op):
    axis: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice(Op):
    axis: int
    start: int
    end: int


class Iff(Op):
    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resize(Op):
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
    scale: float  # multiplier
    epsilon: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rsqrt(Op):
    input_scale: float  # multiplier
    output_scale: float  # multiplier
    epsilon: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sqrt(Op):
    scale: float  # multiplier


@dataclass(frozen=True, slots=True, kw_only=True)
class Recip(Op):
    input_scale: float  # multiplier
    output_scale: float  # multiplier
    epsilon: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundHalfToEven(Op):
    scale: float  # multiplier
    legs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceil(Op):
    scale: float  # multiplier
    legs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor(Op):
    scale: float  # multiplier
    legs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Round(Op):
    scale: float  # multiplier
    legs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Div(Op):
    denominator: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReduceMax(Op):
    axes: Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class ReduceMin(Op):
    axes: Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class ReduceArgMax(Op):
    dim: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReduceArgMin(Op):
    dim: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SumPool(Op):
    padding: Padding
    stride: Shape
    kernel_shape: Shape
    normalized: bool
    data_format: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MaxPool(Op):
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
    input_scale: float  # multiplier
    output_scale: float  # multiplier
    axes: Shape
    epsilon: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Output(Op):
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
    dim: int
    index: np.ndarray | None = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopK(Op):
    dim: int
    k: int
    largest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OneHot(Op):
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
