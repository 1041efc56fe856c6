"""Reading elements at indices (tract `ops/array/gather.rs`, `gather_elements.rs`, `gather_nd.rs`)."""

from __future__ import annotations

import numpy as np

from auditor.lowering.graph.axis_op import add as add_axis
from auditor.lowering.graph.axis_op import rm as rm_axis
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Graph, Node
from auditor.lowering.graph.op import TypedOp
from auditor.lowering.graph.patch import Patch
from auditor.lowering.graph.shapes import ShapeMismatch
from auditor.lowering.typed.axis import AxisOp
from auditor.lowering.typed.slice import Slice

_NOT_NUMBERS = frozenset({"bool", "tdim", "string"})


class Gather(TypedOp, frozen=True, kw_only=True):
    """Whole slices of one axis; the shape of the indices takes the axis's place."""

    axis: int

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        data, indices = inputs
        if indices.dt != "i64":
            raise ShapeMismatch(f"gather takes i64 indices, not {indices.dt}")
        if not 0 <= self.axis < data.rank:
            raise ShapeMismatch(f"gather on axis {self.axis} of {data.shape}")
        return [Fact(data.dt, data.shape[: self.axis] + indices.shape + data.shape[self.axis + 1 :])]

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        data, indices = inputs
        if not 0 <= self.axis < data.ndim:
            raise ShapeMismatch(f"gather on axis {self.axis} of {data.shape}")
        return [np.take(data, within(indices, data.shape[self.axis]), axis=self.axis)]

    def declutter(self, graph: Graph, node: Node) -> Patch | None:
        """One index becomes a slice."""
        data, indices = graph.input_facts(node)
        if indices.konst is None or indices.shape != (1,) or data.dt in _NOT_NUMBERS:
            return None
        index = int(indices.konst.array[0])
        index += data.shape[self.axis] if index < 0 else 0
        patch = Patch()
        op = Slice(axis=self.axis, start=index, end=index + 1)
        wires = patch.wire_node(f"{node.name}.slice", op, patch.taps(graph, node.inputs[:1]))
        patch.shunt_outside(graph, (node.id, 0), wires[0])
        return patch


class GatherElements(TypedOp, frozen=True, kw_only=True):
    """Single elements: the index replaces one coordinate of its own place."""

    axis: int

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        return [Fact(inputs[0].dt, inputs[1].shape)]

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        data, indices = inputs
        return [data[places(indices, indices.shape, data.shape, self.axis)]]


class GatherNd(TypedOp, frozen=True, kw_only=True):
    """Slices at tuples of indices, the last axis of the indices, after ``batch_dims`` shared axes."""

    batch_dims: int

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        data, indices = inputs
        depth = self.batch_dims + (indices.shape[-1] if indices.rank else 0)
        if indices.rank == 0 or depth > data.rank:
            raise ShapeMismatch(f"gather_nd of {data.shape} with indices {indices.shape}")
        return [Fact(data.dt, indices.shape[:-1] + data.shape[depth:])]

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        data, indices = inputs
        shape = self.output_facts([Fact("i64", data.shape), Fact("i64", indices.shape)])[0].shape
        batch = self.batch_dims
        if indices.shape[:batch] != data.shape[:batch]:
            raise ShapeMismatch(f"gather_nd of {data.shape} with indices {indices.shape}")
        result = np.empty(shape, dtype=data.dtype)
        for place in np.ndindex(indices.shape[:-1]):
            target = (*place[:batch], *indices[place].tolist())
            check_inside(target, data.shape)
            result[place] = data[target]
        return [result]

    def declutter(self, graph: Graph, node: Node) -> Patch | None:
        """A single tuple of indices becomes slices (whatever ``batch_dims`` says, as in tract)."""
        indices = graph.fact(node.inputs[1])
        if indices.konst is None or indices.rank != 2 or indices.shape[0] != 1:
            return None
        patch = Patch()
        wires = patch.taps(graph, node.inputs[:1])
        for axis, index in enumerate(indices.konst.array[0].astype(np.int32).tolist()):
            op = Slice(axis=axis, start=index, end=index + 1)
            wires = patch.wire_node(f"{node.name}-slice-axis-{axis}", op, wires)
        for axis in reversed(range(indices.shape[1])):
            wires = patch.wire_node(f"{node.name}-remove_axis_{axis}", AxisOp(rm_axis(axis)), wires)
        wires = patch.wire_node(f"{node.name}-add_axis", AxisOp(add_axis(0)), wires)
        patch.shunt_outside(graph, (node.id, 0), wires[0])
        return patch


def within(indices: np.ndarray, size: int) -> np.ndarray:
    """Indices with negative ones counted from the end.

    Raises:
        ShapeMismatch: one lies outside the axis.
    """
    indices = indices.astype(np.int64)
    positive = np.where(indices < 0, indices + size, indices)
    if positive.size and not (positive.min() >= 0 and positive.max() < size):
        raise ShapeMismatch(f"an index lies outside an axis of size {size}")
    return positive


def places(
    indices: np.ndarray, shape: tuple[int, ...], data_shape: tuple[int, ...], axis: int
) -> tuple[np.ndarray, ...]:
    """Coordinates of each element of ``shape``, that of ``axis`` replaced by its index.

    Raises:
        ShapeMismatch: a coordinate lies outside ``data_shape``.
    """
    fits = len(shape) == len(data_shape) and 0 <= axis < len(shape)
    if not fits or any(s > d for a, (s, d) in enumerate(zip(shape, data_shape, strict=True)) if a != axis):
        raise ShapeMismatch(f"indices {shape} on axis {axis} of {data_shape}")
    coordinates = list(np.indices(shape, sparse=True))
    coordinates[axis] = within(indices[tuple(slice(d) for d in shape)], data_shape[axis])
    return tuple(coordinates)


def check_inside(place: tuple[int, ...], shape: tuple[int, ...]) -> None:
    """Raises :class:`ShapeMismatch` unless a place, of all axes or the first few, lies in a shape."""
    if len(place) > len(shape) or any(not 0 <= p < d for p, d in zip(place, shape, strict=False)):
        raise ShapeMismatch(f"index {place} lies outside {shape}")
