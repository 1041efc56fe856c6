"""The public ceremony whose SRS EZKL uses: which files are its own, and where they are to be had.

The facts are data, in ``rules/srs``.
"""

from __future__ import annotations

import hashlib
from functools import cache

from auditor import rules

_RULE = "perpetual_powers_of_tau"


def ceremony_sha256(logrows: int) -> str | None:
    """SHA-256, in hexadecimal, of the ceremony's file for ``logrows``; None where it has none."""
    found: str | None = _rule().fields["sha256"].get(str(logrows))
    return found


def largest_logrows() -> int:
    """The largest ``logrows`` for which the ceremony has a file; it has one for each from 1 on."""
    return max(int(logrows) for logrows in _rule().fields["sha256"])


def public_addresses(logrows: int) -> list[str]:
    """Where the ceremony's file for ``logrows`` can be downloaded, in the order to try."""
    return [address.format(k=logrows) for address in _rule().fields["addresses"]]


@cache
def public_verifier_srs() -> bytes:
    """The ceremony's file for ``logrows`` 1: 516 bytes, all that a verifier of any circuit needs.

    Raises:
        BadRule: the data shipped with this program is damaged.
    """
    content = bytes.fromhex(_rule().fields["verifier"])
    if hashlib.sha256(content).hexdigest() != ceremony_sha256(1):
        raise rules.BadRule(f"rules/srs/{_RULE}.toml is damaged: its verifier has another SHA-256")
    return content


def is_known_public(verifier: bytes) -> bool:
    """Whether ``verifier`` (516 bytes) is the ceremony's, as :func:`inspect_srs` writes it."""
    return verifier == public_verifier_srs()


@cache
def _rule() -> rules.Rule:
    return rules.load("srs", _RULE)
