"""Products of tensors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auditor.circuit import ops
from auditor.forward.einsum import einsum
from auditor.forward.ledger import Ledger
from auditor.forward.rules import forward_rule


@forward_rule(ops.Einsum)
def tensor_product(op: ops.Einsum, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``einsum``."""
    return einsum(inputs, op.equation, literal_dots=ledger.disable_freivalds)
