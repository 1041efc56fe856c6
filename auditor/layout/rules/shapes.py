"""Operations that move elements about. Those EZKL does in place cost nothing."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from auditor.circuit import ops
from auditor.circuit.ops import Padding, Shape
from auditor.layout.errors import LayoutError
from auditor.layout.primitives import ZERO, expand, identity
from auditor.layout.region import Region
from auditor.layout.rules import arity, layout_rule
from auditor.layout.values import Value, activation, union

_MOST_TRACED = 1 << 27
"""Elements of a padded tensor whose constants are told apart; of larger ones all may be anywhere."""


@layout_rule(ops.Reshape, ops.Flatten)
def reshape(op: ops.Reshape | ops.Flatten, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``reshape``; raises LayoutError if the sizes differ."""
    if inputs[0].size != prod(op.shape):
        raise LayoutError(f"cannot reshape {list(inputs[0].shape)} to {list(op.shape)}")
    return inputs[0].reshaped(op.shape)


@layout_rule(ops.MoveAxis)
def move_axis(op: ops.MoveAxis, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL tensor/mod.rs ``move_axis``; raises LayoutError for axes that do not exist."""
    shape = inputs[0].shape
    if max(op.source, op.destination) >= len(shape):
        raise LayoutError(f"cannot move axis {op.source} of {list(shape)} to {op.destination}")
    return inputs[0].permuted(
        moved(shape, op.source, op.destination),
        lambda values: np.moveaxis(values, op.source, op.destination),
    )


def moved(shape: Shape, source: int, destination: int) -> Shape:
    """The shape with one axis moved."""
    rest = [*shape[:source], *shape[source + 1 :]]
    rest.insert(destination, shape[source])
    return tuple(rest)


@layout_rule(ops.MultiBroadcastTo)
def broadcast_to(op: ops.MultiBroadcastTo, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``expand``: assigned at its new size."""
    region.assign(inputs[0])
    result = expand(inputs[0], op.shape)
    region.advance(result.size)
    return result


def padded(value: Value, padding: Padding, first_axis: int) -> Value:
    """Surrounded by the constant 0 (EZKL tensor/ops.rs ``pad``)."""
    if not any(before or after for before, after in padding):
        return value
    before_and_after = [(0, 0)] * first_axis + list(padding)
    shape = tuple(
        length + before + after for length, (before, after) in zip(value.shape, before_and_after, strict=True)
    )
    inside = tuple(
        slice(before, before + length)
        for length, (before, _) in zip(value.shape, before_and_after, strict=True)
    )

    def surround() -> np.ndarray:
        elements = value.elements()
        result = np.ma.MaskedArray(np.zeros(shape, dtype=elements.dtype), mask=False)
        result[inside] = elements
        return result

    return Value(
        shape=shape,
        size=prod(shape),
        constants=value.constants | ZERO.constants,
        load=surround if value.is_traceable and prod(shape) <= _MOST_TRACED else None,
    )


@layout_rule(ops.Pad)
def pad(op: ops.Pad, inputs: Sequence[Value], region: Region) -> Value:
    """In place; raises LayoutError for a padding of another rank."""
    arity(op, inputs, 1)
    if len(op.padding) < len(inputs[0].shape):
        raise LayoutError(f"{len(op.padding)} paddings for {len(inputs[0].shape)} axes")
    return padded(inputs[0], op.padding[: len(inputs[0].shape)], 0)


@layout_rule(ops.Concat)
def concat(op: ops.Concat, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL tensor/ops.rs ``concat``, in place."""
    first = inputs[0]
    if len(inputs) == 1:
        return first
    if any(op.axis >= len(value.shape) for value in inputs):
        raise LayoutError(f"cannot join along axis {op.axis}")
    shape = list(first.shape)
    shape[op.axis] = sum(value.shape[op.axis] for value in inputs)
    constants = union(inputs)
    if not constants:
        return activation(tuple(shape))

    def join() -> np.ndarray:
        parts = [value.elements() for value in inputs]
        masks = [np.ma.getmaskarray(part) for part in parts]
        return np.ma.MaskedArray(
            np.concatenate([np.ma.getdata(part) for part in parts], axis=op.axis),
            mask=np.concatenate(masks, axis=op.axis),
        )

    return Value(
        shape=tuple(shape),
        size=prod(shape),
        constants=constants,
        load=join if all(value.is_traceable for value in inputs) else None,
    )


@layout_rule(ops.Slice)
def slice_axis(op: ops.Slice, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``slice``: the whole input is assigned, then cut."""
    value = inputs[0]
    if op.axis >= len(value.shape) or not op.start <= op.end <= value.shape[op.axis]:
        raise LayoutError(f"slice {op.start}:{op.end} of axis {op.axis} of {list(value.shape)}")
    identity(region, value)
    shape = (*value.shape[: op.axis], op.end - op.start, *value.shape[op.axis + 1 :])
    return value.picked(shape, lambda values: values.take(range(op.start, op.end), axis=op.axis))


@layout_rule(ops.Resize)
def resize(op: ops.Resize, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``resize``: assigned, then each element repeated in place (nearest neighbour)."""
    value = identity(region, inputs[0])
    if len(op.scale_factor) != len(value.shape):
        raise LayoutError(f"{len(op.scale_factor)} resize factors for {len(value.shape)} axes")
    shape = tuple(length * factor for length, factor in zip(value.shape, op.scale_factor, strict=True))

    def enlarge(values: np.ndarray) -> np.ndarray:
        for axis, factor in enumerate(op.scale_factor):
            values = values.repeat(factor, axis=axis)
        return values

    return value.permuted(shape, enlarge)


@layout_rule(ops.Downsample)
def downsample(op: ops.Downsample, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``downsample``: the whole input is assigned, every ``stride``-th slice is kept."""
    value = inputs[0]
    if op.stride == 0:
        raise LayoutError("downsample with stride 0")
    if op.axis >= len(value.shape) or op.modulo >= value.shape[op.axis]:
        raise LayoutError(f"downsample of axis {op.axis} from {op.modulo} of {list(value.shape)}")
    identity(region, value)
    length = value.shape[op.axis]
    if op.stride > 0:
        kept = range(op.modulo, length, op.stride)
    else:
        kept = range(length - 1 - op.modulo, -1, op.stride)
    shape = (*value.shape[: op.axis], len(kept), *value.shape[op.axis + 1 :])
    return value.picked(shape, lambda values: values.take(kept, axis=op.axis))


@layout_rule(ops.Trilu)
def trilu(op: ops.Trilu, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``trilu``: assigned, then a triangle of every matrix is set to 0.

    EZKL takes axes 1 and 2 as the matrix whatever the rank (tensor/ops.rs ``trilu``): it leaves a
    plain matrix as it is, and panics where it sets an element to 0 that the last two axes do not have.
    """
    value = inputs[0]
    if len(value.shape) < 2:
        raise LayoutError(f"Trilu of rank {len(value.shape)}")
    identity(region, value)
    if len(value.shape) == 2 or not prod(value.shape[:-2]):
        return value
    if not _zeroed(value.shape[1], value.shape[2], op):
        return value
    rows, columns = value.shape[-2:]
    if _zeroed(value.shape[1], value.shape[2], op, first_row=rows) or _zeroed(
        value.shape[1], value.shape[2], op, first_column=columns
    ):
        raise LayoutError(f"Trilu of {list(value.shape)}: EZKL reads axes 1 and 2 as the matrix")
    region.assign(ZERO)
    if not value.constants:
        return Value(shape=value.shape, size=value.size, constants=ZERO.constants)
    if value.shape[1:3] != (rows, columns):
        constants = value.constants | ZERO.constants
        return Value(shape=value.shape, size=value.size, constants=constants)
    lower = np.tri(rows, columns, op.k - 1 if op.upper else op.k, dtype=bool)
    outside = lower if op.upper else ~lower

    def cut(values: np.ndarray) -> np.ndarray:
        result = np.ma.array(values, copy=True)
        result[..., outside] = 0
        return result

    return value.picked(value.shape, cut)


def _zeroed(rows: int, columns: int, op: ops.Trilu, *, first_row: int = 0, first_column: int = 0) -> bool:
    """Whether any element from ``first_row`` and ``first_column`` on falls outside of the triangle."""
    if first_row >= rows or first_column >= columns:
        return False
    if op.upper:  # the corner most to the lower left
        return first_column < rows - 1 + op.k
    return columns - 1 > first_row + op.k
