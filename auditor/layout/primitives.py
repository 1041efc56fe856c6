"""The primitives every rule is made of, in EZKL's order (circuit/ops/layouts.rs).

Each takes the region first, counts cells in it, and returns the value it computes.
"""

from __future__ import annotations

from functools import lru_cache
from string import ascii_lowercase

from auditor.circuit.ops import Shape
from auditor.circuit.size import RequiredLookup
from auditor.layout.errors import LayoutError
from auditor.layout.region import Region
from auditor.layout.values import Constants, Value, activation, filled, possible

ONE = filled(1)
ZERO = filled(0)
NEGATIVE_ONE = filled(-1)

_INTEGER_REP_MAX = (1 << 127) - 1


def broadcast(left: Shape, right: Shape) -> Shape:
    """EZKL tensor/mod.rs ``get_broadcasted_shape``: the longer shape, or the larger of each axis."""
    if left == right:
        return left
    if len(left) == len(right):
        return tuple(max(a, b) for a, b in zip(left, right, strict=True))
    return left if len(left) > len(right) else right


def expand(value: Value, shape: Shape) -> Value:
    """EZKL tensor/mod.rs ``expand``; raises LayoutError if the value cannot take the shape.

    EZKL aligns the *leading* axes, unlike ONNX.
    """
    if value.shape == shape:
        return value
    if value.size == 1 and activation(shape).size == 1:
        return value.reshaped(shape)
    if len(value.shape) > len(shape):
        raise LayoutError(f"cannot expand {list(value.shape)} to {list(shape)}")
    dropped = False
    for length, target in zip(value.shape, shape, strict=False):
        if length == 1:
            continue
        if length not in shape or length < target:
            raise LayoutError(f"cannot expand {list(value.shape)} to {list(shape)}")
        dropped = dropped or length > target
    if not value.constants:
        return activation(shape)
    constants = possible(value.constants) if dropped else value.constants
    return Value(shape=shape, size=activation(shape).size, constants=constants)


def pairwise(region: Region, left: Value, right: Value) -> Value:
    """An element-wise sum, difference or product: one cell for each element of the result."""
    if left.constants or right.constants or left.shape != right.shape:
        shape = broadcast(left.shape, right.shape)
        for value in (left, right):
            region.assign(value if value.size == 1 else expand(value, shape))
        result = activation(shape)
    else:
        result = left
    region.main.position += result.size
    return result


def enforce_equality(region: Region, left: Value, right: Value) -> None:
    """Copies both values into the same rows; raises LayoutError if their sizes differ."""
    if left.size != right.size:
        raise LayoutError(f"cannot equate {left.size} with {right.size} elements")
    region.assign(left)
    region.assign(right)
    region.main.position += right.size


def range_check(region: Region, value: Value, low: int, high: int) -> None:
    """Looks each element up in the table of ``low`` to ``high``."""
    region.range_checks.add((low, high))
    region.assign(value)
    region.main.position += value.size


def nonlinearity(region: Region, value: Value, lookup: RequiredLookup) -> Value:
    """Looks each element up in the table of a function."""
    region.lookups.add(lookup)
    region.assign(value)
    region.main.position += value.size
    return activation(value.shape)


def identity(region: Region, value: Value) -> Value:
    """Assigns a value as it is."""
    region.assign(value)
    region.main.position += value.size
    return value


def boolean_identity(region: Region, value: Value) -> Value:
    """Assigns a value and constrains it to 0 or 1."""
    identity(region, value)
    range_check(region, value, 0, 1)
    return value


def total(region: Region, value: Value) -> Value:
    """The sum of all elements (EZKL ``sum``); a single element is its own sum and stays a constant."""
    if value.size == 1:
        return value
    chain(region, value.size, value.constants, 0)
    return activation((1,))


def product(region: Region, value: Value) -> Value:
    """The product of all elements (EZKL ``prod``)."""
    chain(region, value.size, value.constants, 1)
    return activation((1,))


def chain(region: Region, length: int, constants: Constants, padding: int) -> None:
    """A running dot product, sum or product; a last row that is not full is filled with ``padding``."""
    chains(region, 1, length, constants, padding)


def chains(region: Region, count: int, length: int, constants: Constants, padding: int) -> None:
    """``count`` chains of the same length one after another."""
    if count <= 0:
        return
    if constants:
        region.constants |= constants
    if length % region.settings.width:
        region.constants.add(padding)
    region.main.chains(count, length)


# --- decomposition ------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def digit_weights(base: int, legs: int) -> Constants:
    """The constants ``base**0`` ... ``base**(legs-1)``; raises LayoutError where EZKL overflows."""
    if legs > 1 and base ** (legs - 1) > _INTEGER_REP_MAX:
        raise LayoutError(f"decomposition base {base} overflows with {legs} legs")
    return frozenset(base**power for power in range(legs))


@lru_cache(maxsize=4096)
def recomposition_equation(shape: Shape) -> tuple[str, tuple[tuple[str, int], ...]]:
    """The einsum that joins digits: the last axis of ``shape`` holds them."""
    if len(shape) > len(ascii_lowercase):
        raise LayoutError(f"cannot decompose a value of {len(shape) - 1} axes")
    axes = ascii_lowercase[: len(shape)]
    return f"{axes},{axes}->{axes[:-1]}", tuple(zip(axes, shape, strict=True))


def join_digits(region: Region, shape: Shape, base: int, legs: int) -> None:
    """The einsum of the digits of a value with the powers of the base, always with base ops."""
    size = activation(shape).size
    region.record_equation(*recomposition_equation((*shape, legs)))
    region.flush()
    chains(region, size, legs, digit_weights(base, legs), 0)


def decompose(
    region: Region,
    value: Value,
    *,
    zero_sign_matters: bool = False,
    base: int | None = None,
    legs: int | None = None,
) -> Value:
    """Splits each element into a sign and ``legs`` digits, which bounds it (EZKL ``decompose``).

    Returns the value itself; a scalar comes back with one axis.
    """
    settings = region.settings
    base = settings.base if base is None else base
    legs = settings.legs if legs is None else legs
    if base < 1:
        raise LayoutError(f"cannot decompose in base {base}")
    if value.size == 0:
        raise LayoutError("cannot decompose a tensor without elements")  # its einsum drops axes of size 0
    if value.shape == ():
        value = value.reshaped((1,))
    size = value.size
    region.assign(value)
    region.main.position += size * (legs + 1)
    region.range_checks.add((-1, 1))
    region.main.position += size
    if zero_sign_matters:
        is_zero = equals_zero(region, value)
        sign_is_zero = pairwise(region, activation(value.shape), is_zero)
        enforce_equality(region, sign_is_zero, filled(0, (sign_is_zero.size,)))
    region.range_checks.add((0, base - 1))
    region.main.position += size * legs
    join_digits(region, value.shape, base, legs)
    region.main.position += 2 * size  # times the sign, and equal to the value
    return value


def recompose(region: Region, shape: Shape, base: int, legs: int) -> Value:
    """Joins digits, some of which are the constant 0, to values of ``shape`` (EZKL ``recompose``)."""
    size = activation(shape).size
    region.assign(ZERO)
    region.main.position += size * (legs + 1)
    join_digits(region, shape, base, legs)
    region.main.position += size
    return activation(shape)


def sign(region: Region, value: Value, *, zero_sign_matters: bool) -> Value:
    """-1, 0 or 1."""
    decompose(region, value, zero_sign_matters=zero_sign_matters)
    return activation(value.shape)


def absolute(region: Region, value: Value) -> Value:
    """The value times its sign."""
    return pairwise(region, value, sign(region, value, zero_sign_matters=False))


# --- comparison and logic -----------------------------------------------------------------------


def equals_zero(region: Region, value: Value) -> Value:
    """1 where an element is 0, proven with its inverse."""
    is_not_zero = pairwise(region, value, value.inverses())
    is_zero = pairwise(region, ONE, is_not_zero)
    check = pairwise(region, value, is_zero)
    enforce_equality(region, check, filled(0, (check.size,)))
    return is_zero


def equals(region: Region, left: Value, right: Value) -> Value:
    """1 where two values agree."""
    return equals_zero(region, pairwise(region, left, right))


def greater(region: Region, left: Value, right: Value) -> Value:
    """1 where ``left`` > ``right``."""
    difference = pairwise(region, left, right)
    return equals(region, sign(region, difference, zero_sign_matters=True), ONE)


def greater_equal(region: Region, left: Value, right: Value) -> Value:
    """1 where ``left`` >= ``right``."""
    return greater(region, pairwise(region, left, ONE), right)


def less(region: Region, left: Value, right: Value) -> Value:
    """1 where ``left`` < ``right``."""
    return greater(region, right, left)


def less_equal(region: Region, left: Value, right: Value) -> Value:
    """1 where ``left`` <= ``right``."""
    return greater_equal(region, right, left)


def logical_and(region: Region, left: Value, right: Value) -> Value:
    """The product of two values constrained to be boolean."""
    boolean_identity(region, left)
    boolean_identity(region, right)
    return pairwise(region, left, right)


def iff(region: Region, mask: Value, then: Value, otherwise: Value) -> Value:
    """``then`` where ``mask`` is 1, ``otherwise`` where it is 0."""
    boolean_identity(region, mask)
    inverted = pairwise(region, ONE, mask)
    chosen = pairwise(region, then, mask)
    rest = pairwise(region, otherwise, inverted)
    return pairwise(region, chosen, rest)


def logical_or(region: Region, left: Value, right: Value) -> Value:
    """``left`` where it is 1, else ``right``."""
    boolean_identity(region, right)
    return iff(region, left, left, right)


def logical_not(region: Region, mask: Value) -> Value:
    """0 where ``mask`` is 1 and 1 where it is 0."""
    return iff(region, mask, ZERO, ONE)
