"""Freivalds' check of a tensor product (EZKL circuit/ops/chip/einsum).

Both sides of ``inputs -> output`` are squeezed to one number with random vectors and compared. All
cells lie in the einsum columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from auditor.layout.region import Region
from auditor.layout.values import NO_CONSTANTS, Constants, Value

MAX_OUTPUT_AXES = 10
"""EZKL's ``NUM_MAX_EINSUM_CHALLENGES``: one random vector for each output axis."""

Tensor = tuple[str, Constants]
"""The axes of a tensor in the check, and its constants."""


def check_product(
    region: Region, inputs: Sequence[Value], expressions: Sequence[str], output: str, dims: dict[str, int]
) -> None:
    """Squeezes the output, then the inputs (mod.rs ``assign_einsum``). No axis may have length 1."""
    _squeeze_output(region, [dims[axis] for axis in output])
    tensors: list[Tensor] = [(axes, value.constants) for axes, value in zip(expressions, inputs, strict=True)]
    live = list(tensors)
    for axis in output:
        while any(axis in axes for axes, _ in live):
            live = _reduce(region, live, tensors, axis, output, dims)
    for axis in sorted({axis for axes, _ in live for axis in axes}):
        live = _reduce(region, live, tensors, axis, output, dims)
    scalars = [constants for axes, constants in tensors if not axes]
    _chains(region, 1, len(scalars), NO_CONSTANTS.union(*scalars), 1)


def _squeeze_output(region: Region, lengths: list[int]) -> None:
    """A random linear combination along each axis, the last first, and one cell for the result."""
    for position in reversed(range(len(lengths))):
        _combine(region, prod(lengths[:position]), lengths[position], NO_CONSTANTS)
    region.einsum.position += 1


def _reduce(
    region: Region,
    live: list[Tensor],
    tensors: list[Tensor],
    axis: str,
    output: str,
    dims: dict[str, int],
) -> list[Tensor]:
    """Removes one axis, or joins the tensors that share an output axis (reduction_planner.rs ``reduce``).

    Appends the result to ``tensors`` and returns what is left to reduce.
    """
    operands = [tensor for tensor in live if axis in tensor[0]]
    joins = axis in output and len(operands) > 1
    letters = sorted({letter for axes, _ in operands for letter in axes})
    result = "".join(letter for letter in letters if joins or letter != axis)
    size = prod(dims[letter] for letter in result)
    constants = [constants for _, constants in operands]
    if joins:
        _multiply(region, size, constants)
    elif axis in output:
        _combine(region, size, dims[axis], constants[0])
    else:
        _contract(region, size, dims[axis], constants)
    tensors.append((result, NO_CONSTANTS))
    used = {axes for axes, _ in operands}
    return [*(tensor for tensor in live if tensor[0] not in used), tensors[-1]]


def _combine(region: Region, count: int, length: int, constants: Constants) -> None:
    """``count`` random linear combinations of ``length`` elements (mod.rs ``assign_rlc``)."""
    _chains(region, count, length, constants, 0)


def _multiply(region: Region, size: int, constants: list[Constants]) -> None:
    """Element-wise products of tensors spread over all their axes (layouts.rs ``pairwise``)."""
    for part in constants:
        region.constants |= part
    for _ in constants[1:]:
        region.einsum.flush()
        region.einsum.position += size


def _contract(region: Region, count: int, length: int, constants: list[Constants]) -> None:
    """Sums of products along an axis (mod.rs ``assign_input_contraction``)."""
    if len(constants) <= 2:
        _chains(region, count, length, NO_CONSTANTS.union(*constants), 0)
        return

    def multiply_and_sum() -> None:
        _multiply(region, length, constants)
        _chains(region, 1, length, NO_CONSTANTS, 0)

    if count:
        region.repeat(count, multiply_and_sum)


def _chains(region: Region, count: int, length: int, constants: Constants, padding: int) -> None:
    region.constants |= constants
    if length % region.settings.width:
        region.constants.add(padding)
    region.einsum.chains(count, length)
