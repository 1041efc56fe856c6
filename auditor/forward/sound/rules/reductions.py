"""Products, means, extremes and orders along axes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from math import prod

import numpy as np

from auditor.circuit import ops
from auditor.circuit.ops import Shape
from auditor.forward.errors import Unmodelled
from auditor.forward.ledger import Ledger
from auditor.forward.numbers import total
from auditor.forward.rules import arity
from auditor.forward.rules.nonlinear import sole_axis
from auditor.forward.sound.gadgets import ascending, divide, position_of_extreme
from auditor.forward.sound.intervals import square, times
from auditor.forward.sound.rules import bound_rule


def _shifted(value: np.ndarray, axes: Shape) -> tuple[int, ...]:
    """The axes of the array; EZKL ignores repetitions."""
    if any(axis >= value.ndim - 1 for axis in axes):
        raise Unmodelled(f"axes {list(axes)} of {list(value.shape[1:])}")
    return tuple(sorted({axis + 1 for axis in axes}))


def _slices(value: np.ndarray, axes: tuple[int, ...]) -> tuple[np.ndarray, tuple[int, ...]]:
    """The elements along axes on one last axis, and the shape of what is left of each slice."""
    kept = tuple(axis for axis in range(value.ndim) if axis not in axes)
    moved = value.transpose(*kept, *axes)
    shape = tuple(1 if axis in axes else length for axis, length in enumerate(value.shape))
    return moved.reshape((*moved.shape[: len(kept)], -1)), shape


@bound_rule(ops.Prod)
def prod_axes(op: ops.Prod, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``prod_axes``: one factor after another."""
    if not op.axes:
        return inputs[0]
    slices, shape = _slices(inputs[0], _shifted(inputs[0], op.axes))
    factors = np.moveaxis(slices, -1, 0)
    if not len(factors):
        raise Unmodelled("a product of no elements")
    product: np.ndarray = reduce(times, factors)
    return product.reshape((-1, *shape[1:]))


@bound_rule(ops.MeanOfSquares)
def mean_of_squares(op: ops.MeanOfSquares, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``mean_of_squares_axes``."""
    value = inputs[0]
    sums = total(square(value), _shifted(value, op.axes))
    if not sums.size:
        raise Unmodelled("a mean of no elements")
    return divide(ledger, sums, prod(value.shape[1:]) // prod(sums.shape[1:]))


@bound_rule(ops.ReduceMax, ops.ReduceMin)
def extreme_axes(
    op: ops.ReduceMax | ops.ReduceMin, inputs: Sequence[np.ndarray], ledger: Ledger
) -> np.ndarray:
    """EZKL ``max_axes`` and ``min_axes``: the last or the first of the sorted elements."""
    if not op.axes:
        return inputs[0]
    slices, shape = _slices(inputs[0], _shifted(inputs[0], op.axes))
    return ascending(ledger, slices)[..., -1 if isinstance(op, ops.ReduceMax) else 0].reshape(shape)


@bound_rule(ops.ReduceArgMax, ops.ReduceArgMin)
def arg_axes(
    op: ops.ReduceArgMax | ops.ReduceArgMin, inputs: Sequence[np.ndarray], ledger: Ledger
) -> np.ndarray:
    """EZKL ``argmax_axes`` and ``argmin_axes``."""
    (axis,) = _shifted(inputs[0], (op.dim,))
    slices = np.moveaxis(inputs[0], axis, -1)
    greatest = isinstance(op, ops.ReduceArgMax)
    return np.expand_dims(position_of_extreme(ledger, slices, greatest=greatest), axis)


@bound_rule(ops.TopK)
def topk(op: ops.TopK, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``topk_axes``: the first of the sorted elements, or the last in reverse."""
    arity(op, inputs, 1)
    axis = sole_axis(inputs[0], (op.dim,))
    if op.k > inputs[0].shape[axis]:
        raise Unmodelled(f"the {op.k} first of {inputs[0].shape[axis]} elements")
    ordered = ascending(ledger, np.moveaxis(inputs[0], axis, -1))
    if op.largest:
        ordered = ordered[..., ::-1]
    return np.moveaxis(ordered[..., : op.k], -1, axis)
