"""SRS files in halo2's raw format: read once, front to back, and believed in nothing.

``u32`` logrows k, little endian; 2^k points of G1, the powers of the secret; the same in Lagrange form; two
points of G2, the generator and the secret times it. halo2 ``poly/kzg/commitment.rs`` `write_custom`.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from msgspec import Struct

from auditor.errors import UsageError
from auditor.proving.srs.ceremony import public_verifier_srs
from auditor.proving.srs.points import G1_BYTES, G2_BYTES, NotAPoint, check_g1, check_g2
from auditor.safe import safe

_HEADER_BYTES = 4
_POWERS_BYTES = 2 * G1_BYTES
_END_BYTES = 2 * G2_BYTES
_CHUNK_BYTES = 1 << 20

LARGEST_LOGROWS = 28
"""The scalar field of BN254 has roots of unity up to order 2^28, and halo2 refuses a larger circuit."""

VERIFIER_BYTES = 516
"""Size of the file for logrows 1, which is what a verifier needs for any circuit."""


class SrsFile(Struct, frozen=True, kw_only=True):
    """What a file holds. ``verifier`` is what a verifier needs of it, as a file of its own (516 bytes).

    It depends on nothing but the first two powers and the points of G2: a verifier reads no Lagrange point.
    """

    logrows: int
    size_bytes: int
    sha256: str
    verifier: bytes


def srs_bytes(logrows: int) -> int:
    """Size of the file for ``logrows``."""
    return _HEADER_BYTES + 2 * G1_BYTES * (1 << logrows) + _END_BYTES


def inspect_srs(path: Path) -> SrsFile:
    """Reads the file, hashing it in one pass, and never more of it than its header announces.

    Checked are the header against the size, and that the first two powers and the points of G2 are canonical
    and on their curves; every other point is only hashed. A symbolic link is not followed.

    Raises:
        UsageError: the file is no SRS, a damaged one, or cannot be read.
    """
    name = safe(str(path))
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb", buffering=0) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise UsageError(f"the SRS {name} is not a regular file", "give the file itself")
            return _inspect(file.fileno(), status.st_size, name)
    except NotAPoint as error:
        raise UsageError(f"the SRS {name} is damaged: {error}", "get the file again") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise UsageError(f"the SRS {name} cannot be read: {reason}", "check the path") from error


def _inspect(descriptor: int, size_bytes: int, name: str) -> SrsFile:
    logrows = _logrows(os.pread(descriptor, _HEADER_BYTES, 0), size_bytes, name)
    # Before the hash, as a file that is no SRS may be very large.
    powers = os.pread(descriptor, _POWERS_BYTES, _HEADER_BYTES)
    verifier = _verifier(powers, os.pread(descriptor, _END_BYTES, size_bytes - _END_BYTES))
    digest = hashlib.sha256()
    left = size_bytes
    while left:
        chunk = os.read(descriptor, min(left, _CHUNK_BYTES))
        if not chunk:
            raise UsageError(f"the SRS {name} became shorter while it was read", "try again")
        digest.update(chunk)
        left -= len(chunk)
    return SrsFile(logrows=logrows, size_bytes=size_bytes, sha256=digest.hexdigest(), verifier=verifier)


def _logrows(header: bytes, size_bytes: int, name: str) -> int:
    logrows = int.from_bytes(header, "little")
    if len(header) < _HEADER_BYTES or not 1 <= logrows <= LARGEST_LOGROWS:
        raise UsageError(
            f"{name} is no SRS: it has {size_bytes:,} bytes, and no k up to {LARGEST_LOGROWS} at its start",
            "give a file in halo2's raw format, as EZKL reads it",
        )
    expected_bytes = srs_bytes(logrows)
    if size_bytes != expected_bytes:
        raise UsageError(
            f"the SRS {name} is damaged: it says k={logrows}, which are {expected_bytes:,} bytes, "
            f"and has {size_bytes:,}",
            "get the file again",
        )
    return logrows


def _verifier(powers: bytes, g2: bytes) -> bytes:
    check_g1(powers[:G1_BYTES])
    check_g1(powers[G1_BYTES:])
    check_g2(g2[:G2_BYTES])
    check_g2(g2[G2_BYTES:])
    public = public_verifier_srs()
    if powers == public[_HEADER_BYTES : _HEADER_BYTES + _POWERS_BYTES] and g2 == public[-_END_BYTES:]:
        return public
    # The second pair fills the places of the Lagrange points.
    return (1).to_bytes(_HEADER_BYTES, "little") + powers + powers + g2
