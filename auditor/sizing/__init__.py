"""From the size of a circuit to halo2's constraint system, and from that to the bytes of keys and proofs."""

from auditor.sizing.artifacts import Artifacts, artifacts
from auditor.sizing.constraint_system import ConstraintSystem, constraint_system
from auditor.sizing.logrows import (
    LogrowsBound,
    LogrowsChoice,
    NoLogrows,
    calibrated_logrows,
    limits_exceeded,
    minimal_logrows,
)

__all__ = [
    "Artifacts",
    "ConstraintSystem",
    "LogrowsBound",
    "LogrowsChoice",
    "NoLogrows",
    "artifacts",
    "calibrated_logrows",
    "constraint_system",
    "limits_exceeded",
    "minimal_logrows",
]
