"""Gathering and scattering: free with an index known in advance, dynamic lookups otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from auditor.circuit import ops
from auditor.circuit.ops import Shape
from auditor.layout import dynamic
from auditor.layout.errors import LayoutError
from auditor.layout.primitives import enforce_equality, identity
from auditor.layout.region import Region
from auditor.layout.rules import arity, layout_rule
from auditor.layout.values import Value, activation, possible, rearranged


@layout_rule(ops.Gather)
def gather(op: ops.Gather, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL tensor/ops.rs ``gather``, or layouts.rs ``gather``."""
    value = inputs[0]
    if not 0 <= op.dim < len(value.shape):
        raise LayoutError(f"cannot gather along axis {op.dim} of {list(value.shape)}")
    if op.index is None:
        arity(op, inputs, 2)
        return dynamic.gather(region, value, inputs[1], op.dim)
    index = op.index
    _check_bounds(index, value.shape[op.dim])
    shape = (*value.shape[: op.dim], index.size, *value.shape[op.dim + 1 :])
    picked = value.picked(shape, lambda values: values.take(index.ravel(), axis=op.dim))
    if index.shape == ():
        return picked.reshaped((*value.shape[: op.dim], *value.shape[op.dim + 1 :]))
    return picked


@layout_rule(ops.GatherElements)
def gather_elements(op: ops.GatherElements, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL tensor/ops.rs ``gather_elements``, or layouts.rs."""
    value = inputs[0]
    if not 0 <= op.dim < len(value.shape):
        raise LayoutError(f"cannot gather along axis {op.dim} of {list(value.shape)}")
    if op.index is None:
        arity(op, inputs, 2)
        return dynamic.gather_elements(region, value, inputs[1], op.dim)[0]
    arity(op, inputs, 1)
    index = op.index
    if len(index.shape) != len(value.shape):
        raise LayoutError(f"GatherElements of {list(value.shape)} with an index of {list(index.shape)}")
    _check_bounds(index, value.shape[op.dim])

    def pick(values: np.ndarray) -> np.ndarray:
        corner = tuple(
            slice(None) if axis == op.dim else slice(0, length) for axis, length in enumerate(index.shape)
        )
        return np.take_along_axis(values[corner], index, axis=op.dim)

    return value.picked(index.shape, pick)


@layout_rule(ops.GatherND)
def gather_nd(op: ops.GatherND, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL tensor/ops.rs ``gather_nd``, or layouts.rs."""
    value = inputs[0]
    if op.index is None:
        arity(op, inputs, 2)
        return dynamic.gather_nd(region, value, inputs[1], op.batch_dims)[0]
    index_shape = op.index.shape
    if not index_shape or index_shape[-1] > len(value.shape) - op.batch_dims:
        raise LayoutError(f"GatherND of {list(value.shape)} with an index of {list(index_shape)}")
    shape = (*index_shape[:-1], *value.shape[op.batch_dims + index_shape[-1] :])
    index = op.index
    if op.batch_dims == 0:
        _check_tuples(index, value.shape)
        return value.picked(shape, lambda values: values[tuple(np.moveaxis(index, -1, 0))])
    if not value.constants:
        return activation(shape)
    return Value(shape=shape, size=prod(shape), constants=possible(value.constants))


@layout_rule(ops.ScatterElements)
def scatter_elements(op: ops.ScatterElements, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL tensor/ops.rs ``scatter``, or layouts.rs ``scatter_elements``."""
    if op.index is not None:
        arity(op, inputs, 2)
        if not 0 <= op.dim < len(inputs[0].shape) or len(op.index.shape) != len(inputs[0].shape):
            raise LayoutError(
                f"scatter into {list(inputs[0].shape)} along axis {op.dim} at {list(op.index.shape)}"
            )
        if op.index.shape != inputs[1].shape:
            raise LayoutError(f"{list(inputs[1].shape)} updates at {list(op.index.shape)} indices")
        _check_bounds(op.index, inputs[0].shape[op.dim])
        grid: list[np.ndarray] = list(np.indices(op.index.shape, sparse=True))
        grid[op.dim] = op.index
        return _overwritten(inputs[0], inputs[1], tuple(grid))
    arity(op, inputs, 3)
    value, index, updates = inputs
    if len(value.shape) != len(index.shape):
        raise LayoutError(f"scatter into {list(value.shape)} at an index of {list(index.shape)}")
    identity(region, index)
    output = identity(region, activation(value.shape))
    gathered, linear = dynamic.gather_elements(region, output, index, op.dim)
    enforce_equality(region, gathered, updates)
    dynamic.unchanged_elements(region, value, output, linear)
    return output


@layout_rule(ops.ScatterND)
def scatter_nd(op: ops.ScatterND, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL tensor/ops.rs ``scatter_nd``, or layouts.rs."""
    if op.index is not None:
        if not op.index.shape or op.index.shape[-1] > len(inputs[0].shape):
            raise LayoutError(f"scatter into {list(inputs[0].shape)} at {list(op.index.shape)} indices")
        _check_tuples(op.index, inputs[0].shape)
        return _overwritten(inputs[0], inputs[1], tuple(np.moveaxis(op.index, -1, 0)))
    arity(op, inputs, 3)
    value, index, updates = inputs
    identity(region, index)
    output = identity(region, activation(value.shape))
    gathered, linear = dynamic.gather_nd(region, output, index, 0)
    enforce_equality(region, gathered, updates)
    dynamic.unchanged_elements(region, value, output, linear)
    return output


def _overwritten(value: Value, updates: Value, positions: tuple[np.ndarray, ...]) -> Value:
    """``value`` with ``updates`` written at ``positions`` (one array for each leading axis)."""
    if not value.constants and not updates.constants:
        return activation(value.shape)

    def write(arrays: list[np.ndarray]) -> np.ndarray:
        result = np.ma.array(arrays[0], copy=True)
        result[positions] = arrays[1]
        return result

    return rearranged([value, updates], value.shape, write)


def _check_tuples(index: np.ndarray, shape: Shape) -> None:
    for axis in range(index.shape[-1]):
        _check_bounds(index[..., axis], shape[axis])


def _check_bounds(index: np.ndarray, length: int) -> None:
    if index.size and (int(index.max()) >= length or int(index.min()) < 0):
        raise LayoutError(f"an index outside of 0 to {length - 1}")
