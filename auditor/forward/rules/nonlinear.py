"""Divisions, roots and tables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auditor.circuit import ops
from auditor.forward.errors import Unmodelled
from auditor.forward.gadgets import divide, largest, reciprocal, square_root
from auditor.forward.ledger import Ledger
from auditor.forward.numbers import multiply, subtract, total
from auditor.forward.rules import arity, forward_rule
from auditor.forward.tables import tabulated

_E = float(np.float32(np.e))
"""EZKL keeps the base of an exponential in single precision."""


def nonlinearity(
    ledger: Ledger, function: str, parameters: tuple[float, ...], values: np.ndarray
) -> np.ndarray:
    """EZKL ``nonlinearity``: a lookup in the table of a function."""
    ledger.look_up(values)
    return tabulated(function, parameters, values)


@forward_rule(ops.Lookup)
def look_up(op: ops.Lookup, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``LookupOp``."""
    arity(op, inputs, 1)
    return nonlinearity(ledger, op.function, op.parameters, inputs[0])


@forward_rule(ops.Div)
def division(op: ops.Div, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL hybrid.rs ``Div``: by an integer, or from a table."""
    arity(op, inputs, 1)
    if not np.isfinite(op.denominator):
        raise Unmodelled(f"a division by {op.denominator}")
    if op.denominator == int(op.denominator):
        return divide(ledger, inputs[0], int(op.denominator))
    return nonlinearity(ledger, "Div", (op.denominator,), inputs[0])


@forward_rule(ops.Recip)
def recip(op: ops.Recip, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``recip``."""
    arity(op, inputs, 1)
    return reciprocal(ledger, inputs[0], int(op.input_scale), int(op.output_scale), op.epsilon)


@forward_rule(ops.Sqrt)
def sqrt(op: ops.Sqrt, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``sqrt``."""
    arity(op, inputs, 1)
    return square_root(ledger, inputs[0], op.scale)


@forward_rule(ops.Rsqrt)
def rsqrt(op: ops.Rsqrt, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``rsqrt``: the reciprocal of the rounded root."""
    arity(op, inputs, 1)
    root = square_root(ledger, inputs[0], op.input_scale)
    return reciprocal(ledger, root, int(op.input_scale), int(op.output_scale), op.epsilon)


@forward_rule(ops.Softmax)
def softmax(op: ops.Softmax, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``softmax_axes``: exponentials from a table, times the reciprocal of their sum."""
    arity(op, inputs, 1)
    value = inputs[0]
    axis = sole_axis(value, op.axes)
    slices = np.moveaxis(value, axis, -1)
    shifted = subtract(slices, largest(ledger, slices)[..., None])
    exponentials = nonlinearity(ledger, "Exp", (op.input_scale, _E), shifted)
    sums = total(exponentials, (exponentials.ndim - 1,))
    inverse = reciprocal(ledger, sums, int(op.input_scale), int(op.output_scale), op.epsilon)
    return np.moveaxis(multiply(exponentials, inverse), -1, axis)


def sole_axis(value: np.ndarray, axes: tuple[int, ...]) -> int:
    """The one axis of ``value`` that EZKL ``multi_dim_axes_op`` works along; a vector has no other."""
    if value.ndim == 2:
        return 1
    if len(axes) != 1 or axes[0] >= value.ndim - 1:
        raise Unmodelled(f"axes {list(axes)} of {list(value.shape[1:])}")
    return axes[0] + 1
