"""Operations that move elements about."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from auditor.circuit import ops
from auditor.forward.errors import Unmodelled
from auditor.forward.ledger import Ledger
from auditor.forward.rules import arity, forward_rule
from auditor.forward.tensors import expand, on_rows, same_rows


@forward_rule(ops.Reshape, ops.Flatten)
def reshape(op: ops.Reshape | ops.Flatten, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``reshape``."""
    if prod(inputs[0].shape[1:]) != prod(op.shape):
        raise Unmodelled(f"cannot reshape {list(inputs[0].shape[1:])} to {list(op.shape)}")
    return inputs[0].reshape((inputs[0].shape[0], *op.shape))


@forward_rule(ops.MoveAxis)
def move_axis(op: ops.MoveAxis, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL tensor/mod.rs ``move_axis``."""
    if max(op.source, op.destination) >= inputs[0].ndim - 1:
        raise Unmodelled(f"cannot move axis {op.source} of {list(inputs[0].shape[1:])} to {op.destination}")
    return np.moveaxis(inputs[0], op.source + 1, op.destination + 1)


@forward_rule(ops.MultiBroadcastTo)
def broadcast_to(op: ops.MultiBroadcastTo, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``expand``."""
    return expand(inputs[0], op.shape)


@forward_rule(ops.Pad)
def pad(op: ops.Pad, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL tensor/ops.rs ``pad``: with zeroes, whatever the model says."""
    arity(op, inputs, 1)
    rank = inputs[0].ndim - 1
    if len(op.padding) < rank:
        raise Unmodelled(f"{len(op.padding)} paddings for {rank} axes")
    return np.pad(inputs[0], ((0, 0), *op.padding[:rank]))


@forward_rule(ops.Concat)
def concat(op: ops.Concat, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL tensor/ops.rs ``concat``; what is larger than the first input is cut to its size."""
    if len(inputs) == 1:
        return inputs[0]
    first = inputs[0].shape[1:]
    if any(value.ndim != inputs[0].ndim for value in inputs) or op.axis >= len(first):
        raise Unmodelled(f"cannot join {[list(value.shape[1:]) for value in inputs]} along axis {op.axis}")
    rows = same_rows(*inputs)
    parts = []
    for value in inputs:
        shape = tuple(
            value.shape[axis + 1] if axis == op.axis else length for axis, length in enumerate(first)
        )
        if any(have < want for have, want in zip(value.shape[1:], shape, strict=True)):
            raise Unmodelled(
                f"EZKL reads outside of {list(value.shape[1:])} when it joins it to {list(first)}"
            )
        parts.append(on_rows(value[(slice(None), *map(slice, shape))], rows))
    return np.concatenate(parts, axis=op.axis + 1)


def _along(axis: int, part: slice) -> tuple[slice, ...]:
    return (*(slice(None),) * (axis + 1), part)


@forward_rule(ops.Slice)
def slice_axis(op: ops.Slice, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``slice``."""
    dims = inputs[0].shape[1:]
    if op.axis >= len(dims) or not op.start <= op.end <= dims[op.axis]:
        raise Unmodelled(f"slice {op.start}:{op.end} of axis {op.axis} of {list(dims)}")
    return inputs[0][_along(op.axis, slice(op.start, op.end))]


@forward_rule(ops.Resize)
def resize(op: ops.Resize, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``resize``: each element repeated (nearest neighbour)."""
    value = inputs[0]
    if len(op.scale_factor) != value.ndim - 1:
        raise Unmodelled(f"{len(op.scale_factor)} resize factors for {value.ndim - 1} axes")
    for axis, factor in enumerate(op.scale_factor):
        if factor != 1:
            value = value.repeat(factor, axis=axis + 1)
    return value


@forward_rule(ops.Downsample)
def downsample(op: ops.Downsample, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``downsample``: every ``stride``-th slice; backwards, ``modulo`` counts from the end."""
    dims = inputs[0].shape[1:]
    if op.stride == 0 or op.axis >= len(dims) or op.modulo >= dims[op.axis]:
        raise Unmodelled(f"every {op.stride}th of axis {op.axis} from {op.modulo} of {list(dims)}")
    value = inputs[0] if op.stride > 0 else np.flip(inputs[0], op.axis + 1)
    return value[_along(op.axis, slice(op.modulo, None, abs(op.stride)))]


@forward_rule(ops.Trilu)
def trilu(op: ops.Trilu, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL tensor/ops.rs ``trilu``, which counts along axes 1 and 2 and clears elements of the last two.

    It leaves a plain matrix as it is. Raises Unmodelled where it clears what the last two axes do not have.
    """
    value = inputs[0]
    dims = value.shape[1:]
    if len(dims) < 2:
        raise Unmodelled(f"a triangle of {list(dims)}")
    if len(dims) == 2 or not prod(dims):
        return value
    past = np.subtract.outer(np.arange(dims[1]), np.arange(dims[2])) + op.k
    cleared = np.asarray(past > 0 if op.upper else past < 0)
    height, width = dims[-2:]
    if cleared[height:].any() or cleared[:, width:].any():
        raise Unmodelled(f"EZKL reads axes 1 and 2 of {list(dims)} as the matrix of a triangle")
    mask = np.zeros((height, width), dtype=np.bool_)
    seen = cleared[:height, :width]
    mask[: seen.shape[0], : seen.shape[1]] = seen
    return np.where(mask, 0, value)
