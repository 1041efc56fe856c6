"""Operations on whole slices along one axis: softmax, top-k, one-hot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

import numpy as np

from auditor.circuit import ops
from auditor.circuit.ops import Shape
from auditor.circuit.size import RequiredLookup
from auditor.layout.division import reciprocal
from auditor.layout.dynamic import extreme, gather, sort
from auditor.layout.errors import LayoutError
from auditor.layout.integers import as_u64
from auditor.layout.primitives import (
    ONE,
    boolean_identity,
    enforce_equality,
    identity,
    nonlinearity,
    pairwise,
    total,
)
from auditor.layout.region import Region
from auditor.layout.rules import layout_rule
from auditor.layout.values import RandomConstants, Value, activation

EULER_F32 = float(np.float32(np.e))


def for_each_slice(region: Region, value: Value, axes: Shape, operate: Callable[[Value], Value]) -> Value:
    """EZKL ``multi_dim_axes_op``: a value of one axis is not looped over.

    Raises LayoutError for several axes at once, or all of them, where EZKL panics.
    """
    identity(region, value)
    if len(value.shape) == 1:
        return operate(value)
    if len(axes) != 1 or axes[0] >= len(value.shape):
        raise LayoutError(f"EZKL cannot work on axes {list(axes)} of {list(value.shape)} at once")
    axis = axes[0]
    part = value.sliced((value.shape[axis],))
    result = region.loop(prod(value.shape) // max(value.shape[axis], 1), lambda: operate(part))
    if result is None:
        raise LayoutError(f"EZKL cannot work on an empty tensor of {list(value.shape)}")
    shape = (*value.shape[:axis], result.shape[0], *value.shape[axis + 1 :])
    if not result.constants:
        return activation(shape)
    return Value(shape=shape, size=prod(shape), constants=result.constants)


@layout_rule(ops.Softmax)
def softmax_axes(op: ops.Softmax, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``softmax_axes``."""
    return for_each_slice(region, inputs[0], op.axes, lambda part: _softmax(region, part, op))


def _softmax(region: Region, value: Value, op: ops.Softmax) -> Value:
    """EZKL ``softmax`` and ``percent``: exponentials of the distance to the largest, over their sum."""
    distance = pairwise(region, value, extreme(region, value))
    table = RequiredLookup(function="Exp", parameters=(("scale", op.input_scale), ("base", EULER_F32)))
    exponentials = identity(region, nonlinearity(region, distance, table))
    inverse = reciprocal(
        region,
        total(region, exponentials),
        input_scale=as_u64(op.input_scale),
        output_scale=as_u64(op.output_scale),
        epsilon=op.epsilon,
    )
    return pairwise(region, exponentials, inverse)


@layout_rule(ops.TopK)
def top_k(op: ops.TopK, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``topk_axes``: every slice is sorted whole."""

    def first(part: Value) -> Value:
        if op.k > part.size:
            raise LayoutError(f"the top {op.k} of {part.size} elements")
        ordered, _ = sort(region, part)
        return ordered if ordered.size == op.k else activation((op.k,))

    return for_each_slice(region, inputs[0], (op.dim,), first)


@layout_rule(ops.OneHot)
def one_hot_axis(op: ops.OneHot, inputs: Sequence[Value], region: Region) -> Value:
    """EZKL ``one_hot_axis``: booleans that sum to 1 and are 1 at the index."""
    value = inputs[0]
    if value.shape == () or op.dim > len(value.shape):
        raise LayoutError(f"one-hot of {list(value.shape)} along axis {op.dim}")
    if any(isinstance(part, RandomConstants) for part in value.constants):
        raise LayoutError(
            "one-hot of a fixed input: EZKL lays it out with random numbers, which are no class"
        )
    index = value.sliced((1,))
    row = activation((op.num_classes,))

    def one_element() -> None:
        region.assign(index)
        boolean_identity(region, row)
        region.advance(max(op.num_classes, 1))
        sum_of_row = total(region, row)
        enforce_equality(region, ONE, sum_of_row)
        chosen = gather(region, row, index, 0)
        enforce_equality(region, ONE, chosen)

    region.loop(value.size, one_element)
    return activation((*value.shape[: op.dim], op.num_classes, *value.shape[op.dim :]))
