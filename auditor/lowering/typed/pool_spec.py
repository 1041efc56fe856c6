"""The geometry shared by convolutions and pools (tract `ops/cnn/pools.rs`, `ops/nn/data_formats.rs`)."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from auditor.lowering.graph.axis_op import AxisChange, change_shape
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.shapes import Shape, ShapeMismatch, volume
from auditor.lowering.typed.padding_spec import PaddedDim, PaddingSpec

SPATIAL_LABELS = "HWXYZ"
"""tract's letters of spatial axes."""


class DataFormat(Struct, frozen=True):
    """Where batch, channels and space stand: ``NCHW``, ``NHWC``, ``CHW`` or ``HWC``; H is all of space."""

    name: str

    @property
    def has_n(self) -> bool:
        """Whether there is a batch axis; it is the first."""
        return self.name.startswith("N")

    @property
    def c_is_last(self) -> bool:
        """Whether channels stand after space."""
        return self.name.endswith("C")

    @property
    def h_axis(self) -> int:
        """The first spatial axis."""
        return self.has_n + (not self.c_is_last)

    def c_axis(self, rank: int) -> int:
        """The axis of channels in a shape of ``rank`` axes."""
        return rank - 1 if self.c_is_last else int(self.has_n)

    def hw_rank(self, rank: int) -> int:
        """The number of spatial axes in a shape of ``rank`` axes."""
        return rank - 1 - self.has_n

    def hw_axes(self, rank: int) -> range:
        """The spatial axes of a shape of ``rank`` axes."""
        return range(self.h_axis, self.h_axis + self.hw_rank(rank))

    def hw_dims(self, shape: Shape) -> Shape:
        """The spatial sizes of a shape."""
        return tuple(shape[axis] for axis in self.hw_axes(len(shape)))

    def shape(self, n: int, c: int, hw: Shape) -> Shape:
        """A shape of this format."""
        batch = (n,) if self.has_n else ()
        return (*batch, *hw, c) if self.c_is_last else (*batch, c, *hw)

    def without_n(self) -> DataFormat:
        """The same without a batch axis."""
        return DataFormat(self.name.removeprefix("N"))

    def swapped(self) -> DataFormat:
        """The same with channels on the other side of space."""
        return DataFormat({"NCHW": "NHWC", "NHWC": "NCHW", "CHW": "HWC", "HWC": "CHW"}[self.name])


_WORK_OF_A_WINDOW = 5_000
"""The places of a window are looked at one by one; each costs as much as so many elements."""

NCHW = DataFormat("NCHW")
"""The only format of ONNX."""


class PoolSpec(Struct, frozen=True, kw_only=True):
    """Windows over the spatial axes of an input. ``dilations`` and ``strides`` of None are all ones."""

    data_format: DataFormat
    kernel_shape: Shape
    padding: PaddingSpec
    dilations: Shape | None
    strides: Shape | None
    input_channels: int
    output_channels: int

    @property
    def rank(self) -> int:
        """Number of spatial axes."""
        return len(self.kernel_shape)

    @property
    def all_dilations(self) -> Shape:
        """The dilation of each spatial axis."""
        return (1,) * self.rank if self.dilations is None else self.dilations

    @property
    def all_strides(self) -> Shape:
        """The stride of each spatial axis."""
        return (1,) * self.rank if self.strides is None else self.strides

    def computed_padding(self, spatial: Shape) -> list[PaddedDim]:
        """What the padding adds to spatial axes of these sizes, and how many windows fit.

        Raises:
            ShapeMismatch: the window has fewer axes.
        """
        return self.padding.compute(spatial, self.kernel_shape, self.all_dilations, self.all_strides)

    def output_shape(self, shape: Shape) -> Shape:
        """The shape that results from an input shape.

        Raises:
            ShapeMismatch: the input does not fit.
        """
        if shape[self.data_format.c_axis(len(shape))] != self.input_channels:
            raise ShapeMismatch(f"{self.input_channels} channels expected in {shape}")
        spatial = tuple(d.convoluted for d in self.computed_padding(self.data_format.hw_dims(shape)))
        return self.data_format.shape(shape[0], self.output_channels, spatial)

    def work_of_windows(self, image: Fact) -> int:
        """What running the windows over a constant image costs: its padded elements, for each place."""
        padding = self.computed_padding(self.data_format.hw_dims(image.shape))
        spatial = volume(max(0, dim.deconvoluted + dim.pad_before + dim.pad_after) for dim in padding)
        others = image.volume // max(1, volume(self.data_format.hw_dims(image.shape)))
        return volume(self.kernel_shape) * (others * spatial + _WORK_OF_A_WINDOW)

    def without_n(self) -> PoolSpec:
        """The same for an input without batch axis."""
        return replace(self, data_format=self.data_format.without_n())

    def change_geo_axes(self, change: AxisChange) -> PoolSpec:
        """The same after a change of the spatial axes.

        Raises:
            ShapeMismatch: the change does not fit.
        """
        return replace(
            self,
            kernel_shape=change_shape(change, self.kernel_shape),
            padding=self.padding.change_geo_axes(change),
            dilations=change_shape(change, self.all_dilations),
            strides=change_shape(change, self.all_strides),
        )

    def decluttered(self, shape: Shape) -> PoolSpec | None:
        """The same with ONNX's padding rule replaced by a plainer one of the same effect; None: no change."""
        if self.padding.kind != "ExplicitOnnxPool":
            return None
        spatial = self.data_format.hw_dims(shape)
        reference = self.computed_padding(spatial)
        explicit = PaddingSpec(kind="Explicit", before=self.padding.before, after=self.padding.after)
        for padding in (*(PaddingSpec(kind=k) for k in ("Valid", "SameUpper", "SameLower")), explicit):
            plainer = replace(self, padding=padding)
            if plainer.computed_padding(spatial) == reference:
                return plainer
        return None
