"""What changes scales around an operation, and what is no operation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auditor.circuit import ops
from auditor.forward.errors import Unmodelled
from auditor.forward.ledger import Ledger
from auditor.forward.numbers import scale_by
from auditor.forward.sound.rules import apply_bound, bound_rule

_U64 = 1 << 64


@bound_rule(ops.Rescaled)
def rescaled(op: ops.Rescaled, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``rescale``: each input times its multiplier, which is never negative; then the operation."""
    if len(op.multipliers) != len(inputs):
        raise Unmodelled(f"{len(op.multipliers)} multipliers for {len(inputs)} inputs")
    scaled = [
        value if multiplier == 1 else scale_by(value, multiplier % _U64)
        for value, (_, multiplier) in zip(inputs, op.multipliers, strict=True)
    ]
    return apply_bound(op.inner, scaled, ledger)


@bound_rule(ops.RebaseScale)
def rebased(op: ops.RebaseScale, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """The operation, then the division that brings its output back to scale."""
    return apply_bound(op.rebase, [apply_bound(op.inner, inputs, ledger)], ledger)


@bound_rule(ops.Unknown)
def unknown(op: ops.Unknown, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """Always raises Unmodelled: EZKL computes nothing for it."""
    raise Unmodelled(op.reason or "EZKL does not support this operation")
