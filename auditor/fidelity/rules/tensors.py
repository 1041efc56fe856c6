"""Operators whose attributes or shapes EZKL or tract reads in part."""

from __future__ import annotations

import math
from fractions import Fraction

from auditor.fidelity.registry import node_rule
from auditor.fidelity.view import NodeView, NotKnown


@node_rule("AUD-FID-007", "Trilu")
def triangle_of_first_axes(node: NodeView) -> str | None:
    """EZKL ``tensor/ops.rs`` `trilu` runs over the sizes of axes 1 and 2, whatever the rank."""
    shape = node.fact(0).shape
    if shape is not None and len(shape) == 3:
        return None
    dims = node.dims(0)
    diagonal = 0
    if node.has_input(1):
        given = node.constant(1)
        if given is None or given.size != 1:
            return None
        diagonal = int(given.ravel()[0])
    rows, columns = dims[-2:]
    seen_rows, seen_columns = (dims[1], dims[2]) if len(dims) > 3 else (0, 0)
    upper = node.attribute("upper", 1) != 0
    if not _zero_is_missed(rows, columns, seen_rows, seen_columns, diagonal, upper=upper):
        return None
    if len(dims) == 2:
        return "Trilu of a matrix returns it unchanged"
    return f"Trilu of rank {len(dims)} clears elements by axes 1 and 2 in place of the last two"


def _zero_is_missed(
    rows: int, columns: int, seen_rows: int, seen_columns: int, diagonal: int, *, upper: bool
) -> bool:
    """Whether an element that must become 0 stands outside of the part that is looked at.

    >>> _zero_is_missed(4, 4, 3, 4, 0, upper=False), _zero_is_missed(4, 4, 3, 4, 0, upper=True)
    (False, True)
    """
    if upper:  # zero where column < row + diagonal; the last row has most
        below = rows - 1 + diagonal
        return (rows > seen_rows and min(below, columns) > 0) or min(below, columns) > seen_columns
    last = columns - 1  # zero where column > row + diagonal; the first row has most
    return (rows > seen_rows and last > seen_rows + diagonal) or (columns > seen_columns and last > diagonal)


@node_rule("AUD-FID-009", "Einsum", folded=True)
def repeated_index(node: NodeView) -> str | None:
    """An index that stands twice in one operand asks for a diagonal; EZKL reads the first elements."""
    equation = node.attribute("equation", "").replace(" ", "")
    if node.is_folded:
        return None
    for operand in equation.partition("->")[0].split(","):
        letters = operand.replace("...", "")
        if len(set(letters)) < len(letters):
            return f"Einsum {equation}: index repeated in '{operand}' does not take the diagonal"
    return None


@node_rule("AUD-FID-034", "Einsum")
def result_misread(node: NodeView) -> str | None:
    """An empty right side is read as a missing one: indices that stand once are kept, not summed.

    An ellipsis is taken for indices of each operand's own where the right side is missing.
    """
    equation = node.attribute("equation", "").replace(" ", "")
    operands, arrow, result = equation.partition("->")
    letters = operands.replace("...", "").replace(",", "")
    if not arrow:
        if operands.count("...") > 1:
            return f"Einsum {equation} without a right side takes the axes of each ellipsis for others"
        return None
    kept = "..." in operands or any(letters.count(letter) == 1 for letter in letters)
    if result or not kept:
        return None
    return f"Einsum {equation} is not summed to one number: it keeps the indices that stand once"


@node_rule("AUD-FID-033", "CumSum")
def exclusive_sum(node: NodeView) -> str | None:
    """Measured: with ``exclusive`` the result is 0."""
    if not node.attribute("exclusive", 0):
        return None
    return "CumSum with exclusive=1 returns 0"


@node_rule("AUD-FID-011", "InstanceNormalization", folded=True)
def statistics_of_the_batch(node: NodeView) -> str | None:
    """tract reduces over every axis but the channels, the batch included."""
    shape = node.fact(0).shape
    batch = shape[0] if shape else None
    if batch is None:
        raise NotKnown("its batch size is not known")
    return (
        None if batch == 1 else f"InstanceNormalization takes mean and variance over the batch of {batch} too"
    )


@node_rule("AUD-FID-012", "Celu", folded=True)
def celu_alpha(node: NodeView) -> str | None:
    """tract computes exp(x / alpha) - 1 below 0, without the factor alpha."""
    alpha = node.attribute("alpha", 1.0)
    return None if alpha == 1.0 else f"Celu with alpha={alpha:g} lacks the factor alpha below 0"


@node_rule("AUD-FID-019", "SpaceToDepth", folded=True)
def space_to_depth_mode(node: NodeView) -> str | None:
    """tract's SpaceToDepth is older than the attribute ``mode``."""
    return "SpaceToDepth ignores mode=CRD" if node.attribute("mode", "DCR") == "CRD" else None


@node_rule("AUD-FID-022", "ConvTranspose")
def borders_of_output_shape(node: NodeView) -> str | None:
    """tract gives the borders to cut as a negative output padding, which EZKL reads as unsigned."""
    wanted = node.sizes("output_shape")
    if not wanted:
        return None
    lengths, kernel = node.dims(0)[2:], node.sizes("kernel_shape") or node.dims(1)[2:]
    axes = range(len(wanted))
    strides, dilations = (
        node.sizes("strides") or (1,) * len(axes),
        node.sizes("dilations") or (1,) * len(axes),
    )
    extra = node.sizes("output_padding") or (0,) * len(axes)
    full = [(lengths[i] - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1 + extra[i] for i in axes]
    if all(size >= most for size, most in zip(wanted, full, strict=True)):
        return None
    return f"ConvTranspose with output_shape {list(wanted)} is shifted: the whole result is {full}"


# --- Resize --------------------------------------------------------------------------------

_ROUNDING = {
    "round_prefer_floor": lambda x: math.ceil(x - Fraction(1, 2)),
    "round_prefer_ceil": lambda x: math.floor(x + Fraction(1, 2)),
    "floor": math.floor,
    "ceil": math.ceil,
}


@node_rule("AUD-FID-020", "Resize")
def resize_modes(node: NodeView) -> str | None:
    """EZKL repeats elements (asymmetric coordinates, rounded down) whatever the modes say."""
    is_opset_10 = len(node.node.inputs) == 2  # then scales stand second, and no mode but nearest is accepted
    scales = node.constant(1 if is_opset_10 else 2)
    if scales is None:
        return None  # sizes in place of scales: EZKL takes no such model
    factors = [float(scale) for scale in scales.ravel()]
    if all(factor == 1 for factor in factors):
        return None
    mode = node.attribute("mode", "nearest")
    if mode != "nearest":
        return f"Resize with mode={mode} repeats elements in place of interpolating"
    if is_opset_10:
        return None
    coordinates = node.attribute("coordinate_transformation_mode", "half_pixel")
    nearest = node.attribute("nearest_mode", "round_prefer_floor")
    for axis, factor in enumerate(factors):
        if (
            factor != 1
            and factor == int(factor)
            and not _repeats(node, axis, int(factor), coordinates, nearest)
        ):
            return f"Resize ignores coordinate mode {coordinates} with nearest_mode={nearest}"
    return None


def _repeats(node: NodeView, axis: int, factor: int, coordinates: str, nearest: str) -> bool:
    """Whether ONNX, too, takes element ``i // factor`` for every element ``i`` of the result."""
    if coordinates not in ("half_pixel", "asymmetric", "align_corners", "half_pixel_symmetric"):
        raise NotKnown(f"coordinate mode {coordinates} is not modelled")
    length = node.dims(0)[axis] if coordinates == "align_corners" else 8
    rounded = _ROUNDING.get(nearest)
    if rounded is None:
        raise NotKnown(f"nearest_mode {nearest} is not modelled")
    total = length * factor
    # Coordinates grow with i, so the first and the last copy of an element speak for those between.
    for i in (edge for k in range(length) for edge in (k * factor, (k + 1) * factor - 1)):
        if coordinates == "align_corners":
            x = Fraction(i * (length - 1), max(total - 1, 1))
        elif coordinates == "asymmetric":
            x = Fraction(i, factor)
        else:
            x = Fraction(2 * i + 1, 2 * factor) - Fraction(1, 2)
        if min(max(rounded(x), 0), length - 1) != i // factor:
            return False
    return True
