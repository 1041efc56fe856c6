"""The field of all circuit values: the scalars of BN254, and the signed integers EZKL stores in them."""

from __future__ import annotations

FIELD_MODULUS = 21888242871839275222246405745257275088548364400416034343698204186575808495617
"""Order of the scalar field of BN254."""

FELT_BYTES = 32


def signed(element: int) -> int:
    """The integer that a canonical element stands for: the upper half of the field is negative.

    EZKL ``fieldutils.rs`` `felt_to_integer_rep`.

    >>> signed(FIELD_MODULUS - 3)
    -3
    """
    return element - FIELD_MODULUS if element > FIELD_MODULUS // 2 else element
