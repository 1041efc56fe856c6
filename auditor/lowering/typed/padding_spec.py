"""How windows meet the border of their input (tract `ops/cnn/padding.rs`)."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from auditor.lowering.graph.axis_op import AxisChange, change_shape
from auditor.lowering.graph.shapes import Shape, ShapeMismatch


class PaddedDim(NamedTuple):
    """One spatial axis: its size without and with the convolution applied, and what is added to it."""

    deconvoluted: int
    convoluted: int
    pad_before: int
    pad_after: int


class PaddingSpec(Struct, frozen=True, kw_only=True):
    """A rule for padding; ``kind`` is tract's name of it.

    ``Valid`` adds nothing, ``Explicit`` and ``ExplicitOnnxPool`` add ``before`` and ``after`` (the latter
    rounds sizes up in ``ceil_mode``), ``SameUpper`` and ``SameLower`` keep the size divided by the stride.
    """

    kind: str
    before: Shape = ()
    after: Shape = ()
    ceil_mode: bool = False

    def valid_dim(self, axis: int, stride_is_one: bool) -> bool:
        """Whether nothing is added to an axis, whatever its size."""
        if self.kind == "Valid":
            return True
        if self.kind not in ("Explicit", "ExplicitOnnxPool"):
            return False
        exact = self.kind == "Explicit" or self.ceil_mode or stride_is_one
        return exact and self.before[axis] == 0 and self.after[axis] == 0

    def change_geo_axes(self, change: AxisChange) -> PaddingSpec:
        """The same rule after a change of the spatial axes; an added axis is not padded.

        Raises:
            ShapeMismatch: the change does not fit.
        """
        if self.kind not in ("Explicit", "ExplicitOnnxPool"):
            return self
        before, after = (_change_pads(change, pads) for pads in (self.before, self.after))
        return PaddingSpec(kind=self.kind, before=before, after=after, ceil_mode=self.ceil_mode)

    def compute(self, spatial: Shape, kernel: Shape, dilations: Shape, strides: Shape) -> list[PaddedDim]:
        """Sizes and paddings of every spatial axis of a convolution or pool; longer lists are cut short.

        Raises:
            ShapeMismatch: a list is shorter than the axes are many, or a stride is zero.
        """
        self._check_lengths(spatial, kernel, dilations, strides)
        if 0 in strides[: len(spatial)]:
            raise ShapeMismatch("a window that moves by strides of zero")
        sizes = zip(spatial, kernel, dilations, strides, strict=False)
        return [self._compute_one(axis, *size) for axis, size in enumerate(sizes)]

    def compute_for_deconv(
        self, spatial: Shape, kernel: Shape, dilations: Shape, strides: Shape, adjustments: Shape
    ) -> list[PaddedDim]:
        """Sizes and croppings of every spatial axis of a transposed convolution; longer lists are cut short.

        Raises:
            ShapeMismatch: a list is shorter than the axes are many, or the stride exceeds the kernel.
        """
        self._check_lengths(spatial, kernel, dilations, strides, adjustments)
        sizes = zip(spatial, kernel, dilations, strides, adjustments, strict=False)
        return [self._compute_one_for_deconv(axis, *size) for axis, size in enumerate(sizes)]

    def _check_lengths(self, spatial: Shape, *lists: Shape) -> None:
        pads = (self.before, self.after) if self.kind in ("Explicit", "ExplicitOnnxPool") else ()
        if any(len(sizes) < len(spatial) for sizes in (*lists, *pads)):
            raise ShapeMismatch(f"a window of {lists} padded by {pads} over {len(spatial)} spatial axes")

    def _compute_one(self, axis: int, size: int, kernel: int, dilation: int, stride: int) -> PaddedDim:
        field = (kernel - 1) * dilation + 1
        if self.kind == "Valid":
            return PaddedDim(size, _divide_up(max(size + 1 - field, 0), stride), 0, 0)
        if self.kind in ("SameUpper", "SameLower"):
            output = _divide_up(size, stride)
            pad = max((output - 1) * stride + field - size, 0)
            return PaddedDim(size, output, *self._halves(pad))
        before, after = self.before[axis], self.after[axis]
        room = max(size + before + after - field, 0)
        if self.kind == "Explicit" or not self.ceil_mode:
            return PaddedDim(size, room // stride + 1, before, after)
        output = _divide_up(room, stride) + 1
        if (output - 1) * stride >= size + before:  # the last window must begin inside the image
            output -= 1
        return PaddedDim(size, output, before, after)

    def _compute_one_for_deconv(
        self, axis: int, size: int, kernel: int, dilation: int, stride: int, adjustment: int
    ) -> PaddedDim:
        field = (kernel - 1) * dilation + 1
        full = (size - 1) * stride + field
        if self.kind == "Valid":
            return PaddedDim(full + adjustment, size, 0, 0)
        if self.kind in ("SameUpper", "SameLower"):
            if field - 1 < stride:
                raise ShapeMismatch(
                    "SAME padding of a transposed convolution needs a kernel wider than its stride"
                )
            before, after = self._halves(field + adjustment - stride)
            return PaddedDim(full - before - after, size, before, after)
        before, after = self.before[axis], self.after[axis]
        return PaddedDim(full - before - after + adjustment, size, before, after)

    def _halves(self, pad: int) -> tuple[int, int]:
        smaller, larger = pad // 2, pad - pad // 2
        return (smaller, larger) if self.kind == "SameUpper" else (larger, smaller)


def _change_pads(change: AxisChange, pads: Shape) -> Shape:
    if change.kind == "rm":  # tract edits the list without looking at the value
        return (*pads[: change.at], *pads[change.at + 1 :])
    if change.kind == "add":
        return (*pads[: change.at], 0, *pads[change.at :])
    return change_shape(change, pads)


def _divide_up(a: int, b: int) -> int:
    return -(-a // b)
