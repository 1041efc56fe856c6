"""Gathering and scattering, at indices that are constant and at ones that are values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import Any

import numpy as np

from auditor.circuit import ops
from auditor.forward import select
from auditor.forward.errors import Unmodelled
from auditor.forward.ledger import Ledger
from auditor.forward.rules import arity, forward_rule
from auditor.forward.tensors import expand, on_rows, same_rows


@forward_rule(ops.Gather)
def gather(op: ops.Gather, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL tensor/ops.rs ``gather``, or layouts.rs ``gather``."""
    value = inputs[0]
    if not 0 <= op.dim < value.ndim - 1:
        raise Unmodelled(f"cannot gather along axis {op.dim} of {list(value.shape[1:])}")
    if op.index is None:
        arity(op, inputs, 2)
        return select.gather(ledger, value, inputs[1], op.dim)
    _check_bounds(op.index, value.shape[op.dim + 1])
    picked = value.take(op.index.ravel(), axis=op.dim + 1)
    return picked.squeeze(op.dim + 1) if op.index.shape == () else picked


@forward_rule(ops.GatherElements)
def gather_elements(op: ops.GatherElements, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL tensor/ops.rs ``gather_elements``, or layouts.rs."""
    value, index = inputs[0], op.index
    if index is None:
        arity(op, inputs, 2)
        return select.gather_elements(ledger, value, inputs[1], op.dim)[0]
    arity(op, inputs, 1)
    if index.ndim != value.ndim - 1:
        raise Unmodelled(f"elements of {list(value.shape[1:])} at {list(index.shape)}")
    select.check_axis(op.dim, value.shape[1:])
    _check_bounds(index, value.shape[op.dim + 1])
    return np.asarray(value[_all_rows(_grid(index, op.dim))])


@forward_rule(ops.GatherND)
def gather_nd(op: ops.GatherND, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL tensor/ops.rs ``gather_nd``, or layouts.rs."""
    value, index = inputs[0], op.index
    if index is None:
        arity(op, inputs, 2)
        return select.gather_nd(ledger, value, inputs[1], op.batch_dims)[0]
    dims = value.shape[1:]
    if not index.ndim or index.shape[-1] > len(dims) - op.batch_dims:
        raise Unmodelled(f"slices of {list(dims)} at {list(index.shape)}")
    if op.batch_dims:
        return _gather_nd_in_batches(value, index, op.batch_dims)
    _check_tuples(index, dims)
    return np.asarray(value[_all_rows(np.moveaxis(index, -1, 0))])


def _gather_nd_in_batches(value: np.ndarray, index: np.ndarray, batch_dims: int) -> np.ndarray:
    """EZKL tensor/ops.rs ``gather_nd`` takes the number of the batch for one more coordinate of the index."""
    dims = value.shape[1:]
    shape = (*index.shape[:-1], *dims[batch_dims + index.shape[-1] :])
    parts = []
    for batch in np.ndindex(*dims[:batch_dims]):
        try:
            own, table = index[batch], value[(slice(None), *batch)]
            for inner in np.ndindex(*own.shape[:-1]):
                named = own[(*inner, *batch)].ravel()
                _check_tuples(named[None], table.shape[1:])
                parts.append(table[(slice(None), *named)].reshape(value.shape[0], -1))
        except IndexError:
            raise Unmodelled(f"EZKL reads outside of the index {list(index.shape)}") from None
    result = np.concatenate(parts, axis=1)
    if result.shape[1] != prod(shape):
        raise Unmodelled(f"{result.shape[1]} elements for {list(shape)}")
    return result.reshape((value.shape[0], *shape))


@forward_rule(ops.ScatterElements)
def scatter_elements(op: ops.ScatterElements, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL tensor/ops.rs ``scatter``, or layouts.rs ``scatter_elements``; the last update stays."""
    if op.index is None:
        arity(op, inputs, 3)
        return _scattered(op.dim, inputs, ledger)
    arity(op, inputs, 2)
    value, updates = inputs
    select.check_axis(op.dim, value.shape[1:])
    if op.index.shape != updates.shape[1:]:
        raise Unmodelled(f"{list(updates.shape[1:])} updates at {list(op.index.shape)} indices")
    _check_bounds(op.index, value.shape[op.dim + 1])
    rows = same_rows(value, updates)
    result = np.array(on_rows(value, rows))
    result[_all_rows(_grid(op.index, op.dim))] = updates
    return result


def _scattered(axis: int, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    value, index, updates = inputs
    select.check_axis(axis, value.shape[1:])
    if index.shape[1:] != updates.shape[1:] or index.ndim != value.ndim:
        raise Unmodelled(f"{list(updates.shape[1:])} updates at {list(index.shape[1:])} indices")
    outside = (index < 0) | (index >= value.shape[axis + 1])
    ledger.fault("an index outside of its table, over which EZKL panics", outside)
    inside = np.where(outside, 0, index)
    _, linear = select.gather_elements(ledger, value, inside, axis)
    rows = same_rows(value, index, updates)
    return _written(value, linear, on_rows(updates, rows), ledger)


@forward_rule(ops.ScatterND)
def scatter_nd(op: ops.ScatterND, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL tensor/ops.rs ``scatter_nd``, or layouts.rs; the last of several updates stays."""
    if op.index is None:
        arity(op, inputs, 3)
        value, index, updates = inputs
        linear = _linear_tuples(value, index, ledger)
        rows = same_rows(value, index, updates)
        shaped = _updates(on_rows(updates, rows), index.shape[1:-1], index.shape[-1], value.shape[1:])
        return _written(value, linear, shaped, ledger)
    arity(op, inputs, 2)
    value, updates = inputs
    if not op.index.ndim or op.index.shape[-1] > value.ndim - 1:
        raise Unmodelled(f"scatter into {list(value.shape[1:])} at {list(op.index.shape)} indices")
    _check_tuples(op.index, value.shape[1:])
    shaped = _updates(updates, op.index.shape[:-1], op.index.shape[-1], value.shape[1:])
    rows = same_rows(value, shaped)
    result = np.array(on_rows(value, rows))
    result[_all_rows(np.moveaxis(op.index, -1, 0))] = shaped
    return result


def _linear_tuples(value: np.ndarray, index: np.ndarray, ledger: Ledger) -> np.ndarray:
    outside = np.zeros(index.shape, dtype=np.bool_)
    for axis in range(index.shape[-1]):
        outside[..., axis] = (index[..., axis] < 0) | (index[..., axis] >= value.shape[axis + 1])
    ledger.fault("an index outside of its table, over which EZKL panics", outside)
    return select.gather_nd(ledger, value, np.where(outside, 0, index), 0)[1]


def _updates(updates: np.ndarray, count: tuple[int, ...], named: int, dims: tuple[int, ...]) -> np.ndarray:
    """What each index tuple writes; EZKL matches axes from the first one on (tensor/mod.rs ``set_slice``)."""
    rest = updates.shape[1 + len(count) :]
    if updates.shape[1 : 1 + len(count)] != count:
        raise Unmodelled(f"{list(updates.shape[1:])} updates at {list(count)} indices")
    wanted = dims[named:]
    if len(count) == named and rest == wanted:
        return updates
    if not updates.size:
        raise Unmodelled("no updates")
    flat = updates.reshape((-1, *(1,) * len(count), *rest))
    shape = (updates.shape[0], *count, *wanted)
    return expand(flat, (*(1,) * named, *wanted)).reshape(shape)


def _written(value: np.ndarray, linear: np.ndarray, updates: np.ndarray, ledger: Ledger) -> np.ndarray:
    """The updates at their places, and what EZKL checks of the places that have none."""
    rows = same_rows(value, linear, updates)
    size = value[0].size
    places = on_rows(linear.reshape(linear.shape[0], -1), rows)
    if places.shape[1] >= size:
        raise Unmodelled("a scatter over all elements, for which EZKL sorts what is left")
    flat = np.array(on_rows(value.reshape(value.shape[0], -1), rows))
    np.put_along_axis(flat, places, updates.reshape(rows, -1), axis=1)
    ordered = np.sort(places, axis=1)
    twice = ordered[:, 1:] == ordered[:, :-1]
    ledger.fault("a scatter writes one element twice", twice)
    for row in range(rows):
        left = np.setdiff1d(np.arange(size), places[row], assume_unique=False)[: size - places.shape[1]]
        if left.size > 1:
            gap = np.zeros((rows, 1), dtype=np.int64)
            gap[row] = int((left[1:] - left[:-1]).max()) + 1
            ledger.decompose(gap)
    return flat.reshape((rows, *value.shape[1:]))


@forward_rule(ops.OneHot)
def one_hot(op: ops.OneHot, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``one_hot_axis``; EZKL has no witness for a class that does not exist."""
    arity(op, inputs, 1)
    value = inputs[0]
    ledger.fault("a class that does not exist", (value < 0) | (value >= op.num_classes))
    shape = [1] * (value.ndim + 1)
    shape[op.dim + 1] = op.num_classes
    classes = np.arange(op.num_classes).reshape(shape)
    return np.asarray(np.expand_dims(value, op.dim + 1) == classes).astype(np.int64)


def _all_rows(index: Iterable[Any]) -> tuple[Any, ...]:
    """The index below the axis of rows."""
    return (slice(None), *index)


def _grid(index: np.ndarray, axis: int) -> tuple[np.ndarray, ...]:
    """An index for each axis: the given one along ``axis``, an element's own coordinate elsewhere."""
    grid: list[np.ndarray] = list(np.indices(index.shape, sparse=True))
    grid[axis] = index
    return tuple(grid)


def _check_tuples(index: np.ndarray, dims: tuple[int, ...]) -> None:
    for axis in range(index.shape[-1]):
        _check_bounds(index[..., axis], dims[axis])


def _check_bounds(index: np.ndarray, length: int) -> None:
    if index.size and (int(index.max()) >= length or int(index.min()) < 0):
        raise Unmodelled(f"an index outside of 0 to {length - 1}")
