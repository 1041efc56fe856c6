"""Arithmetic on shapes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from auditor.lowering.graph.dim import UnknownForm, is_open

Shape = tuple[int, ...]


class ShapeMismatch(Exception):
    """Shapes that do not fit together; EZKL rejects such a model."""


def volume(shape: Iterable[int]) -> int:
    """Number of elements of a shape."""
    result = 1
    for dim in shape:
        result *= dim
    return result


def broadcast_shapes(shapes: Sequence[Sequence[int]]) -> Shape:
    """The multi-directional broadcast of shapes, aligned on their last axes.

    Raises:
        ShapeMismatch: two sizes differ and neither is one.
    """
    rank = max((len(shape) for shape in shapes), default=0)
    result = [1] * rank
    for shape in shapes:
        for position, dim in enumerate(shape, start=rank - len(shape)):
            if dim == 1 or dim == result[position]:
                continue
            if result[position] != 1:
                if is_open(dim) or is_open(result[position]):
                    raise UnknownForm(f"the sizes {dim} and {result[position]} are broadcast")
                raise ShapeMismatch(f"cannot broadcast {[list(s) for s in shapes]}")
            result[position] = dim
    return tuple(result)
