"""Resizing by interpolation (tract `onnx/src/ops/resize.rs`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.op import TypedOp
from auditor.lowering.graph.shapes import Shape, ShapeMismatch


class Resize(TypedOp, frozen=True, kw_only=True):
    """Scales axes, by factors or to sizes; both are inputs at the slots given here.

    ``coord_transformer`` is HalfPixel, AlignCorners or Asymmetric; ``interpolator`` Linear or Nearest;
    ``nearest`` Floor, Ceil, RoundPreferFloor or RoundPreferCeil. tract does not heed ``axes``.
    """

    axes: tuple[int, ...] | None
    coord_transformer: str
    interpolator: str
    nearest: str
    optional_roi_input: int | None
    optional_scales_input: int | None
    optional_sizes_input: int | None

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        scales = _value(inputs, self.optional_scales_input)
        sizes = _value(inputs, self.optional_sizes_input)
        return [Fact(inputs[0].dt, _output_shape(inputs[0].shape, scales, sizes))]

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        data = inputs[0]
        scales = _at(inputs, self.optional_scales_input)
        sizes = _at(inputs, self.optional_sizes_input)
        shape = _output_shape(data.shape, scales, sizes)
        if data.dtype != np.float32 or (scales is not None and scales.dtype != np.float32):
            raise ShapeMismatch("resize takes float32 only")
        if scales is not None and scales.size != data.ndim:
            # tract scales by the empty factors although it computed the shape from the sizes
            raise ShapeMismatch("constants are resized by factors only, not to sizes after empty factors")
        if scales is None:
            scales = np.array(shape, np.float32) / np.array(data.shape, np.float32)
        for axis, scale in enumerate(scales.reshape(-1)):
            if scale != 1.0:
                data = self._resize_axis(data, axis, scale, shape[axis])
        return [data]

    def _resize_axis(self, data: np.ndarray, axis: int, scale: np.float32, size: int) -> np.ndarray:
        old = data.shape[axis]
        if old == 0:
            raise ShapeMismatch("an axis without elements cannot be resized")
        with np.errstate(all="ignore"):
            at = self._source(np.arange(size, dtype=np.float32), scale, old, size)
        # Rust's cast to an unsigned number: NaN and negatives become zero
        left = np.clip(np.nan_to_num(at, nan=0.0), 0, old - 1).astype(np.int64)
        shape = [1] * data.ndim
        shape[axis] = size
        ratio = (at - left.astype(np.float32)).reshape(shape)
        y_left = np.take(data, left, axis=axis)
        y_right = np.take(data, np.minimum(left + 1, old - 1), axis=axis)
        return self._interpolate(y_left, y_right, ratio)

    def _source(self, at: np.ndarray, scale: np.float32, old: int, new: int) -> np.ndarray:
        """Where an element of the output lies in the input."""
        half, one = np.float32(0.5), np.float32(1)
        if self.coord_transformer == "HalfPixel":
            return (at + half) / scale - half
        if self.coord_transformer == "AlignCorners":
            return (at * (np.float32(old) - one)) / (np.float32(new) - one)
        return at / scale

    def _interpolate(self, left: np.ndarray, right: np.ndarray, ratio: np.ndarray) -> np.ndarray:
        if self.interpolator == "Linear":
            return np.asarray(left * (np.float32(1) - ratio) + right * ratio)
        if self.nearest == "Floor":
            return left
        if self.nearest == "Ceil":
            return right
        prefers_left = ratio <= 0.5 if self.nearest == "RoundPreferFloor" else ratio < 0.5
        return np.where(prefers_left, left, right)


def _value(facts: Sequence[Fact], slot: int | None) -> np.ndarray | None:
    konst = None if slot is None or slot >= len(facts) else facts[slot].konst
    return None if konst is None else konst.array


def _at(arrays: Sequence[np.ndarray | None], slot: int | None) -> np.ndarray | None:
    return None if slot is None or slot >= len(arrays) else arrays[slot]


def _output_shape(shape: Shape, scales: np.ndarray | None, sizes: np.ndarray | None) -> Shape:
    """tract's `compute_output_shape`: factors first, then sizes, whichever has one entry per axis.

    Raises:
        ShapeMismatch: neither has.
    """
    if scales is not None and scales.size == len(shape):
        factors = scales.astype(np.float32).reshape(-1)
        return tuple(_scaled(dim, factor) for dim, factor in zip(shape, factors, strict=True))
    if sizes is not None and sizes.size == len(shape):
        return tuple(int(size) for size in sizes.reshape(-1))
    raise ShapeMismatch(f"resize of {shape} has neither a factor nor a size for every axis")


def _scaled(dim: int, factor: np.float32) -> int:
    if not np.isfinite(factor):
        raise ShapeMismatch(f"resize by {factor}")
    if np.round(factor) == factor:
        return dim * max(0, int(factor))
    return max(0, int(np.float32(dim) * factor))
