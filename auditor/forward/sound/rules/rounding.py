"""Rounding: the last digit in base ``scale`` is dropped and the one before it adjusted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auditor.circuit import ops
from auditor.forward.ledger import Ledger
from auditor.forward.numbers import rounded
from auditor.forward.rules import apply_rule
from auditor.forward.sound.intervals import note
from auditor.forward.sound.rules import bound_rule


@bound_rule(ops.Floor, ops.Ceil, ops.Round, ops.RoundHalfToEven)
def rounding(
    op: ops.Floor | ops.Ceil | ops.Round | ops.RoundHalfToEven, inputs: Sequence[np.ndarray], ledger: Ledger
) -> np.ndarray:
    """EZKL ``floor``, ``ceil``, ``round`` and ``round_half_to_even``: all rise with the value.

    The last two compare the last digit with a half of the base, and digits may be any between both ends.
    """
    result = apply_rule(op, inputs, ledger)
    base, midway = int(op.scale), int(rounded(np.array(op.scale / 2)))
    if isinstance(op, ops.Round):
        note(ledger, max(abs(1 - midway), abs(base - midway)))
    elif isinstance(op, ops.RoundHalfToEven):
        note(ledger, max(midway, abs(base - 1 - midway)))
        ledger.look_up(np.array([[0, base - 1]]))
    return result
