"""Sums, products, extremes and orders along axes."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from auditor.circuit import ops
from auditor.circuit.ops import Shape
from auditor.forward import gadgets
from auditor.forward.errors import Unmodelled
from auditor.forward.ledger import Ledger
from auditor.forward.numbers import multiply, product, total
from auditor.forward.rules import arity, forward_rule
from auditor.forward.rules.nonlinear import sole_axis


def _shifted(value: np.ndarray, axes: Shape) -> tuple[int, ...]:
    """The axes of the array; EZKL ignores repetitions."""
    if any(axis >= value.ndim - 1 for axis in axes):
        raise Unmodelled(f"axes {list(axes)} of {list(value.shape[1:])}")
    return tuple(sorted({axis + 1 for axis in axes}))


@forward_rule(ops.Sum)
def sum_axes(op: ops.Sum, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``sum_axes``."""
    return total(inputs[0], _shifted(inputs[0], op.axes))


@forward_rule(ops.Prod)
def prod_axes(op: ops.Prod, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``prod_axes``."""
    return product(inputs[0], _shifted(inputs[0], op.axes)) if op.axes else inputs[0]


@forward_rule(ops.MeanOfSquares)
def mean_of_squares(op: ops.MeanOfSquares, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``mean_of_squares_axes``."""
    value = inputs[0]
    sums = total(multiply(value, value), _shifted(value, op.axes))
    if not sums.size:
        raise Unmodelled("a mean of no elements")
    return gadgets.divide(ledger, sums, prod(value.shape[1:]) // prod(sums.shape[1:]))


@forward_rule(ops.ReduceMax, ops.ReduceMin)
def extreme_axes(
    op: ops.ReduceMax | ops.ReduceMin, inputs: Sequence[np.ndarray], ledger: Ledger
) -> np.ndarray:
    """EZKL ``max_axes`` and ``min_axes``: the last or the first of the sorted elements."""
    value = inputs[0]
    if not op.axes:
        return value
    axes = _shifted(value, op.axes)
    kept = tuple(axis for axis in range(value.ndim) if axis not in axes)
    slices = value.transpose(*kept, *axes)
    slices = slices.reshape((*slices.shape[: len(kept)], -1))
    found = (gadgets.largest if isinstance(op, ops.ReduceMax) else gadgets.smallest)(ledger, slices)
    return found.reshape([1 if axis in axes else value.shape[axis] for axis in range(value.ndim)])


@forward_rule(ops.ReduceArgMax, ops.ReduceArgMin)
def arg_axes(
    op: ops.ReduceArgMax | ops.ReduceArgMin, inputs: Sequence[np.ndarray], ledger: Ledger
) -> np.ndarray:
    """EZKL ``argmax_axes`` and ``argmin_axes``."""
    (axis,) = _shifted(inputs[0], (op.dim,))
    slices = np.moveaxis(inputs[0], axis, -1)
    greatest = isinstance(op, ops.ReduceArgMax)
    return np.expand_dims(gadgets.position_of_extreme(ledger, slices, greatest=greatest), axis)


@forward_rule(ops.TopK)
def topk(op: ops.TopK, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``topk_axes``: the first of the sorted elements, or the last in reverse."""
    arity(op, inputs, 1)
    axis = sole_axis(inputs[0], (op.dim,))
    if op.k > inputs[0].shape[axis]:
        raise Unmodelled(f"the {op.k} first of {inputs[0].shape[axis]} elements")
    ordered = gadgets.ascending(ledger, np.moveaxis(inputs[0], axis, -1))
    if op.largest:
        ordered = ordered[..., ::-1]
    return np.moveaxis(ordered[..., : op.k], -1, axis)
