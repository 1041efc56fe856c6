"""The SRS: whether anybody who is trusted stands behind the points that the proof is checked with."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from msgspec import Struct

from auditor.proving.checks.outcome import Failed, NotRun, Passed
from auditor.proving.manifest import SrsRecord
from auditor.proving.srs.ceremony import ceremony_sha256, is_known_public
from auditor.proving.srs.file import VERIFIER_BYTES, SrsFile
from auditor.proving.srs.points import G1_BYTES, G2_BYTES, NotAPoint, check_g1, check_g2

UNSAFE_WARNING = (
    "the SRS was generated locally: whoever made it can prove anything with it, so this proof convinces "
    "nobody else"
)

_HEADER = (1).to_bytes(4, "little")


class TrustedSrs(Struct, frozen=True, kw_only=True):
    """What the caller trusts. ``file`` is an SRS the caller has, ``sha256`` one the caller named.

    ``allow_unsafe`` accepts any locally generated SRS, and ``made_here`` says whether one (516 bytes) was
    generated on this machine.
    """

    file: SrsFile | None
    sha256: str | None
    allow_unsafe: bool
    made_here: Callable[[bytes], bool]


def srs(verifier: bytes, record: SrsRecord, logrows: int, trusted: TrustedSrs) -> Passed[None]:
    """The points are well formed, and those of an SRS that the caller has a reason to trust."""
    _check_points(verifier)
    if record.logrows < logrows:  # EZKL cuts a larger one down
        raise Failed(f"the manifest's SRS is of logrows {record.logrows}, and the circuit needs {logrows}")
    detail = {"kind": record.kind}
    if record.kind == "public":
        _check_public(verifier, record)
        _check_pinned(verifier, record, trusted, required=False)
        return Passed(value=None, reason="the points of the public ceremony", detail=detail)
    if record.kind == "pinned":
        _check_pinned(verifier, record, trusted, required=True)
        return Passed(value=None, reason="the points of the SRS that you named", detail=detail)
    _check_pinned(verifier, record, trusted, required=False)
    if not trusted.allow_unsafe and not trusted.made_here(verifier):
        raise Failed(f"{UNSAFE_WARNING}; --allow-unsafe-srs checks it all the same", kind=record.kind)
    where = "was made on this machine" if not trusted.allow_unsafe else "is allowed by --allow-unsafe-srs"
    return Passed(value=None, reason=f"unsafe, and {where}: {UNSAFE_WARNING}", detail=detail)


def _check_points(verifier: bytes) -> None:
    if len(verifier) != VERIFIER_BYTES:
        raise Failed(f"verifier.srs takes {len(verifier):,} bytes, not {VERIFIER_BYTES}")
    if verifier[:4] != _HEADER:
        raise Failed("verifier.srs is not of logrows 1")
    try:
        for start in range(4, 4 + 4 * G1_BYTES, G1_BYTES):
            check_g1(verifier[start : start + G1_BYTES])
        for start in range(4 + 4 * G1_BYTES, VERIFIER_BYTES, G2_BYTES):
            check_g2(verifier[start : start + G2_BYTES])
    except NotAPoint as error:
        raise Failed(f"verifier.srs is damaged: {error}") from error


def _check_public(verifier: bytes, record: SrsRecord) -> None:
    if not is_known_public(verifier):
        raise Failed("the manifest says the SRS is public, and verifier.srs is not the ceremony's")
    if record.sha256 != ceremony_sha256(record.logrows):
        raise Failed(f"srs.sha256 is not that of the ceremony's file for logrows {record.logrows}")


def _check_pinned(verifier: bytes, record: SrsRecord, trusted: TrustedSrs, *, required: bool) -> None:
    """Against the SRS that the caller named, by its file or by a hash.

    The hash of a whole SRS says nothing about the points in the bundle without that file.
    """
    if trusted.file is not None:
        if trusted.file.verifier != verifier:
            raise Failed("verifier.srs does not hold the points of the SRS that you gave")
        if trusted.file.logrows == record.logrows and trusted.file.sha256 != record.sha256:
            raise Failed("the SRS that you gave has another SHA-256 than the manifest says")
        if trusted.sha256 not in (None, trusted.file.sha256, hashlib.sha256(verifier).hexdigest()):
            raise Failed("the SRS that you gave has another SHA-256 than --srs-sha256 says")
        return
    if trusted.sha256 is not None:
        if trusted.sha256 == hashlib.sha256(verifier).hexdigest():
            return
        if trusted.sha256 != record.sha256:
            raise Failed("neither verifier.srs nor the whole SRS has the SHA-256 that --srs-sha256 says")
        # Only the ceremony's points are known for the hash of a whole file.
        if required:
            raise NotRun(
                "the hash of the whole SRS does not tell which points it holds: give the file with --srs"
            )
        return
    if required:
        raise NotRun("only you know whom to trust: give the SRS with --srs, or the hash of verifier.srs")
