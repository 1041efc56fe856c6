"""What ``auditor prove`` reports: a proof in a bundle, or why there is none."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from auditor.proving.manifest import Manifest, Predicted


class PlannedStep(Struct, frozen=True, kw_only=True):
    """A step before it is done. ``wall_seconds`` is expected on this machine; None is not known."""

    step: str
    predicted: Predicted
    wall_seconds: float | None


class ProofReport(Struct, frozen=True, kw_only=True):
    """One run of ``auditor prove``.

    ``binding`` names what decided against a proof; ``warnings`` are what a reader of the proof must know.
    ``manifest`` is that of the bundle, with what every step took.
    """

    version: str
    model: str
    status: Literal["proved", "refused"]
    exit_code: int
    plan: tuple[PlannedStep, ...] = ()
    bundle: str | None = None
    manifest: Manifest | None = None
    binding: str | None = None
    reasons: tuple[str, ...] = ()
    next: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
