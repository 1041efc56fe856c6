"""Arithmetic, comparison and logic, one element at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auditor.circuit import ops
from auditor.forward import gadgets as exact
from auditor.forward.gadgets import as_flag
from auditor.forward.ledger import Ledger
from auditor.forward.rules import arity
from auditor.forward.sound.gadgets import greater, greater_equal
from auditor.forward.sound.intervals import (
    between,
    high,
    is_boolean,
    low,
    minus,
    opposite,
    square,
    times,
)
from auditor.forward.sound.rules import bound_rule
from auditor.forward.tensors import paired


@bound_rule(ops.Sub)
def difference(op: ops.Sub, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``pairwise`` with ``Sub``."""
    arity(op, inputs, 2)
    return minus(inputs[0], inputs[1])


@bound_rule(ops.Mult)
def product(op: ops.Mult, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``pairwise`` with ``Mult``."""
    arity(op, inputs, 2)
    return times(inputs[0], inputs[1])


@bound_rule(ops.Neg)
def negate(op: ops.Neg, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``neg``."""
    return opposite(inputs[0])


@bound_rule(ops.Greater, ops.GreaterEqual, ops.Less, ops.LessEqual)
def compare(op: ops.Op, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """The gadget of the same name."""
    arity(op, inputs, 2)
    left, right = inputs if isinstance(op, ops.Greater | ops.GreaterEqual) else inputs[::-1]
    counts_equal = isinstance(op, ops.GreaterEqual | ops.LessEqual)
    return (greater_equal if counts_equal else greater)(ledger, left, right)


@bound_rule(ops.Equals)
def equals(op: ops.Equals, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``equals``: possible where intervals meet, certain where both are one and the same number."""
    arity(op, inputs, 2)
    first, second = paired(inputs[0], inputs[1])
    possible = (low(first) <= high(second)) & (low(second) <= high(first))
    certain = (high(first) <= low(second)) & (high(second) <= low(first))
    return as_flag(between(certain, possible))


@bound_rule(ops.Max, ops.Min)
def larger_or_smaller(op: ops.Op, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``max_comp`` and ``min_comp``: rise with either input; what is compared is decomposed."""
    arity(op, inputs, 2)
    greater(ledger, inputs[0], inputs[1])
    left, right = paired(inputs[0], inputs[1])
    return np.asarray(np.maximum(left, right) if isinstance(op, ops.Max) else np.minimum(left, right))


# --- logic: of what is no boolean EZKL has no proof, but the numbers are bounded all the same -----


@bound_rule(ops.Not)
def invert(op: ops.Not, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``not``."""
    return _inverse(inputs[0])


@bound_rule(ops.And)
def conjunction(op: ops.And, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``and``: the product."""
    arity(op, inputs, 2)
    return times(inputs[0], inputs[1])


@bound_rule(ops.Or)
def disjunction(op: ops.Or, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``or``: the left one where it is 1, else the right one; rises with both booleans."""
    arity(op, inputs, 2)
    left, right = inputs
    if is_boolean(left) and is_boolean(right):
        return exact.logical_or(ledger, left, right)
    return exact.plus(square(left), times(right, _inverse(left)))


@bound_rule(ops.Xor)
def exclusive_or(op: ops.Xor, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``xor``: the sum of two conjunctions that are never both true."""
    arity(op, inputs, 2)
    left, right = inputs
    both = exact.plus(times(left, _inverse(right)), times(right, _inverse(left)))
    return np.clip(both, 0, 1) if is_boolean(left) and is_boolean(right) else both


@bound_rule(ops.Iff)
def choose(op: ops.Iff, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``iff``: of a boolean, either of the two that it may choose."""
    arity(op, inputs, 3)
    mask, first, second = inputs
    if not is_boolean(mask):
        return exact.plus(times(first, mask), times(second, _inverse(mask)))
    chosen = [exact.iff(ledger, decided, first, second) for decided in (low(mask), high(mask))]
    return between(np.minimum(low(chosen[0]), low(chosen[1])), np.maximum(high(chosen[0]), high(chosen[1])))


def _inverse(mask: np.ndarray) -> np.ndarray:
    return minus(np.ones((1,) * mask.ndim, dtype=np.int64), mask)
