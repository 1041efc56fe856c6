"""The values that flow between operations: a shape, and the constants the elements may be.

EZKL assigns each distinct constant once, in a fixed column. To count them exactly, a value carries
the set of constants among its elements until they reach a cell. Results of arithmetic are never
constants; reshaping, slicing and joining keep them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from math import prod

import numpy as np
from msgspec import Struct

from auditor.circuit.ops import Shape
from auditor.equality import compared_without

Load = Callable[[], np.ndarray]


class ConstantRange(Struct, frozen=True, kw_only=True):
    """The integers ``start`` to ``stop`` - 1."""

    start: int
    stop: int


class ConstantTensor(Struct, frozen=True, kw_only=True, eq=False):
    """The elements of a tensor; ``load`` is None when the file holds no values for it."""

    size: int
    load: Load | None


class RandomConstants(Struct, frozen=True, kw_only=True, eq=False):
    """``count`` random field elements, as EZKL draws them for fixed inputs and outputs."""

    count: int


class Inverses(Struct, frozen=True, kw_only=True):
    """The field inverses of ``source`` (0 stays 0)."""

    source: ConstantPart


class Possible(Struct, frozen=True, kw_only=True):
    """Some of ``source``, we cannot tell which."""

    source: ConstantPart


ConstantPart = int | ConstantRange | ConstantTensor | RandomConstants | Inverses | Possible
Constants = frozenset[ConstantPart]
NO_CONSTANTS: Constants = frozenset()

_TRACEABLE_SIZE = 1 << 24


class Value(Struct, frozen=True, kw_only=True):
    """A tensor on its way through the circuit.

    ``size`` is the number of elements. ``load`` returns the elements, masked where they are no
    constants; it is None where nobody can tell which elements are which constants, and needless for a
    value without constants.
    """

    shape: Shape
    size: int
    constants: Constants = NO_CONSTANTS
    load: Load | None = None

    __eq__, __hash__ = compared_without("load")

    def reshaped(self, shape: Shape) -> Value:
        """The same elements under another shape of equal size."""
        if shape == self.shape:
            return self
        load = self.load
        if not self.constants:
            return activation(shape)
        return Value(
            shape=shape,
            size=self.size,
            constants=self.constants,
            load=None if load is None else lambda: load().reshape(shape),
        )

    def permuted(self, shape: Shape, permute: Callable[[np.ndarray], np.ndarray]) -> Value:
        """All elements in another order, some perhaps repeated, none dropped."""
        if not self.constants:
            return activation(shape)
        load = self.load
        return Value(
            shape=shape,
            size=prod(shape),
            constants=self.constants,
            load=None if load is None else lambda: permute(load()),
        )

    def elements(self) -> np.ndarray:
        """All elements, masked where they are no constants. Raises ValueError if nobody can tell."""
        if self.load is not None:
            return self.load()
        if self.constants:
            raise ValueError("nobody knows which elements are constants")
        return np.ma.MaskedArray(np.zeros(self.shape, dtype=np.int64), mask=True)

    @property
    def is_traceable(self) -> bool:
        """Whether :meth:`elements` works, in reasonable memory."""
        return self.load is not None or (not self.constants and self.size <= _TRACEABLE_SIZE)

    def picked(self, shape: Shape, pick: Callable[[np.ndarray], np.ndarray]) -> Value:
        """Some of the elements. The constants among them are found when somebody counts them."""
        if not self.constants:
            return activation(shape)
        return rearranged([self], shape, lambda arrays: pick(arrays[0]))

    def sliced(self, shape: Shape) -> Value:
        """One of many slices that together cover the value and are all treated alike.

        Each slice stands for all: it carries the constants of the whole.
        """
        if not self.constants:
            return activation(shape)
        return Value(shape=shape, size=prod(shape), constants=self.constants)

    def inverses(self) -> Value:
        """The field inverse of each element (EZKL tensor/val.rs ``inverse``)."""
        if not self.constants:
            return self
        return Value(
            shape=self.shape,
            size=self.size,
            constants=frozenset(Inverses(source=part) for part in self.constants),
        )


@lru_cache(maxsize=4096)
def activation(shape: Shape) -> Value:
    """A value without constants."""
    return Value(shape=shape, size=prod(shape))


@lru_cache(maxsize=4096)
def filled(constant: int, shape: Shape = (1,)) -> Value:
    """A tensor of one constant; ``load`` works for constants of up to 63 bits."""
    if prod(shape) == 0:
        return activation(shape)
    return Value(
        shape=shape,
        size=prod(shape),
        constants=frozenset({constant}),
        load=lambda: np.full(shape, constant, dtype=np.int64),
    )


def index_range(count: int) -> Value:
    """The constants 0, 1, ... ``count`` - 1."""
    if count == 0:
        return activation((0,))
    return Value(
        shape=(count,),
        size=count,
        constants=frozenset({ConstantRange(start=0, stop=count)}),
        load=lambda: np.arange(count),
    )


def rearranged(
    sources: Sequence[Value], shape: Shape, arrange: Callable[[list[np.ndarray]], np.ndarray]
) -> Value:
    """A value made of some elements of ``sources``, perhaps with new constants among them."""
    size = prod(shape)
    if not all(source.is_traceable for source in sources):
        return Value(shape=shape, size=size, constants=possible(union(sources)))

    def load() -> np.ndarray:
        return arrange([source.elements() for source in sources])

    part = ConstantTensor(size=size, load=load)
    return Value(shape=shape, size=size, constants=frozenset({part}), load=load)


def union(values: Iterable[Value]) -> Constants:
    """The constants of several values."""
    return NO_CONSTANTS.union(*(value.constants for value in values))


def possible(constants: Constants) -> Constants:
    """Marks constants as perhaps absent."""
    return frozenset(part if isinstance(part, Possible) else Possible(source=part) for part in constants)
