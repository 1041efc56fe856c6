"""Tables built from values: dynamic lookups, shuffles, and the selecting and sorting made of them."""

from __future__ import annotations

from math import prod

import numpy as np

from auditor.circuit.ops import Shape
from auditor.layout.errors import LayoutError
from auditor.layout.primitives import (
    ZERO,
    enforce_equality,
    equals,
    greater,
    greater_equal,
    identity,
    less,
    logical_and,
    logical_or,
    pairwise,
    total,
)
from auditor.layout.region import Region
from auditor.layout.values import (
    ConstantPart,
    ConstantRange,
    ConstantTensor,
    Value,
    activation,
    filled,
    index_range,
    union,
)


def dynamic_lookup(region: Region, lookups: tuple[Value, Value], tables: tuple[Value, Value]) -> None:
    """Proves that pairs of ``lookups`` occur in the ``tables`` (EZKL ``dynamic_lookup``)."""
    if lookups[0].size != lookups[1].size:
        raise LayoutError(f"a lookup of {lookups[0].size} keys and {lookups[1].size} values")
    if tables[0].size != tables[1].size:
        raise LayoutError(f"a table of {tables[0].size} keys and {tables[1].size} values")
    for value in (*tables, *lookups):
        region.assign(value)
    if tables[0].size or lookups[0].size:
        region.constants.add(region.dynamic_lookup_index)
    region.add_dynamic_lookup(tables[0].size)
    region.advance(lookups[0].size)


def shuffle(region: Region, output: Value, original: Value) -> Value:
    """Proves that ``output`` is a permutation of ``original``; returns the positions (EZKL ``shuffles``)."""
    if output.size != original.size:
        raise LayoutError(f"cannot shuffle {original.size} elements into {output.size}")
    region.assign(output)
    region.assign(original)
    if output.size:
        region.constants.add(region.shuffle_index)
        region.constants.add(ConstantRange(start=0, stop=output.size))
    region.add_shuffle(output.size)
    region.advance(output.size)
    return activation((output.size,))


def select(region: Region, table: Value, index: Value) -> Value:
    """The elements of the flattened ``table`` at ``index``."""
    output = activation((index.size,))
    dynamic_lookup(region, (index, output), (index_range(table.size), table))
    return output


def sort(region: Region, value: Value, *, ties: str = "unsorted") -> tuple[Value, Value]:
    """The elements in ascending order and where they were (EZKL ``_sort_ascending``).

    ``ties`` says which of equal elements comes first: ``unsorted``, ``smallest`` or ``largest``
    index. A single element is returned as it is, still a constant.
    """
    size = value.size
    flat = value.reshaped((size,))
    if size == 1:
        return flat, ZERO
    ascending = identity(region, activation((size,)))
    positions = shuffle(region, ascending, flat)
    pairs = activation((max(size - 1, 0),))
    if ties == "unsorted":
        in_order = greater_equal(region, pairs, pairs)
    else:
        is_greater = greater(region, pairs, pairs)
        is_equal = equals(region, pairs, pairs)
        compare = greater if ties == "smallest" else less
        index_in_order = compare(region, pairs, pairs)
        tie_in_order = logical_and(region, is_equal, index_in_order)
        in_order = logical_or(region, is_greater, tie_in_order)
    enforce_equality(region, filled(1, pairs.shape), in_order)
    return ascending, positions


def extreme(region: Region, value: Value) -> Value:
    """The largest or smallest element: the last or first of the sorted ones."""
    ordered, _ = sort(region, value)
    return ordered if ordered.size == 1 else activation((1,))


def position_of_extreme(region: Region, value: Value, *, largest: bool) -> Value:
    """Where the largest or smallest element is (EZKL ``argmax``, ``argmin``)."""
    claimed = identity(region, activation((1,)))
    claimed_element = select(region, value, claimed)
    ordered, positions = sort(region, value, ties="largest" if largest else "smallest")
    element = ordered if ordered.size == 1 else claimed
    position = positions if positions.size == 1 else claimed
    enforce_equality(region, claimed_element, element)
    enforce_equality(region, claimed, position)
    return claimed


# --- gathering ----------------------------------------------------------------------------------


def strides(shape: Shape) -> tuple[int, ...]:
    """How far apart neighbours along each axis lie in the flattened tensor."""
    return tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))


def gather(region: Region, value: Value, index: Value, axis: int) -> Value:
    """Slices of ``value`` along ``axis`` at a flat index (EZKL ``gather``)."""
    shape = (*value.shape[:axis], index.size, *value.shape[axis + 1 :])
    linear = _linear_element_index(region, index, shape, value.shape, axis)
    return select(region, value, linear).reshaped(shape)


def gather_elements(region: Region, value: Value, index: Value, axis: int) -> tuple[Value, Value]:
    """An element of ``value`` for each element of ``index``, and their linear indices."""
    if len(value.shape) != len(index.shape):
        raise LayoutError(
            f"GatherElements of rank {len(value.shape)} with an index of rank {len(index.shape)}"
        )
    if len(index.shape) == 1:
        linear = index
    else:
        linear = _linear_element_index(region, index, index.shape, value.shape, axis)
    return select(region, value, linear).reshaped(index.shape), linear


def _linear_element_index(region: Region, index: Value, loop_shape: Shape, shape: Shape, axis: int) -> Value:
    """Index times stride plus offset, for each element (EZKL ``linearize_element_index``)."""
    if not 0 <= axis < len(shape):
        raise LayoutError(f"no axis {axis} in {list(shape)}")
    count = prod(loop_shape)
    if count == 0:
        return activation((0,))
    step = strides(shape)
    region.constants |= _offsets(
        [(loop_shape[other], step[other]) for other in range(len(shape)) if other != axis]
    )
    multiplier, element = filled(step[axis]), index.sliced((1,))

    def linearize() -> None:
        pairwise(region, pairwise(region, element, multiplier), activation((1,)))

    region.loop(count, linearize)
    return activation((count,))


def _offsets(axes: list[tuple[int, int]]) -> frozenset[ConstantPart]:
    """All sums of a multiple of each stride, for axes of (length, stride) with falling strides.

    Offsets without gaps are a range; others are listed only if somebody counts them.
    """
    axes = [(length, step) for length, step in axes if length > 1]
    span = 1
    for length, step in reversed(axes):
        if step != span:
            size = prod(length for length, _ in axes)
            return frozenset({ConstantTensor(size=size, load=lambda: _listed_offsets(axes))})
        span *= length
    return frozenset({ConstantRange(start=0, stop=span)})


def _listed_offsets(axes: list[tuple[int, int]]) -> np.ndarray:
    offsets = np.zeros(1, dtype=np.int64)
    for length, step in axes:
        offsets = (offsets[:, None] + np.arange(length) * step).ravel()
    return offsets


def gather_nd(region: Region, value: Value, index: Value, batch_dims: int) -> tuple[Value, Value]:
    """Elements or slices at index tuples, and their linear indices (EZKL ``gather_nd``)."""
    rank = len(value.shape) - batch_dims
    if not index.shape or index.shape[-1] > rank:
        raise LayoutError(f"GatherND index tuples of {index.shape} do not fit {value.shape}")
    shape = (*index.shape[:-1], *value.shape[batch_dims + index.shape[-1] :])
    linear = _linear_nd_index(region, index, value.shape, batch_dims)
    if linear.size != prod(shape):
        raise LayoutError(f"GatherND of {list(value.shape)}: {linear.size} elements for {list(shape)}")
    return select(region, value, linear).reshaped(shape), linear


def _linear_nd_index(region: Region, index: Value, shape: Shape, batch_dims: int) -> Value:
    """A product and a sum for each tuple, outside of any loop (EZKL ``linearize_nd_index``)."""
    rank = len(shape) - batch_dims
    last = index.shape[-1]
    # EZKL reads the free axes from the start of the shape, batch axes or not.
    free = shape[last:rank] if last < rank else ()
    count = prod(index.shape[:-1]) * prod(free)
    if count == 0:
        return activation((0,))
    step = strides(shape)
    region.constants.update(ConstantRange(start=0, stop=length) for length in free)
    region.constants.update(step[batch_dims:])
    region.constants |= _offsets([(index.shape[axis], step[axis]) for axis in range(batch_dims)])
    region.assign(index)

    def linearize() -> None:
        pairwise(region, activation((rank,)), activation((rank,)))
        total(region, activation((rank + 1,)))

    region.repeat(count, linearize)
    return activation((count,))


# --- scattering ---------------------------------------------------------------------------------


def missing_elements(region: Region, present: Value, count: int) -> Value:
    """The sorted numbers below ``count`` that are not ``present`` (EZKL ``get_missing_set_elements``)."""
    if present.size > count:
        raise LayoutError(f"{present.size} indices into {count} elements")
    claimed = identity(region, activation((count - present.size,)))
    both = Value(shape=(count,), size=count, constants=union([present, claimed]))
    shuffle(region, both, index_range(count))
    if claimed.size == 0:
        raise LayoutError("scatter writes every element: EZKL cannot sort an empty set")
    ordered, _ = sort(region, claimed)
    return ordered


def unchanged_elements(region: Region, original: Value, output: Value, written: Value) -> None:
    """Proves that ``output`` keeps ``original`` where nothing was ``written``: the end of a scatter."""
    flat = output.reshaped((output.size,))
    untouched = missing_elements(region, written, original.size)
    kept, _ = gather_elements(region, flat, untouched, 0)
    dynamic_lookup(region, (untouched, kept), (index_range(original.size), original))
