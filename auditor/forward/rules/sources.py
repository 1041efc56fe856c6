"""Inputs, constants, outputs, and the wrappers that change scales."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auditor.circuit import ops
from auditor.forward.errors import Unmodelled
from auditor.forward.ledger import Ledger
from auditor.forward.numbers import scale_by
from auditor.forward.rules import apply_rule, arity, forward_rule

_U64 = 1 << 64


@forward_rule(ops.Input)
def model_input(op: ops.Input, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL circuit/ops/mod.rs ``Input``: bounded by a decomposition unless range checks are ignored."""
    arity(op, inputs, 1)
    if op.datum_type == "Bool":
        ledger.check_boolean(inputs[0])
    elif op.decompose:
        ledger.decompose(inputs[0])
    return inputs[0]


@forward_rule(ops.Constant)
def shared_constant(op: ops.Constant, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """A constant with several uses, which is assigned by itself; ``inputs`` is the constant's own value."""
    if op.decompose:
        ledger.decompose(inputs[0])
    return inputs[0]


@forward_rule(ops.Output)
def model_output(op: ops.Output, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``output``: the computed output is bounded; what it is compared with is not known yet."""
    arity(op, inputs, 1)
    if op.decompose:
        ledger.decompose(inputs[0])
    return inputs[0]


@forward_rule(ops.Rescaled)
def rescaled(op: ops.Rescaled, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``rescale``: each input times its multiplier, then the operation.

    EZKL pairs multipliers with inputs by order, not by the position they hold.
    """
    if len(op.multipliers) != len(inputs):
        raise Unmodelled(f"{len(op.multipliers)} multipliers for {len(inputs)} inputs")
    scaled = [
        value if multiplier == 1 else scale_by(value, multiplier % _U64)
        for value, (_, multiplier) in zip(inputs, op.multipliers, strict=True)
    ]
    return apply_rule(op.inner, scaled, ledger)


@forward_rule(ops.RebaseScale)
def rebased(op: ops.RebaseScale, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """The operation, then the division that brings its output back to scale."""
    return apply_rule(op.rebase, [apply_rule(op.inner, inputs, ledger)], ledger)


@forward_rule(ops.Unknown)
def unknown(op: ops.Unknown, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """Always raises Unmodelled: EZKL computes nothing for it."""
    raise Unmodelled(op.reason or "EZKL does not support this operation")
