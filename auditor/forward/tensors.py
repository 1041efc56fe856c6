"""How EZKL makes shapes agree. The leading axis of rows is none of EZKL's."""

from __future__ import annotations

from math import prod

import numpy as np

from auditor.forward.errors import Unmodelled

Shape = tuple[int, ...]


def expand(values: np.ndarray, shape: Shape) -> np.ndarray:
    """EZKL tensor/mod.rs ``expand``: axes are matched from the first on, not from the last.

    An axis that is longer than the new one is cut. Raises Unmodelled where EZKL rejects the shape.
    """
    dims = values.shape[1:]
    if dims == shape:
        return values
    rows = values.shape[0]
    if prod(dims) == 1 and prod(shape) == 1:
        return values.reshape((rows, *shape))
    if len(dims) > len(shape) or any(length not in (1, *shape) for length in dims):
        raise Unmodelled(f"cannot expand {list(dims)} to {list(shape)}")
    if any(1 < length < wanted for length, wanted in zip(dims, shape, strict=False)):
        raise Unmodelled(f"EZKL reads outside of {list(dims)} when it expands it to {list(shape)}")
    kept = tuple(slice(0, wanted) for wanted in shape[: len(dims)])
    aligned = values[(slice(None), *kept)]
    aligned = aligned.reshape((*aligned.shape, *(1,) * (len(shape) - len(dims))))
    return np.broadcast_to(aligned, (rows, *shape))


def paired(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two values numpy can combine element by element as EZKL ``pairwise`` does."""
    first, second = left.shape[1:], right.shape[1:]
    if first == second:
        return left, right
    if len(first) == len(second):
        if all(a == b or 1 in (a, b) for a, b in zip(first, second, strict=True)):
            return left, right
        shape = tuple(map(max, first, second))
    else:
        shape = max(first, second, key=len)
    return expand(left, shape), expand(right, shape)


def same_rows(*values: np.ndarray) -> int:
    """How many rows a combination of values has."""
    return max(len(value) for value in values)


def on_rows(values: np.ndarray, rows: int) -> np.ndarray:
    """The same values in each of ``rows`` rows."""
    return values if values.shape[0] == rows else np.broadcast_to(values, (rows, *values.shape[1:]))
