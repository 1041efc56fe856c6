"""EZKL's gadgets on integers: what they yield, what they decompose and what they insist on.

Follows EZKL circuit/ops/layouts.rs, whose witness is the layout run with values.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from auditor.forward.ledger import Ledger
from auditor.forward.numbers import (
    LIMIT,
    add,
    difference_of_products,
    multiply,
    rounded,
    scale_by,
    shift_by,
    subtract,
)
from auditor.forward.tensors import paired

Error = Callable[[np.ndarray], np.ndarray]

_NOT_BEST = "the rounded result is not the one EZKL's check wants, as where two are equally near"


def plus(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """EZKL ``pairwise`` with ``Add``."""
    return add(*paired(left, right))


def minus(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """EZKL ``pairwise`` with ``Sub``."""
    return subtract(*paired(left, right))


def times(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """EZKL ``pairwise`` with ``Mult``."""
    return multiply(*paired(left, right))


def as_flag(condition: np.ndarray) -> np.ndarray:
    """1 where true, 0 elsewhere."""
    return condition.astype(np.int64)


# --- comparison and logic ------------------------------------------------------------------------


def greater(ledger: Ledger, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """EZKL ``greater``: the sign of the difference."""
    difference = minus(left, right)
    ledger.decompose(difference)
    return as_flag(difference > 0)


def greater_equal(ledger: Ledger, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """EZKL ``greater_equal``: greater, after one is added."""
    return greater(ledger, shift_by(left, 1), right)


def less(ledger: Ledger, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """EZKL ``less``."""
    return greater(ledger, right, left)


def less_equal(ledger: Ledger, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """EZKL ``less_equal``."""
    return greater_equal(ledger, right, left)


def equals(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """EZKL ``equals``, which decomposes nothing."""
    first, second = paired(left, right)
    return as_flag(first == second)


def iff(ledger: Ledger, mask: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """EZKL ``iff``: ``first * mask + second * (1 - mask)``."""
    ledger.check_boolean(mask)
    return plus(times(first, mask), times(second, 1 - mask))


def logical_not(ledger: Ledger, mask: np.ndarray) -> np.ndarray:
    """EZKL ``not``."""
    ledger.check_boolean(mask)
    return 1 - mask


def logical_and(ledger: Ledger, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """EZKL ``and``: the product."""
    ledger.check_boolean(left)
    ledger.check_boolean(right)
    return times(left, right)


def logical_or(ledger: Ledger, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """EZKL ``or``: the left one where it is 1, else the right one."""
    ledger.check_boolean(right)
    return iff(ledger, left, left, right)


def distance(ledger: Ledger, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """EZKL ``l1_distance``."""
    return _measured(ledger, minus(left, right))


def _measured(ledger: Ledger, difference: np.ndarray) -> np.ndarray:
    """EZKL ``abs``, which decomposes."""
    ledger.decompose(difference)
    return np.asarray(np.abs(difference))


# --- results that are claimed, and then checked --------------------------------------------------


def divide(ledger: Ledger, values: np.ndarray, divisor: int) -> np.ndarray:
    """EZKL ``div``: the rounded quotient, proved to be less than ``divisor`` away from the exact one."""
    if divisor == 1:
        return values
    with np.errstate(divide="ignore", invalid="ignore"):
        claimed = rounded(values.astype(np.float64) / np.float64(divisor))
    ledger.decompose(claimed)
    rest = subtract(values, scale_by(claimed, divisor))
    ledger.decompose(rest)
    room = shift_by(-np.abs(rest), divisor)
    ledger.decompose(room)
    ledger.fault(f"a quotient by {divisor} is further off than EZKL's check allows", room <= 0)
    return claimed


def _is_best(ledger: Ledger, claimed: np.ndarray, error: Error) -> np.ndarray:
    """EZKL ``optimum_convex_function``: better than one less, and no worse than one more."""
    here, above, below = error(claimed), error(shift_by(claimed, 1)), error(shift_by(claimed, -1))
    no_worse = less_equal(ledger, here, above)
    better = less(ledger, here, below)
    return np.asarray(no_worse & better)


def reciprocal(
    ledger: Ledger, values: np.ndarray, input_scale: int, output_scale: int, epsilon: float
) -> np.ndarray:
    """EZKL ``recip``: ``output_scale`` divided by ``values / input_scale``; of 0, by ``epsilon``."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        numbers = values.astype(np.float64) / np.float64(input_scale)
        inverse = 1.0 / np.where(numbers == 0.0, numbers + epsilon, numbers)
        claimed = rounded(np.float64(output_scale) * inverse)
        of_zero = float(np.float64(output_scale) * (np.float64(1.0) / np.float64(epsilon)))
    ledger.decompose(claimed)
    is_zero = values == 0
    if of_zero < LIMIT:
        is_inverse_of_zero = claimed == int(rounded(np.array(of_zero)))
    else:  # beyond int64 it equals nothing that is claimed
        is_inverse_of_zero = np.zeros_like(is_zero)
    ledger.fault(
        "a reciprocal is that of 0 and its input is not, or the reverse", is_zero != is_inverse_of_zero
    )
    unit, has_unit = input_scale * output_scale, as_flag(~is_zero)
    is_best = _is_best(
        ledger,
        claimed,
        lambda guess: _measured(ledger, difference_of_products(guess, values, has_unit, unit)),
    )
    ledger.fault(f"reciprocal: {_NOT_BEST}", is_best + as_flag(is_zero) != 1)
    return claimed


def square_root(ledger: Ledger, values: np.ndarray, scale: float) -> np.ndarray:
    """EZKL ``sqrt``: ``scale * sqrt(values / scale)``; of a negative number 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        claimed = rounded(scale * np.sqrt(values.astype(np.float64) / scale))
    ledger.decompose(claimed)
    claimed = np.asarray(np.abs(claimed))
    is_best = _is_best(
        ledger,
        claimed,
        lambda guess: _measured(ledger, difference_of_products(guess, guess, values, int(scale))),
    )
    ledger.fault(f"square root: {_NOT_BEST}", is_best != 1)
    return claimed


# --- order ---------------------------------------------------------------------------------------


def ascending(ledger: Ledger, values: np.ndarray) -> np.ndarray:
    """EZKL ``_sort_ascending`` along the last axis, when nobody asks where elements were."""
    if values.shape[-1] == 1:
        return values
    ordered = np.sort(values, axis=-1)
    ledger.decompose(shift_by(subtract(ordered[..., 1:], ordered[..., :-1]), 1))
    return ordered


def largest(ledger: Ledger, values: np.ndarray) -> np.ndarray:
    """EZKL ``max`` along the last axis, which goes."""
    return np.asarray(ascending(ledger, values)[..., -1])


def smallest(ledger: Ledger, values: np.ndarray) -> np.ndarray:
    """EZKL ``min`` along the last axis, which goes."""
    return np.asarray(ascending(ledger, values)[..., 0])


def position_of_extreme(ledger: Ledger, values: np.ndarray, *, greatest: bool) -> np.ndarray:
    """EZKL ``argmax`` or ``argmin`` along the last axis, which goes: the first of those that are equal.

    Elements are sorted with their positions; of equal ones argmax puts the last position first.
    """
    length = values.shape[-1]
    if length == 1:
        return np.zeros(values.shape[:-1], dtype=np.int64)
    if greatest:
        order = length - 1 - np.argsort(values[..., ::-1], axis=-1, kind="stable")
    else:
        order = np.argsort(values, axis=-1, kind="stable")
    ordered = np.take_along_axis(values, order, axis=-1)
    ledger.decompose(subtract(ordered[..., 1:], ordered[..., :-1]))
    ledger.decompose(order[..., 1:] - order[..., :-1])
    return np.asarray(order[..., -1 if greatest else 0])
