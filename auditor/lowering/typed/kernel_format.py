"""How the weights of a convolution are laid out (tract `ops/cnn/conv/mod.rs`)."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from auditor.lowering.graph.axis_op import AxisChange, move, reshape
from auditor.lowering.graph.shapes import Shape, volume


class KernelFormat(Struct, frozen=True):
    """``OIHW``, ``HWIO`` or ``OHWI``: output channels, input channels, and space (H, of any rank)."""

    name: str

    @property
    def h_axis(self) -> int:
        """The first spatial axis."""
        return {"OIHW": 2, "HWIO": 0, "OHWI": 1}[self.name]

    def o_axis(self, shape: Shape) -> int:
        """The axis of output channels."""
        return len(shape) - 1 if self.name == "HWIO" else 0

    def i_axis(self, shape: Shape) -> int:
        """The axis of input channels."""
        return {"OIHW": 1, "HWIO": len(shape) - 2, "OHWI": len(shape) - 1}[self.name]

    def spatial_shape(self, shape: Shape) -> Shape:
        """The spatial sizes."""
        return shape[self.h_axis :][: len(shape) - 2]

    def input_channels(self, shape: Shape, group: int) -> int:
        """Input channels of all groups together."""
        return shape[self.i_axis(shape)] * (group if self.name == "OIHW" else 1)

    def output_channels(self, shape: Shape, group: int) -> int:
        """Output channels of all groups together."""
        return shape[self.o_axis(shape)] * (1 if self.name == "OIHW" else group)

    def as_group_o_i_h_w(self, shape: Shape, group: int) -> list[AxisChange]:
        """The changes that bring a kernel to group, output, input, space."""
        geo = len(shape) - 2
        split = shape[self.o_axis(shape)] if self.name == "OIHW" else shape[self.i_axis(shape)]
        parts = (group, split // group)
        if self.name == "HWIO":
            return [reshape(geo, (split,), parts), move(geo, 0), move(geo + 2, 1), move(geo + 2, 2)]
        if self.name == "OIHW":
            return [reshape(0, (split,), parts)]
        return [reshape(geo + 1, (split,), parts), move(geo + 1, 0), move(geo + 2, 2)]

    def as_group_o_ihw(self, shape: Shape, group: int) -> list[AxisChange]:
        """The changes that bring a kernel to group, output, and all the rest in one axis."""
        spatial = self.spatial_shape(shape)
        changes = self.as_group_o_i_h_w(shape, group)
        if len(spatial) > 1:
            changes.append(reshape(3, spatial, (volume(spatial),)))
        inputs = self.input_channels(shape, group) // group
        changes.append(reshape(2, (inputs, volume(spatial)), (inputs * volume(spatial),)))
        return changes

    def as_group_o_i_hw(self, kernel: np.ndarray, group: int) -> np.ndarray:
        """The values of a kernel as group, output, input, space (its axes kept apart)."""
        from auditor.lowering.typed.plumbing import change_array

        for change in self.as_group_o_i_h_w(kernel.shape, group):
            kernel = change_array(kernel, change)
        return kernel


OIHW = KernelFormat("OIHW")
"""The only format of ONNX."""
