"""Divisions, roots, tables, the logarithm and the softmax."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auditor.circuit import ops
from auditor.forward.errors import Overflow, Unmodelled
from auditor.forward.ledger import Ledger
from auditor.forward.numbers import subtract, total
from auditor.forward.rules import apply_rule, arity
from auditor.forward.rules.nonlinear import sole_axis
from auditor.forward.sound.gadgets import ascending, divide, reciprocal, square_root
from auditor.forward.sound.intervals import between, crosses_zero, high, low, times
from auditor.forward.sound.rules import bound_rule
from auditor.forward.sound.tables import nonlinearity

_E = float(np.float32(np.e))
"""EZKL keeps the base of an exponential in single precision."""


@bound_rule(ops.Lookup)
def look_up(op: ops.Lookup, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``LookupOp``."""
    arity(op, inputs, 1)
    return nonlinearity(ledger, op.function, op.parameters, inputs[0])


@bound_rule(ops.Div)
def division(op: ops.Div, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL hybrid.rs ``Div``: by an integer, or from a table."""
    arity(op, inputs, 1)
    if not np.isfinite(op.denominator):
        raise Unmodelled(f"a division by {op.denominator}")
    if op.denominator == int(op.denominator):
        return divide(ledger, inputs[0], int(op.denominator))
    return nonlinearity(ledger, "Div", (op.denominator,), inputs[0])


@bound_rule(ops.Recip)
def recip(op: ops.Recip, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``recip``."""
    arity(op, inputs, 1)
    return reciprocal(ledger, inputs[0], int(op.input_scale), int(op.output_scale), op.epsilon)


@bound_rule(ops.Sqrt)
def sqrt(op: ops.Sqrt, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``sqrt``."""
    arity(op, inputs, 1)
    return square_root(ledger, inputs[0], op.scale)


@bound_rule(ops.Rsqrt)
def rsqrt(op: ops.Rsqrt, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``rsqrt``: the reciprocal of the rounded root."""
    arity(op, inputs, 1)
    root = square_root(ledger, inputs[0], op.input_scale)
    return reciprocal(ledger, root, int(op.input_scale), int(op.output_scale), op.epsilon)


@bound_rule(ops.Softmax)
def softmax(op: ops.Softmax, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``softmax_axes``: exponentials from a table, times the reciprocal of their sum.

    No element is above the largest, and the largest is one of them: the sum holds the exponential of 0.
    """
    arity(op, inputs, 1)
    axis = sole_axis(inputs[0], op.axes)
    slices = np.moveaxis(inputs[0], axis, -1)
    ascending(ledger, slices)
    exponentials = nonlinearity(ledger, "Exp", (op.input_scale, _E), _below_largest(slices))
    of_zero = nonlinearity(ledger, "Exp", (op.input_scale, _E), np.zeros_like(low(slices)[..., :1]))
    sums = total(exponentials, (exponentials.ndim - 1,))
    with_largest = low(sums) - low(exponentials).max(axis=-1, keepdims=True) + of_zero
    inverse = reciprocal(
        ledger,
        between(np.maximum(low(sums), with_largest), high(sums)),
        int(op.input_scale),
        int(op.output_scale),
        op.epsilon,
    )
    return np.moveaxis(times(exponentials, inverse), -1, axis)


def _below_largest(values: np.ndarray) -> np.ndarray:
    """Each element less the largest along the last axis: 0 where it is that, else less than the others."""
    if values.shape[-1] == 1:
        return np.zeros_like(values)
    most = subtract(high(values), _largest_other(low(values)))
    least = subtract(low(values), _largest_other(high(values)))
    return between(np.minimum(least, 0), np.minimum(most, 0))


def _largest_other(values: np.ndarray) -> np.ndarray:
    """For each element along the last axis, of two or more, the largest of all others."""
    second, first = np.moveaxis(np.partition(values, -2, axis=-1)[..., -2:], -1, 0)
    is_first = np.arange(values.shape[-1]) == values.argmax(axis=-1)[..., None]
    return np.asarray(np.where(is_first, second[..., None], first[..., None]))


_MOST_POWERS = 128


@bound_rule(ops.Ln)
def logarithm(op: ops.Ln, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``ln``: straight lines between powers of two.

    The exact rule is followed at both ends and on both sides of every number midway between two powers of
    two. Between these every line rises, and every distance has its largest magnitude at an end.
    """
    arity(op, inputs, 1)
    value = inputs[0]
    if crosses_zero(value).any():
        raise Overflow("the logarithm of 0")
    if (low(value) < 0).any():
        raise Unmodelled("the logarithm of a negative number")
    midways = 1.5 * op.scale * np.exp2(np.arange(-_MOST_POWERS, 63))
    bounded = midways[(midways > int(value.min()) - 3) & (midways < int(value.max()) + 3)]
    inside = [low(value), high(value)]
    for midway in np.unique(np.floor(bounded)).astype(np.int64):
        inside += [np.clip(midway + step, low(value), high(value)) for step in (-1, 0, 1, 2)]
    results = apply_rule(op, [np.stack(inside, axis=1)], ledger)
    return between(results.min(axis=1), results.max(axis=1))
