"""Pooling."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from msgspec.structs import replace

from auditor.circuit import ops
from auditor.forward.ledger import Ledger
from auditor.forward.numbers import shift_by
from auditor.forward.rules import apply_rule, arity
from auditor.forward.sound.gadgets import divide
from auditor.forward.sound.intervals import high, low, minus
from auditor.forward.sound.rules import bound_rule


@bound_rule(ops.SumPool)
def sum_pool(op: ops.SumPool, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``sumpool``: sums of windows, divided by their size with padding and all."""
    arity(op, inputs, 1)
    sums = apply_rule(replace(op, normalized=False), inputs, ledger)
    return divide(ledger, sums, prod(op.kernel_shape)) if op.normalized else sums


@bound_rule(ops.MaxPool)
def max_pool(op: ops.MaxPool, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``max_pool``: rises with every element; neighbours in order are no further apart than all are.

    The least element of a window is the largest of the negated ones, as padding is 0.
    """
    arity(op, inputs, 1)
    aside = Ledger(2)
    largest = apply_rule(op, inputs, aside)
    if prod(op.pool_dims) > 1:
        smallest = -apply_rule(op, [-low(inputs[0])], aside)
        ledger.decompose(shift_by(minus(high(largest), smallest), 1))
    return largest
