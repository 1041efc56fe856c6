"""Reductions along axes: one sum, product or sort for each output element."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

from auditor.circuit import ops
from auditor.circuit.ops import Shape
from auditor.layout.division import divide
from auditor.layout.dynamic import extreme, position_of_extreme
from auditor.layout.errors import LayoutError
from auditor.layout.primitives import pairwise, product, total
from auditor.layout.region import Region
from auditor.layout.rules import layout_rule
from auditor.layout.values import Value, activation


def along_axes(region: Region, value: Value, axes: Shape, reduce: Callable[[Value], Value]) -> Value:
    """EZKL ``axes_wise_op``: ``reduce`` for every slice along ``axes``, which become 1 long."""
    if not axes:
        return value
    if max(axes) >= len(value.shape):
        raise LayoutError(f"cannot reduce axes {list(axes)} of {list(value.shape)}")
    shape = tuple(1 if axis in axes else length for axis, length in enumerate(value.shape))
    count = prod(shape)
    part = value.sliced((prod(value.shape[axis] for axis in set(axes)),))
    result = region.loop(count, lambda: reduce(part))
    if result is None or not result.constants:
        return activation(shape)
    return Value(shape=shape, size=count, constants=result.constants)


@layout_rule(ops.Sum)
def sum_axes(op: ops.Sum, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``sum_axes``."""
    return along_axes(region, inputs[0], op.axes, lambda part: total(region, part))


@layout_rule(ops.Prod)
def prod_axes(op: ops.Prod, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``prod_axes``."""
    return along_axes(region, inputs[0], op.axes, lambda part: product(region, part))


@layout_rule(ops.MeanOfSquares)
def mean_of_squares(op: ops.MeanOfSquares, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``mean_of_squares_axes``: squares, sums, and a division by how many."""
    value = inputs[0]
    squares = pairwise(region, value, value)
    sums = along_axes(region, squares, op.axes, lambda part: total(region, part))
    if not sums.size:
        raise LayoutError("mean of an empty tensor")
    return divide(region, sums, value.size // sums.size)


@layout_rule(ops.ReduceMax, ops.ReduceMin)
def extreme_axes(op: ops.ReduceMax | ops.ReduceMin, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``max_axes`` and ``min_axes``."""
    return along_axes(region, inputs[0], op.axes, lambda part: extreme(region, part))


@layout_rule(ops.ReduceArgMax, ops.ReduceArgMin)
def position_axes(op: ops.ReduceArgMax | ops.ReduceArgMin, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``argmax_axes`` and ``argmin_axes``."""
    largest = isinstance(op, ops.ReduceArgMax)
    return along_axes(
        region,
        inputs[0],
        (op.dim,),
        lambda part: position_of_extreme(region, part, largest=largest),
    )
