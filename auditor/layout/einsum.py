"""Einsum: dot products in the main columns, or Freivalds' check in columns of its own."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from msgspec import Struct

from auditor.circuit.ops import Shape
from auditor.layout.errors import LayoutError
from auditor.layout.freivalds import MAX_OUTPUT_AXES, check_product
from auditor.layout.primitives import chain, chains
from auditor.layout.region import Region
from auditor.layout.values import NO_CONSTANTS, Value, activation, union


class Equation(Struct, frozen=True, kw_only=True):
    """``inputs -> output`` by axis letters, and the length of every axis."""

    inputs: tuple[str, ...]
    output: str
    dims: dict[str, int]

    def without_trivial_axes(self) -> Equation:
        """Drops axes of length 1 (EZKL chip/einsum/analysis.rs ``analyze_single_equation``)."""
        return Equation(
            inputs=tuple("".join(c for c in axes if self.dims[c] > 1) for axes in self.inputs),
            output="".join(c for c in self.output if self.dims.get(c, 1) > 1),
            dims=self.dims,
        )

    def repeated_axes(self) -> list[str]:
        """Each occurrence of an axis after its first, in order."""
        seen: set[str] = set()
        repeated = []
        for axis in "".join(self.inputs):
            if axis in seen:
                repeated.append(axis)
            seen.add(axis)
        return repeated

    def uses_freivalds(self) -> bool:
        """Whether checking the product is worth it: a matrix product in more than one free axis."""
        repeated = self.repeated_axes()
        free = [axis for axis, length in self.dims.items() if axis not in repeated and length > 1]
        return bool(self.output) and bool(repeated) and len(free) > 1


def parse_equation(text: str, shapes: Sequence[Shape]) -> Equation:
    """Raises LayoutError where EZKL does: wrong number of inputs, or an axis of two lengths."""
    left, arrow, output = text.partition("->")
    inputs = tuple(left.split(","))
    if not arrow or len(inputs) != len(shapes):
        raise LayoutError(f"einsum {text} does not fit {len(shapes)} inputs")
    dims: dict[str, int] = {}
    for axes, shape in zip(inputs, shapes, strict=True):
        if len(axes) > len(shape):
            raise LayoutError(f"einsum {text}: {axes} does not fit shape {list(shape)}")
        for axis, length in zip(axes, shape, strict=False):
            if dims.setdefault(axis, length) != length:
                raise LayoutError(f"einsum {text}: axis {axis} is {dims[axis]} and {length} long")
    return Equation(inputs=inputs, output=output, dims=dims)


def einsum(region: Region, inputs: Sequence[Value], text: str) -> Value:
    """EZKL circuit/ops/layouts.rs ``einsum``; raises LayoutError for equations it rejects."""
    equation = parse_equation(text, [value.shape for value in inputs])
    region.record_equation(text, tuple(equation.dims.items()))
    output = activation(tuple(equation.dims.get(axis, 1) for axis in equation.output) or (1,))
    if not region.settings.use_freivalds:
        base_ops(region, inputs, equation)
        return output
    equation = equation.without_trivial_axes()
    if not equation.uses_freivalds():
        base_ops(region, inputs, equation)
        return output
    if len(equation.output) > MAX_OUTPUT_AXES:
        raise LayoutError(f"einsum {text}: more than {MAX_OUTPUT_AXES} output axes")
    check_product(region, inputs, equation.inputs, equation.output, equation.dims)
    return output


def base_ops(region: Region, inputs: Sequence[Value], equation: Equation) -> None:
    """Every output element by itself: one dot product if it is one, else products and sums of all
    tuples of elements (EZKL ``einsum_with_base_ops``)."""
    dims, output = equation.dims, equation.output
    repeated = equation.repeated_axes()
    # dims has the input axes; axes only in the output have length one.
    summed_alone = prod(
        length for axis, length in dims.items() if axis not in repeated and axis not in output
    )
    outputs = prod(dims.get(axis, 1) for axis in output)
    constants = union(inputs)
    region.flush()
    if summed_alone == 1 and len(inputs) == 2:
        lengths = [_length(axes, output, dims) for axes in equation.inputs]
        if lengths[0] != lengths[1]:
            raise LayoutError(f"einsum dot product of {lengths[0]} and {lengths[1]} elements")
        chains(region, outputs, lengths[0], constants, 0)
        return
    shared = prod(dims[axis] for axis in repeated if axis not in output)
    tuples = shared * prod(
        prod(dims[axis] for axis in axes if axis not in output and axis not in repeated)
        for axes in equation.inputs
    )

    def add_product() -> None:
        chain(region, len(inputs), NO_CONSTANTS, 1)
        region.advance(1)

    def one_output() -> None:
        chain(region, len(inputs), constants, 1)
        if tuples > 1:
            region.repeat(tuples - 1, add_product)

    region.loop(outputs, one_output)


def _length(axes: str, output: str, dims: dict[str, int]) -> int:
    return prod(dims[axis] for axis in axes if axis not in output)
