"""Einsums and convolutions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auditor.circuit import ops
from auditor.forward.einsum import einsum
from auditor.forward.ledger import Ledger
from auditor.forward.numbers import add
from auditor.forward.rules import apply_rule, arity
from auditor.forward.sound.products import bilinear, multilinear
from auditor.forward.sound.rules import bound_rule


@bound_rule(ops.Einsum)
def tensor_product(op: ops.Einsum, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``einsum``."""

    def product(*operands: np.ndarray) -> np.ndarray:
        return einsum(operands, op.equation, literal_dots=ledger.disable_freivalds)

    if len(inputs) == 1:
        return product(inputs[0])
    if len(inputs) == 2:
        return bilinear(product, inputs[0], inputs[1])
    return multilinear(lambda operands: product(*operands), inputs)


@bound_rule(ops.Conv, ops.DeConv)
def convolution(op: ops.Conv | ops.DeConv, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``conv`` and ``deconv``, which decompose nothing: linear in the image and in the kernel.

    The bias is what comes of an image of zeroes. Of the nine inputs of a quantised convolution two are read.
    """
    if not (isinstance(op, ops.Conv) and len(inputs) == 9):
        arity(op, inputs, 2, 3)
    image, kernel = inputs[:2]
    result = bilinear(lambda left, right: apply_rule(op, [left, right], ledger), image, kernel)
    if len(inputs) != 3:
        return result
    bias = apply_rule(op, [np.zeros_like(image[:1]), np.zeros_like(kernel[:1]), inputs[2]], ledger)
    return add(result, bias)
