"""The SRS a proof stands on: the public ceremony's, a file that the user pins, or one made here and unsafe.

Whoever knows the secret an SRS was made from can prove anything under it. What a verifier needs of an SRS is
516 bytes, whatever the circuit; from these it is known which SRS a proof was made under.
"""

from auditor.proving.srs.ceremony import ceremony_sha256, is_known_public, public_verifier_srs
from auditor.proving.srs.choice import SrsChoice, parse_srs
from auditor.proving.srs.file import VERIFIER_BYTES, SrsFile, inspect_srs, srs_bytes
from auditor.proving.srs.obtain import Srs, made_here, obtain_srs

__all__ = [
    "VERIFIER_BYTES",
    "Srs",
    "SrsChoice",
    "SrsFile",
    "ceremony_sha256",
    "inspect_srs",
    "is_known_public",
    "made_here",
    "obtain_srs",
    "parse_srs",
    "public_verifier_srs",
    "srs_bytes",
]
