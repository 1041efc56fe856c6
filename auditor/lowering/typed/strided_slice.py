"""Slices by bounds that come as inputs, with steps (tract `ops/array/strided_slice.rs`)."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from auditor.lowering.graph.dim import UnknownForm, counts_from_end, is_open
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Graph, Node, Outlet
from auditor.lowering.graph.op import TypedOp
from auditor.lowering.graph.patch import Patch
from auditor.lowering.graph.shapes import Shape, ShapeMismatch
from auditor.lowering.graph.tensor import Tensor
from auditor.lowering.typed.cast import cast_tensor
from auditor.lowering.typed.downsample import Downsample
from auditor.lowering.typed.slice import Slice

_I64 = np.iinfo(np.int64)
_NO_END = frozenset({_I64.max, _I64.min, _I64.min + 1, np.iinfo(np.int32).max})
"""Ends by which ONNX exporters mean "as far as it goes"."""


class Cut(Struct, frozen=True, kw_only=True):
    """What one axis is cut to: elements from ``start`` to ``end`` (excluded), then every ``step``-th."""

    axis: int
    start: int
    end: int
    step: int


class StridedSlice(TypedOp, frozen=True, kw_only=True):
    """Inputs: data, begins, ends, and the axes and steps at the given inputs, if any."""

    optional_axes_input: int | None
    optional_steps_input: int | None

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        graph = Graph()
        wires = [graph.add_source(f"input.{slot}", fact) for slot, fact in enumerate(inputs)]
        return [graph.fact(self._wire(graph, "adhoc", wires))]

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        data = inputs[0]
        for cut in self._cuts(data.shape, [None, *map(Tensor.of, inputs[1:])]):
            piece = [slice(None)] * data.ndim
            piece[cut.axis] = slice(cut.start, cut.end)
            data = data[tuple(piece)]
            piece[cut.axis] = slice(None, None, cut.step)
            data = data[tuple(piece)]
        return [data]

    def declutter(self, graph: Graph, node: Node) -> Patch | None:
        patch = Patch()
        wire = self._wire(patch, node.name, patch.taps(graph, node.inputs))
        patch.shunt_outside(graph, (node.id, 0), wire)
        return patch

    def _wire(self, graph: Graph, name: str, inputs: list[Outlet]) -> Outlet:
        wire = inputs[0]
        constants = [graph.fact(outlet).konst for outlet in inputs]
        for cut in self._cuts(graph.fact(wire).shape, constants):
            piece = Slice(axis=cut.axis, start=cut.start, end=cut.end)
            wire = graph.wire_node(f"{name}.slice-axis-{cut.axis}", piece, [wire])[0]
            if cut.step != 1:
                every = Downsample(axis=cut.axis, stride=cut.step, modulo=0)
                wire = graph.wire_node(f"{name}.stride-axis-{cut.axis}", every, [wire])[0]
        return wire

    def _cuts(self, shape: Shape, constants: list[Tensor | None]) -> list[Cut]:
        rank = len(shape)
        begins, ends = _values(constants[1], "tdim"), _ends(constants[2])
        axes, steps = list(range(rank)), [1] * rank
        if self.optional_axes_input is not None:
            axes = [a + rank if a < 0 else a for a in _values(constants[self.optional_axes_input], "i32")]
        if self.optional_steps_input is not None:
            steps = _values(constants[self.optional_steps_input], "i32")
        if len(set(axes)) < len(axes) or any(not 0 <= axis < rank for axis in axes):
            raise ShapeMismatch(f"slices axes {axes} of rank {rank}")
        cuts = []
        for index, axis in enumerate(axes):
            begin = begins[index] if index < len(begins) else None
            end = ends[index] if index < len(ends) else None
            step = steps[index] if index < len(steps) else 1
            cuts.append(_cut(axis, shape[axis], begin, end, step))
        return cuts


def _values(tensor: Tensor | None, dt: str) -> list[int]:
    if tensor is None:
        raise ShapeMismatch("slices by bounds that are not constant")
    array = cast_tensor(tensor, dt).array.reshape(-1)
    return [value if is_open(value) else int(value) for value in array]


def _ends(tensor: Tensor | None) -> list[int | None]:
    if tensor is not None and tensor.dt == "i64":
        return [None if end in _NO_END else end for end in _values(tensor, "i64")]
    return list(_values(tensor, "tdim"))


def _cut(axis: int, size: int, begin: int | None, end: int | None, step: int) -> Cut:
    """One axis (tract `StridedSlice::prepare_one_dim` and `wire`)."""
    if step == 0:
        raise ShapeMismatch("slices with a step of zero")
    first, last = _bounds(size, begin, end, step)
    if step < 0:
        first, last = last + 1, first + 1
    return Cut(axis=axis, start=first, end=last, step=step)


def _bounds(size: int, begin: int | None, end: int | None, step: int) -> tuple[int, int]:
    """The first element and the one after the last, in the direction of the step.

    A size that is still a symbol is taken to be large enough, as tract takes it.
    """
    forward = step > 0
    nothing = (0, 0)
    if begin is None:
        begin = 0 if forward else size - 1
    elif counts_from_end(begin):
        begin += size
    if end is None:
        end = size if forward else -1
    elif counts_from_end(end):
        end += size
    if not is_open(begin) and begin < 0:
        if not forward:
            return nothing
        begin = 0
    if not is_open(begin) and not is_open(size) and begin > size - 1:
        if forward:
            return nothing
        begin = size - 1
    if not is_open(end) and end < 0:
        if forward:
            return nothing
        end = -1
    if not is_open(end) and not is_open(size) and end > size - 1:
        if not forward:
            return nothing
        end = size
    if step != 1 and is_open(end - begin):
        raise UnknownForm(f"elements {begin} to {end} with steps of {step}")
    return begin, end
