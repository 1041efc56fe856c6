"""Points of BN254 as halo2's raw format holds them: canonical and on their curve, or refused.

A coordinate is 32 bytes, little endian, in Montgomery form (times 2^256). A point of G1 has two in the base
field, a point of G2 two pairs ``c0, c1`` that stand for ``c0 + c1 u`` with ``u^2 = -1``.
"""

from __future__ import annotations

BASE_MODULUS = 21888242871839275222246405745257275088696311157297823662689037894645226208583
"""Order of the base field of BN254, in which coordinates live. The scalar field is another."""

COORDINATE_BYTES = 32
G1_BYTES = 2 * COORDINATE_BYTES
G2_BYTES = 4 * COORDINATE_BYTES

_FROM_MONTGOMERY = pow(1 << 256, -1, BASE_MODULUS)

_Fq2 = tuple[int, int]


class NotAPoint(ValueError):
    """The bytes are no point: a coordinate is not canonical, or the point is not on its curve."""


def check_g1(raw: bytes) -> None:
    """Raises :class:`NotAPoint` unless ``raw`` (64 bytes) is on y^2 = x^3 + 3; the neutral element is not."""
    x, y = _coordinates(raw)
    if (y * y - x * x * x - 3) % BASE_MODULUS:
        raise NotAPoint("a point is not on the curve")


def check_g2(raw: bytes) -> None:
    """Raises :class:`NotAPoint` unless ``raw`` (128 bytes) is on y^2 = x^3 + 3 / (9 + u).

    Whether the point is in the subgroup of prime order is not looked at, as in halo2.
    """
    x0, x1, y0, y1 = _coordinates(raw)
    x, y = (x0, x1), (y0, y1)
    # Multiplied by 9 + u on both sides, so that nothing is inverted.
    left = _times((9, 1), _times(y, y))
    right = _times((9, 1), _times(x, _times(x, x)))
    if (left[0] - right[0] - 3) % BASE_MODULUS or (left[1] - right[1]) % BASE_MODULUS:
        raise NotAPoint("a point of G2 is not on the curve")


def _coordinates(raw: bytes) -> list[int]:
    stored = [
        int.from_bytes(raw[start : start + COORDINATE_BYTES], "little")
        for start in range(0, len(raw), COORDINATE_BYTES)
    ]
    if any(value >= BASE_MODULUS for value in stored):
        raise NotAPoint("a coordinate is not below the modulus")
    return [value * _FROM_MONTGOMERY % BASE_MODULUS for value in stored]


def _times(a: _Fq2, b: _Fq2) -> _Fq2:
    return (a[0] * b[0] - a[1] * b[1]) % BASE_MODULUS, (a[0] * b[1] + a[1] * b[0]) % BASE_MODULUS
