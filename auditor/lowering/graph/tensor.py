"""Constant tensors whose values are read only when a rule looks at them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from auditor.lowering.errors import TooManyValues, Uncertain, ValuesAbsent
from auditor.lowering.graph.dim import is_open, settled
from auditor.lowering.graph.shapes import volume

EAGER_VOLUME = 4096
"""Up to this many elements a constant is computed at once; larger ones wait until they are needed."""

MAX_VOLUME = 1 << 27
"""Values of larger constants are not looked at: a few bytes of a file can ask for terabytes."""

MAX_AXES = 32

ABSURD_AXES = 1_000
"""Nobody's model has a tensor of more: EZKL, which has no such limit, works on one for minutes."""
"""Arrays of numpy before 2.0 have no more."""

_MOST_SPANNED = 1 << 59
"""The axes of an array must not span more bytes than 63 bits can count, even if one of them is empty."""

_PROBE = 16
"""How many elements are compared before whole tensors are."""

NUMPY_TYPES: dict[str, type] = {
    "bool": np.bool_, "u8": np.uint8, "u16": np.uint16, "u32": np.uint32, "u64": np.uint64,
    "i8": np.int8, "i16": np.int16, "i32": np.int32, "i64": np.int64, "tdim": np.int64,
    "f16": np.float16, "f32": np.float32, "f64": np.float64, "string": np.object_,
}  # fmt: skip
"""The array type that holds each tract datum type; ``tdim`` is tract's type of dimensions."""


def check_axes(shape: Sequence[object]) -> None:
    """Raises Uncertain for more axes than ``MAX_AXES``, and TooManyValues for more than ``ABSURD_AXES``."""
    if len(shape) > MAX_AXES:
        doubt = TooManyValues if len(shape) > ABSURD_AXES else Uncertain
        raise doubt(f"it has {len(shape):,} axes; no more than {MAX_AXES} are modelled")


class Tensor:
    """A constant: datum type (tract's name), shape, and values on demand.

    ``load`` is called at most once. A tensor without ``load`` has no values: it stands for weights
    in general position, equal to no other tensor and uniform in no value.

    Raises as :func:`check_axes` does.
    """

    __slots__ = ("_array", "_load", "_probe", "_uniform", "dt", "shape")

    def __init__(self, dt: str, shape: tuple[int, ...], load: Callable[[], np.ndarray] | None) -> None:
        check_axes(shape)
        self.dt = dt
        self.shape = shape
        self._load = load
        self._array: np.ndarray | None = None
        self._uniform: object = _UNSEEN
        self._probe: bytes | None = None

    @classmethod
    def of(cls, array: np.ndarray, dt: str | None = None) -> Tensor:
        """A tensor of values already at hand."""
        array = np.asarray(array)
        if dt == "tdim":
            array = settled(array)
        tensor = cls(dt or datum_type_of(array), tuple(int(d) for d in array.shape), None)
        tensor._array = array
        return tensor

    @classmethod
    def scalar(cls, value: float | int | bool, dt: str, rank: int = 0) -> Tensor:
        """One value as a tensor of ``rank`` axes of size one."""
        kind = np.object_ if is_open(value) else NUMPY_TYPES[dt]
        return cls.of(np.full((1,) * rank, value, dtype=kind), dt)

    @classmethod
    def empty(cls, dt: str, shape: tuple[int, ...]) -> Tensor:
        """A tensor of no elements.

        Raises:
            TooManyValues: the other axes are longer than an array without elements can say.
        """
        if volume(size for size in shape if size) > _MOST_SPANNED:
            raise TooManyValues(f"no elements of shape {' x '.join(map(str, shape))}")
        return cls.of(np.zeros(shape, NUMPY_TYPES[dt]), dt)

    @property
    def has_values(self) -> bool:
        """Whether the values can be had at all."""
        return self._array is not None or self._load is not None

    @property
    def volume(self) -> int:
        """Number of elements."""
        return volume(self.shape)

    @property
    def array(self) -> np.ndarray:
        """The values.

        Raises:
            ValuesAbsent: the file holds none.
            TooManyValues: there are more than are looked at.
        """
        if self.volume > MAX_VOLUME:
            reason = f"a constant has {self.volume:,} elements"
            raise TooManyValues(f"{reason}; those of more than {MAX_VOLUME:,} stay unread")
        if self._array is None:
            if self._load is None:
                raise ValuesAbsent
            self._array = self._load().reshape(self.shape)
            self._load = None
        return self._array

    def derive(self, change: Callable[[np.ndarray], np.ndarray], shape: tuple[int, ...], dt: str) -> Tensor:
        """The tensor ``change`` makes of this one, computed now if small, else when needed."""
        if not self.has_values:
            return Tensor(dt, shape, None)
        if self._array is not None and self.volume <= EAGER_VOLUME:
            return Tensor.of(change(self._array).reshape(shape), dt)
        return Tensor(dt, shape, lambda: change(self.array))

    def uniform(self) -> Tensor | None:
        """The scalar this tensor repeats, or None when it holds different values (or none)."""
        if self._uniform is _UNSEEN:
            self._uniform = self._find_uniform()
        return self._uniform  # type: ignore[return-value]

    def _find_uniform(self) -> Tensor | None:
        if not self.has_values or self.volume == 0:
            return None
        flat = self.array.reshape(-1)
        first = flat[0]
        if not (flat[-1] == first and (flat[:_PROBE] == first).all() and (flat == first).all()):
            return None
        return Tensor.of(np.asarray(first, dtype=flat.dtype).reshape(()), self.dt)

    def is_uniformly(self, value: float) -> bool:
        """Whether every element equals ``value``."""
        uniform = self.uniform()
        return uniform is not None and bool(uniform.array == value)

    def same_as(self, other: Tensor) -> bool:
        """Equality of type, shape and values; two tensors without values are never equal."""
        if self is other:
            return True
        if self.dt != other.dt or self.shape != other.shape or not (self.has_values and other.has_values):
            return False
        return self.probe() == other.probe() and bool(np.array_equal(self.array, other.array))

    def probe(self) -> bytes:
        """The first elements, equal in equal tensors: models hold hundreds of constants of one shape."""
        if self._probe is None:
            first = self.array.reshape(-1)[:_PROBE]
            # adding 0 makes 0 of -0, which is equal to it
            self._probe = b"" if first.dtype == np.object_ else (first + 0).tobytes()
        return self._probe


_UNSEEN = object()


def datum_type_of(array: np.ndarray) -> str:
    """tract's name for the type of an array."""
    for name, numpy_type in NUMPY_TYPES.items():
        if name != "tdim" and array.dtype == numpy_type:
            return name
    if array.dtype.kind in "OSU":
        return "string"
    raise ValueError(f"no tract datum type for {array.dtype}")
