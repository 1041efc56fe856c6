"""Operations that keep the order of every element: the exact rule at both ends is the bound."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auditor.circuit import ops
from auditor.forward.ledger import Ledger
from auditor.forward.rules import apply_rule
from auditor.forward.sound.intervals import valley
from auditor.forward.sound.rules import bound_rule


@bound_rule(
    ops.Input,
    ops.Constant,
    ops.Output,
    ops.Identity,
    ops.Reshape,
    ops.Flatten,
    ops.MoveAxis,
    ops.MultiBroadcastTo,
    ops.Pad,
    ops.Concat,
    ops.Slice,
    ops.Resize,
    ops.Downsample,
    ops.Trilu,
    ops.Add,
    ops.Sum,
    ops.Sign,
)
def by_both_ends(op: ops.Op, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """What these decompose is the value, whose magnitude is largest at an end."""
    return apply_rule(op, inputs, ledger)


@bound_rule(ops.LeakyReLU)
def leaky_relu(op: ops.LeakyReLU, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``leaky_relu``: rises on both sides of 0, or with a negative slope falls and rises."""
    ends = apply_rule(op, inputs, ledger)
    return ends if op.slope >= 0 else valley(ends, inputs[0])


@bound_rule(ops.Pow)
def power(op: ops.Pow, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``pow``: repeated multiplication; the exponents 0 and 1 change nothing."""
    ends = apply_rule(op, inputs, ledger)
    return valley(ends, inputs[0]) if op.exponent > 1 and op.exponent % 2 == 0 else ends


@bound_rule(ops.Abs)
def magnitude(op: ops.Abs, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``abs``."""
    return valley(apply_rule(op, inputs, ledger), inputs[0])
