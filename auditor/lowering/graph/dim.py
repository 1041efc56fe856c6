"""Sizes that are still symbols while a model is translated (tract `data/src/dim`, `TDim`).

EZKL's ONNX reader translates a model whose sizes have names, and only then gives the names their numbers.
A size of one and a named size that will be one are therefore translated differently.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from math import gcd
from typing import NoReturn, cast

import numpy as np

Monomial = tuple[str, ...]
"""Symbols that are multiplied, in order; empty for a plain number."""


_SUPPOSED_SIZE = 100_000_000
"""What tract supposes a symbol to be when it must know on which side of zero a bound is."""


class OpenSize(Exception):
    """A number was needed where a size is still a symbol; tract does not go on there either."""


class UnknownForm(Exception):
    """We do not know what tract makes of an expression of symbols."""


class Dim:
    """A sum of products of symbols, and its number once they are bound.

    It stands where a size stands, and adds, multiplies and compares as ``TDim`` does: it never equals a
    number, not even the one it will be. Whatever else a number can do raises :class:`OpenSize`.
    """

    __slots__ = ("_multiplied_out", "_terms", "value")

    def __init__(self, terms: Mapping[Monomial, int], value: int, multiplied_out: bool = False) -> None:
        self._terms = terms
        self.value = value
        # tract leaves a product of sums as it is, so that it may take equal ones for different
        self._multiplied_out = multiplied_out

    # --- what TDim does

    def __add__(self, other: object) -> int:
        return self._plus(other, 1)

    __radd__ = __add__

    def __sub__(self, other: object) -> int:
        return self._plus(other, -1)

    def __rsub__(self, other: object) -> int:
        return -self + _integer(other)

    def __neg__(self) -> int:
        return self * -1

    def __mul__(self, other: object) -> int:
        terms, value = _terms_of(other), _value_of(other)
        product: dict[Monomial, int] = {}
        for mine, factor in self._terms.items():
            for theirs, by in terms.items():
                symbols = tuple(sorted((*mine, *theirs)))
                product[symbols] = product.get(symbols, 0) + factor * by
        sums = isinstance(other, Dim) and max(len(terms), len(self._terms)) > 1
        return _made(product, self.value * value, sums or _multiplied_out(self, other))

    __rmul__ = __mul__

    def __floordiv__(self, other: object) -> int:
        quotient = divide(cast(int, self), cast(int, other))
        if quotient is None:
            raise UnknownForm(f"the size {self} divided by {other}")
        return quotient

    def __rfloordiv__(self, other: object) -> int:
        raise UnknownForm(f"{other} divided by the size {self}")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Dim):
            return False
        if _multiplied_out(self, other):
            raise UnknownForm(f"whether the size {self} is {other}")
        return self._terms == other._terms

    def __hash__(self) -> int:
        return hash(frozenset(self._terms.items()))

    # --- what can be told without the number: no symbol is negative

    def __lt__(self, other: object) -> bool:
        if isinstance(other, int) and other <= self._least():
            return False
        self._refuse()

    def __ge__(self, other: object) -> bool:
        return not self < other

    def __gt__(self, other: object) -> bool:
        if isinstance(other, int) and other < self._least():
            return True
        self._refuse()

    def __le__(self, other: object) -> bool:
        return not self > other

    def _least(self) -> int:
        """A number it is certainly not below."""
        if any(factor < 0 for symbols, factor in self._terms.items() if symbols):
            self._refuse()
        return self._terms.get((), 0)

    # --- what only numbers do

    def _refuse(self, *_: object) -> NoReturn:
        raise OpenSize(f"the size {self} is not a number yet")

    __bool__ = __int__ = __index__ = __float__ = __mod__ = __rmod__ = __abs__ = _refuse
    __truediv__ = __rtruediv__ = __pow__ = __rpow__ = __divmod__ = __rdivmod__ = _refuse

    def __str__(self) -> str:
        products = ((() if f == 1 and s else (str(f),)) + s for s, f in self._terms.items())
        return " + ".join("*".join(product) for product in products)

    __repr__ = __str__

    def _plus(self, other: object, sign: int) -> int:
        terms = dict(self._terms)
        for symbols, factor in _terms_of(other).items():
            terms[symbols] = terms.get(symbols, 0) + sign * factor
        return _made(terms, self.value + sign * _value_of(other), _multiplied_out(self, other))


def symbol(name: str, value: int) -> int:
    """The size called ``name``."""
    return cast(int, Dim({(name,): 1}, value))


def divide(number: int, by: int) -> int | None:
    """The quotient when it is whole (tract `TDim::maybe_div`).

    Raises:
        UnknownForm: tract cancels sums, which is not modelled.
    """
    if _is_zero(number):
        return 0
    if _is_zero(by):
        return None
    if isinstance(number, int) and isinstance(by, int):
        return number // by if abs(by) == gcd(number, by) else None
    if _multiplied_out(number, by):
        raise UnknownForm(f"the size {number} divided by {by}")
    terms, divisor = _terms_of(number), _terms_of(by)
    if len(divisor) > 1:
        if terms == divisor:
            return 1
        raise UnknownForm(f"the size {number} divided by {by}")
    ((symbols, factor),) = divisor.items()
    if len(terms) > 1 and symbols:
        raise UnknownForm(f"the size {number} divided by {by}")
    quotient = {}
    for mine, count in terms.items():
        remaining = list(mine)
        for name in symbols:
            if name not in remaining:
                return None
            remaining.remove(name)
        if count % factor:
            return None
        quotient[tuple(remaining)] = count // factor
    return _made(quotient, _value_of(number) // _value_of(by))


def counts_from_end(bound: int) -> bool:
    """Whether a slice takes a bound for a distance from the end (tract `StridedSlice::prepare_one_dim`)."""
    if isinstance(bound, int):
        return bound < 0
    terms = _terms_of(bound)
    if len({name for symbols in terms for name in symbols}) > 1:
        return False
    return sum(factor * _SUPPOSED_SIZE ** len(symbols) for symbols, factor in terms.items()) < 0


def same_once_bound(a: int, b: int) -> bool:
    """Whether two sizes are the same whatever the numbers, also where tract may not see it."""
    return _terms_of(a) == _terms_of(b)


def is_open(size: object) -> bool:
    """Whether a size is still a symbol."""
    return isinstance(size, Dim)


def sizes_array(sizes: Iterable[int]) -> np.ndarray:
    """Sizes as a vector: of objects when one of them is still a symbol."""
    listed = list(sizes)
    if not any(is_open(size) for size in listed):
        return np.array(listed, dtype=np.int64)
    array = np.empty(len(listed), dtype=np.object_)
    array[:] = listed
    return array


def holds_open(array: np.ndarray) -> bool:
    """Whether an array holds a size that is still a symbol."""
    return array.dtype == np.object_ and any(is_open(size) for size in array.flat)


def settled(array: np.ndarray) -> np.ndarray:
    """Sizes as plain integers where none of them is a symbol any more."""
    if array.dtype == np.object_ and not holds_open(array):
        return array.astype(np.int64)
    return array


def _made(terms: Mapping[Monomial, int], value: int, multiplied_out: bool = False) -> int:
    left = {symbols: factor for symbols, factor in terms.items() if factor}
    if any(left):
        return cast(int, Dim(left, value, multiplied_out))
    return left.get((), 0)


def _multiplied_out(*sizes: object) -> bool:
    return any(isinstance(size, Dim) and size._multiplied_out for size in sizes)


def _terms_of(size: object) -> Mapping[Monomial, int]:
    return size._terms if isinstance(size, Dim) else {(): _integer(size)}


def _value_of(size: object) -> int:
    return size.value if isinstance(size, Dim) else _integer(size)


def _integer(number: object) -> int:
    try:
        return operator.index(number)  # type: ignore[arg-type]
    except TypeError as error:
        raise OpenSize(f"{number} meets a size that is not a number yet") from error


def _is_zero(size: object) -> bool:
    return isinstance(size, int) and size == 0
