"""Reshape: tract's rules for the sizes 0 and -1 are not ONNX's."""

from __future__ import annotations

import math
from collections.abc import Sequence

from auditor.fidelity.registry import node_rule
from auditor.fidelity.view import NodeView


@node_rule("AUD-FID-031", "Reshape")
def size_zero(node: NodeView) -> str | None:
    """A size 1 uses up no axis in tract, so a 0 after it copies the axis before.

    An output of the model with another shape is no more than that, and left to AUD-FID-028.
    """
    spec = node.constant(1)
    if spec is None or 0 not in spec or node.attribute("allowzero", 0) or not node.is_read:
        return None
    wanted, dims = [int(size) for size in spec.ravel()], node.dims(0)
    read = tract_shape(dims, wanted)
    meant = [dims[axis] if size == 0 else size for axis, size in enumerate(wanted)]
    meant = _completed(math.prod(dims), meant)
    if read is None or read == meant:
        return None
    return f"Reshape of {list(dims)} to {wanted} makes {read}, not {meant}"


def tract_shape(dims: Sequence[int], wanted: Sequence[int]) -> list[int] | None:
    """tract ``core/src/ops/change_axes.rs`` `compute_shape_with_tf_rules`; None where it gives up.

    >>> tract_shape((2, 3, 4, 5), (0, 0, -1)), tract_shape((1, 2, 12), (0, 0, 3, -1))
    ([2, 3, 20], [1, 1, 3, 8])
    """
    if 0 in dims:
        return None
    forward = _zeros_replaced(dims, wanted)
    backward = None if forward is None else _zeros_replaced(dims[::-1], forward[::-1])
    return None if backward is None else _completed(math.prod(dims), backward[::-1])


def _zeros_replaced(dims: Sequence[int], wanted: Sequence[int]) -> list[int] | None:
    """The sizes up to the first -1 with each 0 replaced by the next size not used up."""
    shape, left, position = list(wanted), 1, 0
    for index, size in enumerate(shape):
        if size == -1:
            break
        if size == 0:
            if left != 1 or position == len(dims):
                return None
            shape[index] = size = dims[position]
        while left % size:
            if position == len(dims):
                return None
            left *= dims[position]
            position += 1
        left //= size
    return shape


def _completed(volume: int, shape: list[int]) -> list[int]:
    """The shape with -1 replaced by what is left of the volume."""
    rest = math.prod(size for size in shape if size != -1)
    return [volume // rest if size == -1 and rest else size for size in shape]
