"""Einsum on integers."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from msgspec import Struct

from auditor.forward.errors import Unmodelled
from auditor.forward.numbers import total
from auditor.forward.products import matrix_product


class Labelled(Struct, frozen=True, kw_only=True):
    """A value and a letter for each of its axes after the rows."""

    values: np.ndarray
    axes: str

    def length(self, axis: str) -> int:
        """How long an axis is."""
        return int(self.values.shape[1 + self.axes.index(axis)])

    def arranged(self, axes: str) -> np.ndarray:
        """The values with these axes in this order, which must be all of them."""
        return self.values.transpose(0, *(1 + self.axes.index(axis) for axis in axes))

    def without(self, axes: str) -> Labelled:
        """The sum over some axes."""
        if not axes:
            return self
        summed = total(self.values, tuple(1 + self.axes.index(axis) for axis in axes))
        kept = "".join(axis for axis in self.axes if axis not in axes)
        shape = (summed.shape[0], *(self.length(axis) for axis in kept))
        return Labelled(values=summed.reshape(shape), axes=kept)


def einsum(inputs: Sequence[np.ndarray], equation: str, *, literal_dots: bool = False) -> np.ndarray:
    """EZKL ``einsum``. Raises Unmodelled for equations EZKL rejects, or reads in a way of its own.

    With ``literal_dots`` (run arg ``disable_freivalds``) the summed axes of each of two inputs are flattened
    in the input's own order before their dot product (``einsum_with_base_ops``).
    """
    left, arrow, output = equation.partition("->")
    letters = left.split(",")
    if not arrow or len(letters) != len(inputs):
        raise Unmodelled(f"einsum {equation} with {len(inputs)} inputs")
    if (literal_dots or len(inputs) > 1) and any(len(set(axes)) != len(axes) for axes in letters):
        raise Unmodelled(f"einsum {equation} names an axis twice")
    operands = [_labelled(value, axes, equation) for value, axes in zip(inputs, letters, strict=True)]
    if len(set(output)) != len(output):
        raise Unmodelled(f"einsum {equation} repeats an axis")
    lengths: dict[str, int] = {}
    for operand in operands:
        for axis in operand.axes:
            if lengths.setdefault(axis, operand.length(axis)) != operand.length(axis):
                raise Unmodelled(f"einsum {equation}: an axis has two lengths")
    result = operands[0].without(_nowhere_else(operands, 0, output))
    for index in range(1, len(operands)):
        following = operands[index].without(_nowhere_else(operands, index, output))
        later = "".join(operand.axes for operand in operands[index + 1 :]) + output
        own_order = (
            literal_dots and len(operands) == 2 and prod(lengths[a] for a in _alone(operands, output)) == 1
        )
        result = _contract(result, following, later, own_order=own_order)
    known = "".join(axis for axis in output if axis in lengths)
    result = result.without("".join(axis for axis in result.axes if axis not in output))
    shape = tuple(lengths.get(axis, 1) for axis in output) or (1,)
    arranged = result.arranged(known)
    return arranged.reshape((arranged.shape[0], *shape))


def _labelled(value: np.ndarray, axes: str, equation: str) -> Labelled:
    """A value with its letters. Of an axis that it names twice, EZKL follows the last and stays at the
    beginning of the others (tensor/ops.rs ``accumulated::einsum``)."""
    if len(axes) > value.ndim - 1:
        raise Unmodelled(f"einsum {equation}: {axes} for {list(value.shape[1:])}")
    if len(axes) < value.ndim - 1:
        if prod(value.shape[1 + len(axes) :]) != 1:
            raise Unmodelled(f"einsum {equation}: {axes} for {list(value.shape[1:])}")
        value = value.reshape(value.shape[: 1 + len(axes)])
    for place in reversed(range(len(axes))):
        if axes[place] in axes[place + 1 :]:
            value = value.take(0, axis=place + 1)
            axes = axes[:place] + axes[place + 1 :]
    return Labelled(values=value, axes=axes)


def _nowhere_else(operands: Sequence[Labelled], index: int, output: str) -> str:
    others = "".join(operand.axes for place, operand in enumerate(operands) if place != index) + output
    return "".join(axis for axis in operands[index].axes if axis not in others)


def _alone(operands: Sequence[Labelled], output: str) -> str:
    return "".join(_nowhere_else(operands, index, output) for index in range(len(operands)))


def _contract(left: Labelled, right: Labelled, later: str, *, own_order: bool) -> Labelled:
    """The product of two, summed over the axes that nothing later has."""
    shared = [axis for axis in left.axes if axis in right.axes]
    if len(left.values) == 1 and left.values.size > right.values.size:
        left, right = right, left  # weights stand on the right, where they serve all rows at once
    batch = "".join(axis for axis in shared if axis in later)
    summed = "".join(axis for axis in shared if axis not in later)
    rows = "".join(axis for axis in left.axes if axis not in shared)
    columns = "".join(axis for axis in right.axes if axis not in shared)
    other = "".join(axis for axis in right.axes if axis in summed) if own_order else summed

    def sizes(one: Labelled, axes: str) -> tuple[int, ...]:
        return tuple(one.length(axis) for axis in axes)

    length = prod(sizes(left, summed))
    first = left.arranged(batch + rows + summed)
    second = right.arranged(batch + other + columns)
    shape = (*sizes(left, batch), *sizes(left, rows), *sizes(right, columns))
    if not batch and second.shape[0] == 1:
        # One matrix for all rows of the input: a single product.
        product = matrix_product(first.reshape(-1, length), second.reshape(length, -1))
    else:
        product = matrix_product(
            first.reshape((first.shape[0], *sizes(left, batch), -1, length)),
            second.reshape((second.shape[0], *sizes(right, batch), length, -1)),
        )
    count = max(first.shape[0], second.shape[0])
    return Labelled(values=product.reshape((count, *shape)), axes=batch + rows + columns)
