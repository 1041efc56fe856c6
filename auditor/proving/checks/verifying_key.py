"""The verifying key, in halo2's raw format: all of its form follows from the settings."""

from __future__ import annotations

from msgspec import Struct

from auditor.proving.checks.outcome import Failed, Passed
from auditor.proving.srs.points import G1_BYTES, NotAPoint, check_g1

HEADER_BYTES = 7
FORMAT_VERSION = 3
"""halo2 ``plonk.rs`` `VERSION`, as EZKL 23.0.5 writes it."""

_NEUTRAL = bytes(G1_BYTES)
"""The commitment to a column of zeros."""


class KeyShape(Struct, frozen=True, kw_only=True):
    """What the settings say about the key and the proof.

    ``fixed_columns`` are the least and the most there can be: how many columns halo2 merges selectors into
    does not follow from the settings alone. A proof has ``num_points`` points, and ``num_evaluations``
    scalars and one for each fixed column.
    """

    logrows: int
    fixed_columns: tuple[int, int]
    num_permutation_columns: int
    num_selectors: int
    num_points: int
    num_evaluations: int

    def key_bytes(self, fixed_columns: int) -> int:
        """Size of the key. halo2 ``plonk.rs`` `VerifyingKey::write`."""
        points = fixed_columns + self.num_permutation_columns
        return HEADER_BYTES + G1_BYTES * points + self.num_selectors * (1 << self.logrows) // 8

    def proof_bytes(self, fixed_columns: int) -> int:
        """Size of the proof."""
        return 64 * self.num_points + 32 * (self.num_evaluations + fixed_columns)


def verifying_key(data: bytes, shape: KeyShape) -> Passed[int]:
    """The number of fixed columns of a key that has the form its settings ask for."""
    if len(data) < HEADER_BYTES:
        raise Failed("vk.key is shorter than its header")
    version, logrows, compressed = data[:3]
    if (version, compressed) != (FORMAT_VERSION, 1):
        raise Failed("vk.key is not in the format that EZKL writes")
    if logrows != shape.logrows:
        raise Failed(f"vk.key is of logrows {logrows}, and the settings say {shape.logrows}")
    fixed_columns = int.from_bytes(data[3:HEADER_BYTES], "little")
    low, high = shape.fixed_columns
    if not low <= fixed_columns <= high:
        most = f"{low:,}" if low == high else f"{low:,} to {high:,}"
        raise Failed(f"vk.key has {fixed_columns:,} fixed columns, and the settings lead to {most}")
    expected_bytes = shape.key_bytes(fixed_columns)
    if len(data) != expected_bytes:
        raise Failed(f"vk.key takes {len(data):,} bytes, and the settings lead to {expected_bytes:,}")
    num_points = fixed_columns + shape.num_permutation_columns
    for index in range(num_points):
        start = HEADER_BYTES + G1_BYTES * index
        _check_point(data[start : start + G1_BYTES], index)
    reason = f"logrows {logrows}, {fixed_columns:,} fixed columns, {num_points:,} points on the curve"
    return Passed(value=fixed_columns, reason=reason, detail={"verifying_key_bytes": len(data)})


def _check_point(raw: bytes, index: int) -> None:
    try:
        if raw != _NEUTRAL:
            check_g1(raw)
    except NotAPoint as error:
        raise Failed(f"vk.key is damaged: point {index} of its commitments: {error}") from error
