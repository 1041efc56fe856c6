"""Fixed-point arithmetic of scales, and constants as EZKL quantises them (EZKL `graph/utilities.rs`)."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable

import numpy as np

from auditor.circuit import ops
from auditor.lowering.errors import Rejected, TooManyValues
from auditor.lowering.graph.shapes import Shape
from auditor.lowering.graph.tensor import MAX_VOLUME, Tensor

_I128_LIMIT = 2.0**127
_I64_LIMIT = 2.0**63
_HUGE = 1e30
"""Where constants are infinities and masks rather than numbers to compute with."""
_OTHER_MASKS = "replace infinities and huge masks by moderate numbers, such as -1e4"
_OTHER_SCALES = "lower input_scale, param_scale or scale_rebase_multiplier"
LARGEST_SCALE = 2**31 - 1
"""EZKL's scales are i32."""
_U128_MAX = 2**128 - 1
_BLOCK = 1 << 17
"""How many elements are quantised at a time, for the sake of memory."""


def multiplier(scale: int) -> float:
    """``2**scale``, infinite where a double overflows (EZKL `scale_to_multiplier`)."""
    return 2.0**scale if scale < sys.float_info.max_exp else math.inf


def multiplier_f32(scale: int) -> float:
    """``2**scale`` as EZKL stores it in an operation: a single-precision number."""
    return as_f32(multiplier(scale))


def scale_of(factor: float) -> int:
    """The scale nearest to a multiplier; of infinity it is the largest i32 (EZKL `multiplier_to_scale`)."""
    if factor == math.inf:
        return LARGEST_SCALE
    return math.floor(math.log2(factor) + 0.5)


def as_f32(value: float) -> float:
    """A number in single precision; infinite where that overflows."""
    with np.errstate(over="ignore"):
        return float(np.float32(value))


def as_u128(value: float) -> int:
    """Rust's cast of a positive float: saturating."""
    return _U128_MAX if value >= float(_U128_MAX) else int(value)


def as_usize(values: np.ndarray) -> np.ndarray:
    """Rust's cast of f32 to an unsigned index: towards zero, negative and NaN become zero; int64."""
    wide = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=_I64_LIMIT, neginf=0.0)
    limit = float(np.nextafter(_I64_LIMIT, 0.0))
    return np.asarray(np.trunc(np.clip(wide, 0.0, limit)).astype(np.int64))


def as_i32(value: float) -> int:
    """Rust's cast of a float to i32: towards zero, saturating, NaN becomes zero."""
    if math.isnan(value):
        return 0
    return int(max(-(2.0**31), min(2.0**31 - 1, value)))


class RawConstant:
    """The real values of a constant, which EZKL keeps in single precision until all scales are known."""

    __slots__ = ("_largest", "tensor")

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor
        self._largest: float | None = None

    @property
    def shape(self) -> Shape:
        """Sizes per axis; () for a scalar."""
        return self.tensor.shape

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.tensor.volume

    def values(self) -> np.ndarray:
        """The values as f32, with the tensor's shape (EZKL `extract_tensor_value`).

        Raises:
            ValuesAbsent: the file holds none.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            return self.tensor.array.astype(np.float32, copy=False)

    def scalar(self) -> float:
        """The value of a constant of one element."""
        return float(self.values().reshape(-1)[0])

    def all_round(self) -> bool:
        """Whether every value is an integer; true for integer types, and for no values at all."""
        if self.tensor.dt not in ("f16", "f32", "f64"):
            return True
        with np.errstate(invalid="ignore"):
            return bool(np.all(np.mod(self.values(), np.float32(1)) == 0))

    def check(self, scale: int) -> None:
        """What EZKL checks when it quantises; nothing when there are no values to check.

        Raises:
            Rejected: a value is infinite or too large for 128 bits.
        """
        if self.tensor.dt == "bool" or not self.tensor.has_values or self.size == 0:
            return
        if self._largest is None:
            self._largest = _largest(self.values())
        if self._largest > _I128_LIMIT / multiplier(scale):
            raise Rejected(
                f"a constant holds {self._largest:g}, which overflows EZKL's fixed point at scale {scale}",
                _OTHER_SCALES if self._largest < _HUGE else _OTHER_MASKS,
            )

    def loader(self, scale: int) -> Callable[[], np.ndarray] | None:
        """Computes the quantised values when they are needed; None when there are none.

        Raises:
            TooManyValues: there are more than are looked at.
        """
        if not self.tensor.has_values:
            return None
        if self.size > MAX_VOLUME:
            raise TooManyValues(f"a constant has {self.size:,} elements, more than are looked at")
        return lambda: quantize(self.values(), scale).reshape(self.shape or (1,))


def _largest(values: np.ndarray) -> float:
    """The largest magnitude, NaN aside."""
    high, low = float(values.max()), float(values.min())
    if math.isnan(high):
        high, low = float(np.fmax.reduce(values, axis=None)), float(np.fmin.reduce(values, axis=None))
        return 0.0 if math.isnan(high) else max(high, -low)
    return max(high, -low)


def quantize(values: np.ndarray, scale: int) -> np.ndarray:
    """``round(value * 2**scale)``, halves away from zero, NaN as zero (EZKL `quantize_float`).

    The result is int64, or Python integers where a value needs more than 64 bits.
    """
    flat, factor = values.reshape(-1), multiplier(scale)
    result = np.empty(flat.shape, dtype=np.int64)
    for start in range(0, flat.size, _BLOCK):
        block = _rounded(flat[start : start + _BLOCK], factor)
        if max(float(block.max()), -float(block.min())) >= _I64_LIMIT:
            return _quantize_wide(values, factor)
        result[start : start + _BLOCK] = block
    return result.reshape(values.shape)


def _rounded(values: np.ndarray, factor: float) -> np.ndarray:
    block = values.astype(np.float64)
    block *= factor
    block += np.copysign(0.5, block)
    np.trunc(block, out=block)
    with np.errstate(invalid="ignore", over="ignore"):
        is_finite = math.isfinite(float(block.sum()))  # a third of the time that looking at each takes
    return block if is_finite else np.nan_to_num(block, copy=False, nan=0.0)


def _quantize_wide(values: np.ndarray, factor: float) -> np.ndarray:
    wide = np.empty(values.shape, dtype=object)
    wide.reshape(-1)[:] = [int(value) for value in _rounded(values.reshape(-1), factor)]
    return wide


def constant_op(raw: RawConstant, scale: int, visibility: str, decompose: bool) -> ops.Constant:
    """A constant quantised at a scale; a scalar gets one axis, as its node does.

    Raises:
        Rejected: a value does not fit.
    """
    raw.check(scale)
    return ops.Constant(scale=scale, visibility=visibility, decompose=decompose, load=raw.loader(scale))
