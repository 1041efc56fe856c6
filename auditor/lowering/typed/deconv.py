"""Transposed convolution (tract `ops/cnn/deconv`)."""

from __future__ import annotations

import numpy as np

from auditor.lowering.graph.axes import AxesMapping
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.op import TypedOp
from auditor.lowering.graph.shapes import Shape, ShapeMismatch, volume
from auditor.lowering.typed.kernel_format import KernelFormat
from auditor.lowering.typed.pool_spec import SPATIAL_LABELS, PoolSpec


class Deconv(TypedOp, frozen=True, kw_only=True):
    """Transposed convolution of input, kernel and bias; ``adjustments`` are added at the end of each axis."""

    pool_spec: PoolSpec
    kernel_format: KernelFormat
    adjustments: Shape
    group: int

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        if len(inputs) != 3:
            raise ShapeMismatch(f"transposed convolution of {len(inputs)} inputs")
        data, kernel = inputs[0], inputs[1]
        spec = self.pool_spec
        channels = data.shape[spec.data_format.c_axis(data.rank)]
        if not spec.input_channels == channels == self.kernel_format.input_channels(kernel.shape, self.group):
            raise ShapeMismatch(f"transposed convolution of {data.shape} by {kernel.shape}")
        return [Fact(data.dt, deconv_output_shape(spec, data.shape, self.adjustments))]

    def work(self, inputs: list[Fact], outputs: list[Fact]) -> int:
        per_input = inputs[1].volume // max(1, self.pool_spec.input_channels)
        return inputs[0].volume * per_input + volume(self.pool_spec.kernel_shape) * outputs[0].volume

    def axes_mapping(self, inputs: list[Fact], outputs: list[Fact]) -> AxesMapping:
        spec, data_format = self.pool_spec, self.pool_spec.data_format
        c_axis = data_format.c_axis(inputs[0].rank)
        axes = AxesMapping.disconnected([f.rank for f in inputs], [f.rank for f in outputs])
        axes = axes.renaming((("in", 0), c_axis), "I").renaming((("out", 0), c_axis), "O")
        if data_format.has_n:
            axes = axes.renaming((("in", 0), 0), "N").linking("N", (("out", 0), 0))
        kernel = self.kernel_format.spatial_shape(inputs[1].shape)
        for geo, (dim, letter) in enumerate(zip(kernel, SPATIAL_LABELS, strict=False)):
            still = spec.all_strides[geo] == 1 and spec.padding.valid_dim(geo, True)
            if dim == 1 and still and self.adjustments[geo] == 0:
                axis = geo + data_format.h_axis
                axes = axes.renaming((("in", 0), axis), letter)
                axes = axes.linking((("in", 0), axis), (("out", 0), axis))
        return axes

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        from auditor.lowering.typed.windows import deconvolve

        kernel = self.kernel_format.as_group_o_i_hw(inputs[1], self.group)
        shape = deconv_output_shape(self.pool_spec, inputs[0].shape, self.adjustments)
        return [deconvolve(inputs[0], kernel, inputs[2], self.pool_spec, self.adjustments, shape)]


def deconv_output_shape(spec: PoolSpec, shape: Shape, adjustments: Shape) -> Shape:
    """The shape of a transposed convolution's output.

    Raises:
        ShapeMismatch: the input does not fit.
    """
    spatial = spec.data_format.hw_dims(shape)
    lists = (spec.kernel_shape, spec.all_dilations, spec.all_strides, adjustments)
    padded = spec.padding.compute_for_deconv(spatial, *lists)
    sizes = tuple(dim.deconvoluted for dim in padded)
    if any(size < 0 for size in sizes):
        raise ShapeMismatch(f"a transposed convolution would have sizes {sizes}")
    return spec.data_format.shape(shape[0], spec.output_channels, sizes)
