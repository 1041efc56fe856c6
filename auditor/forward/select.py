"""Elements at indices that are values themselves (EZKL circuit/ops/layouts.rs)."""

from __future__ import annotations

from math import prod

import numpy as np

from auditor.forward.errors import Unmodelled
from auditor.forward.ledger import Ledger
from auditor.forward.numbers import add, scale_by
from auditor.forward.tensors import Shape, on_rows, same_rows


def select(ledger: Ledger, table: np.ndarray, linear: np.ndarray) -> np.ndarray:
    """EZKL ``select``: elements of the flattened table; what lies outside of it is a fault, and 0."""
    flat = table.reshape(table.shape[0], -1)
    index = linear.reshape(linear.shape[0], -1)
    outside = (index < 0) | (index >= flat.shape[1])
    ledger.fault("an index outside of its table, over which EZKL panics", outside)
    if flat.shape[1] == 0:
        raise Unmodelled("a selection from no elements")
    rows = same_rows(flat, index)
    found = np.take_along_axis(on_rows(flat, rows), on_rows(np.where(outside, 0, index), rows), axis=1)
    return np.where(outside, 0, found)


def strides(dims: Shape) -> tuple[int, ...]:
    """How far apart neighbours along each axis lie in the flattened tensor."""
    return tuple(prod(dims[axis + 1 :]) for axis in range(len(dims)))


def _offsets(loop: Shape, step: Shape, axis: int) -> np.ndarray:
    """What the coordinates along all axes but one add to a linear index; shape ``loop`` under one row."""
    result = np.zeros((1, *(1,) * len(loop)), dtype=np.int64)
    for other, length in enumerate(loop):
        if other != axis:
            shape = [1] * (len(loop) + 1)
            shape[other + 1] = length
            result = result + (np.arange(length) * step[other]).reshape(shape)
    return result


def check_axis(axis: int, dims: Shape) -> None:
    """Raises Unmodelled for an axis that is not there."""
    if not 0 <= axis < len(dims):
        raise Unmodelled(f"no axis {axis} in {list(dims)}")


def gather(ledger: Ledger, value: np.ndarray, index: np.ndarray, axis: int) -> np.ndarray:
    """EZKL ``gather``: slices at a flattened index. One that is too large reaches into the next slice."""
    dims = value.shape[1:]
    check_axis(axis, dims)
    count = index[0].size
    along = index.reshape((index.shape[0], *(1,) * axis, count, *(1,) * (len(dims) - axis - 1)))
    step = strides(dims)
    loop = (*dims[:axis], count, *dims[axis + 1 :])
    linear = add(scale_by(along, step[axis]), _offsets(loop, step, axis))
    linear = np.broadcast_to(linear, (linear.shape[0], *loop))
    return select(ledger, value, linear).reshape((-1, *loop))


def gather_elements(
    ledger: Ledger, value: np.ndarray, index: np.ndarray, axis: int
) -> tuple[np.ndarray, np.ndarray]:
    """EZKL ``gather_elements``, and the linear indices."""
    if index.ndim != value.ndim:
        raise Unmodelled(f"elements of {list(value.shape[1:])} at {list(index.shape[1:])}")
    check_axis(axis, value.shape[1:])
    if index.ndim == 2:
        linear = index
    else:
        step = strides(value.shape[1:])
        linear = add(scale_by(index, step[axis]), _offsets(index.shape[1:], step, axis))
    return select(ledger, value, linear).reshape((-1, *index.shape[1:])), linear


def gather_nd(
    ledger: Ledger, value: np.ndarray, index: np.ndarray, batch_dims: int
) -> tuple[np.ndarray, np.ndarray]:
    """EZKL ``gather_nd``, and the linear indices.

    EZKL takes the lengths of the axes that no index names from the start of the shape, batch axes or not.
    """
    dims, index_dims = value.shape[1:], index.shape[1:]
    rank, last = len(dims) - batch_dims, index_dims[-1]
    if last > rank:
        raise Unmodelled(f"slices of {list(dims)} at {list(index_dims)}")
    step = strides(dims)
    free = dims[last:rank] if last < rank else ()
    shape = (*index_dims[:-1], *dims[batch_dims + last :])
    named = np.zeros((index.shape[0], *index_dims[:-1]), dtype=np.int64)
    for place in range(last):
        named = add(named, scale_by(index[..., place], step[batch_dims + place]))
    for axis in range(batch_dims):
        lengths = [1] * named.ndim
        lengths[axis + 1] = index_dims[axis]
        named = named + (np.arange(index_dims[axis]) * step[axis]).reshape(lengths)
    offsets = np.zeros((1,) * len(free), dtype=np.int64)
    for place, length in enumerate(free):
        lengths = [1] * len(free)
        lengths[place] = length
        offsets = offsets + (np.arange(length) * step[batch_dims + last + place]).reshape(lengths)
    linear = named[(..., *(None,) * len(free))] + offsets
    if linear[0].size != prod(shape):
        raise Unmodelled(f"{linear[0].size} elements for {list(shape)}")
    linear = linear.reshape((linear.shape[0], *shape))
    return select(ledger, value, linear).reshape((-1, *shape)), linear
