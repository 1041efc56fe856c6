"""The values of a constant at another shape, where a rule makes them: else there are none.

Weights lose their values. What belongs to the architecture keeps its pattern: zeros stay zeros, positions
count on, a causal mask stays one. The compiler looks at such values, so they decide what the circuit is.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np
from msgspec.structs import replace

from auditor.model.graph import TensorData

MOST_UNIFORM = 1 << 14
"""Of longer tensors nobody looks whether all elements are equal: weights would be read for it."""

MOST_MASK = 1 << 22
"""The same for square tensors that may be masks, of up to 2,048 positions."""

_WHOLE = ("int", "uint", "bool")


def resized(data: TensorData, shape: tuple[int, ...] | None, *, repeated: bool = False) -> TensorData:
    """The tensor at another shape; the same tensor where the shape is None or its own.

    ``repeated`` values begin again where they end: those of a ``BatchNormalization``, without which no
    compiler can fold it.
    """
    if shape is None or shape == data.shape:
        return data
    load = data.load
    if repeated and load is not None:
        return replace(data, shape=shape, load=lambda: np.resize(load(), shape))
    return replace(data, shape=shape, load=_pattern(data, shape))


def _pattern(data: TensorData, shape: tuple[int, ...]) -> Callable[[], np.ndarray] | None:
    volume = prod(data.shape)
    mask = len(shape) > 1 and data.shape[-1] == data.shape[-2] and prod(data.shape[:-2]) == 1
    small = volume <= MOST_UNIFORM or (mask and volume <= MOST_MASK and shape[-1] == shape[-2])
    if data.load is None or volume == 0 or not small:
        return None
    values = np.asarray(data.load()).reshape(data.shape)
    first = values.reshape(-1)[0]
    if (values == first).all():
        return lambda: np.full(shape, first)
    if data.dtype.startswith(_WHOLE) and (counted := _counted(values, shape)) is not None:
        return lambda: counted
    return _mask(values, shape) if mask and shape[-1] == shape[-2] else None


def _counted(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
    """Positions count on, along the only axis that is longer than one."""
    if values.size != max(values.shape) or prod(shape) != max(shape) or values.dtype.kind == "b":
        return None
    flat = values.reshape(-1)
    step = flat[1] - flat[0]
    if not (np.diff(flat) == step).all():
        return None
    longer: np.ndarray = flat[0] + step * np.arange(prod(shape), dtype=values.dtype)
    return longer.reshape(shape)


def _mask(values: np.ndarray, shape: tuple[int, ...]) -> Callable[[], np.ndarray] | None:
    """A square of one value below its diagonal, one on it, one above."""
    square = values.reshape(values.shape[-2:])
    below, on, above = square[-1, 0], square[0, 0], square[0, -1]
    if not np.array_equal(square, _triangles(len(square), below, on, above)):
        return None
    return lambda: _triangles(shape[-1], below, on, above).reshape(shape)


def _triangles(size: int, below: np.generic, on: np.generic, above: np.generic) -> np.ndarray:
    order = np.sign(np.arange(size)[None, :] - np.arange(size)[:, None])
    square: np.ndarray = np.array([below, on, above])[order + 1]
    return square
