"""Convolution (tract `ops/cnn/conv/conv.rs`); its rewritings are in `conv_rules`."""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from auditor.lowering.errors import Unmodelled
from auditor.lowering.graph.axes import AxesMapping, InOut
from auditor.lowering.graph.axis_op import AxisChange, add, move, rm, same_change, transform_axis
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Graph, Node
from auditor.lowering.graph.op import Consequence, TypedOp
from auditor.lowering.graph.patch import Patch
from auditor.lowering.graph.shapes import ShapeMismatch
from auditor.lowering.typed.kernel_format import KernelFormat
from auditor.lowering.typed.pool_spec import SPATIAL_LABELS, PoolSpec

_FLOATS = ("f16", "f32", "f64")
_QUANTIZED_TYPES = ("i32", "i32", "float", "i32", "float", "i32", "float")
"""What the inputs after the kernel must be: bias, then zero point and scale of input, kernel and output."""


class Conv(TypedOp, frozen=True, kw_only=True):
    """Convolution of input, kernel and bias.

    ``q_params`` is the output type of the quantised form, which has six inputs more.
    """

    pool_spec: PoolSpec
    kernel_fmt: KernelFormat
    group: int
    q_params: str | None = None

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        self._check_types(inputs)
        spec = self.pool_spec
        data, kernel, bias = inputs[:3]
        if kernel.rank != spec.rank + 2:
            raise ShapeMismatch(f"a kernel {kernel.shape} for {spec.rank} spatial axes")
        pads = (spec.padding.before, spec.padding.after)
        if "Explicit" in spec.padding.kind and any(len(sizes) != spec.rank for sizes in pads):
            raise ShapeMismatch(f"paddings {pads} of {spec.rank} spatial axes")
        if bias.rank > 1 or (bias.rank == 1 and bias.volume != spec.output_channels):
            raise ShapeMismatch(f"a bias {bias.shape} for {spec.output_channels} output channels")
        return [Fact(self.q_params or data.dt, spec.output_shape(data.shape))]

    def _check_types(self, inputs: list[Fact]) -> None:
        if self.q_params is None:
            if len(inputs) != 3 or inputs[0].dt not in _FLOATS or inputs[1].dt != inputs[0].dt:
                raise ShapeMismatch(f"convolution of {[fact.dt for fact in inputs]}")
            return
        kinds = tuple("float" if fact.dt in _FLOATS else fact.dt for fact in inputs[2:])
        if kinds != _QUANTIZED_TYPES:
            raise ShapeMismatch(f"quantised convolution of {[fact.dt for fact in inputs]}")

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        from auditor.lowering.typed.windows import convolve

        if self.q_params is not None:
            raise Unmodelled("Conv", "", "a quantised convolution of constants")
        kernel = self.kernel_fmt.as_group_o_i_hw(inputs[1], self.group)
        return [convolve(inputs[0], kernel, inputs[2], self.pool_spec)]

    def work(self, inputs: list[Fact], outputs: list[Fact]) -> int:
        per_output = inputs[1].volume // max(1, self.pool_spec.output_channels)
        return outputs[0].volume * per_output + self.pool_spec.work_of_windows(inputs[0])

    def axes_mapping(self, inputs: list[Fact], outputs: list[Fact]) -> AxesMapping:
        data_format = self.pool_spec.data_format
        c_axis = data_format.c_axis(inputs[0].rank)
        axes = AxesMapping.disconnected([f.rank for f in inputs], [f.rank for f in outputs])
        axes = axes.renaming((("in", 0), c_axis), "I").renaming((("out", 0), c_axis), "O")
        if data_format.has_n:
            axes = axes.renaming((("in", 0), 0), "N").linking("N", (("out", 0), 0))
        for geo, letter in zip(self._still_axes(inputs[0]), SPATIAL_LABELS, strict=False):
            if geo is not None:
                axis = geo + data_format.h_axis
                axes = axes.renaming((("in", 0), axis), letter).linking(letter, (("out", 0), axis))
        for slot, fact in enumerate(inputs[3:], start=3):
            if self.q_params is not None and fact.rank == 1:
                axes = axes.linking("I" if slot < 5 else "O", (("in", slot), 0))
        return axes

    def _still_axes(self, data: Fact) -> list[int | None]:
        """The spatial axes whose places do not mix; None for those whose do."""
        spec = self.pool_spec
        padding = spec.computed_padding(spec.data_format.hw_dims(data.shape))
        sizes = zip(spec.kernel_shape, spec.all_dilations, spec.all_strides, padding, strict=True)
        return [
            geo if kernel == dilation == stride == 1 and pad.pad_before == pad.pad_after == 0 else None
            for geo, (kernel, dilation, stride, pad) in enumerate(sizes)
        ]

    def declutter(self, graph: Graph, node: Node) -> Patch | None:
        from auditor.lowering.typed import conv_rules

        for rule in conv_rules.RULES:
            patch = rule(self, graph, node)
            if patch is not None:
                return patch
        return None

    def change_axes(self, graph: Graph, node: Node, io: InOut, change: AxisChange) -> Consequence | None:
        if io == ("in", 1):
            return None
        if io == ("in", 2) and change.kind == "rm":
            return Consequence(self, [])
        rank = graph.fact(node.inputs[0]).rank
        data_format = self.pool_spec.data_format
        if data_format.has_n:
            if same_change(change, rm(0)):
                return _data_consequence(replace(self, pool_spec=self.pool_spec.without_n()), change)
            if transform_axis(change, 0) != 0:
                return None
        other_side = (int(data_format.has_n)) if data_format.c_is_last else rank - 1
        if same_change(change, move(data_format.c_axis(rank), other_side)):
            swapped = replace(self.pool_spec, data_format=data_format.swapped())
            return _data_consequence(replace(self, pool_spec=swapped), change)
        return self._change_geo_axes(change, rank)

    def _change_geo_axes(self, change: AxisChange, rank: int) -> Consequence | None:
        spec = self.pool_spec
        h_axis, spatial = spec.data_format.h_axis, spec.data_format.hw_axes(rank)
        at, to, kernel_h = change.at - h_axis, change.to - h_axis, self.kernel_fmt.h_axis
        if change.at not in spatial:
            return None
        if change.kind == "rm" and len(spatial) > 1:
            if not spec.all_dilations[at] == spec.all_strides[at] == spec.kernel_shape[at] == 1:
                return None
            geo, of_kernel = rm(at), rm(at + kernel_h)
        elif change.kind == "add":
            geo, of_kernel = add(at), add(at + kernel_h)
        elif change.kind == "move" and change.to in spatial:
            geo, of_kernel = move(at, to), move(at + kernel_h, to + kernel_h)
        else:
            return None
        consequence = _data_consequence(replace(self, pool_spec=spec.change_geo_axes(geo)), change)
        consequence.changes.insert(1, (("in", 1), of_kernel))
        return consequence


def _data_consequence(op: Conv, change: AxisChange) -> Consequence:
    """The same change of the data on both sides."""
    return Consequence(op, [(("in", 0), change), (("out", 0), change)])
