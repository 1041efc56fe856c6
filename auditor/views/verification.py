"""The view of ``auditor verify``: every check of a bundle, and what the proof then shows."""

from __future__ import annotations

import json
from collections.abc import Mapping

from msgspec import Struct

from auditor._version import EZKL_VERSION, __version__
from auditor.proving.checks import Check
from auditor.proving.manifest import Manifest, encode
from auditor.safe import safe
from auditor.verify import Verification
from auditor.views.page import (
    Bullets,
    Column,
    Line,
    Outcome,
    Page,
    Part,
    Result,
    Rows,
    Table,
    Tone,
    Words,
    fingerprint,
)
from auditor.views.proof import tensor_rows, warning_results

SCHEMA = "auditor.verification/1"

_TONES: Mapping[str, Tone] = {"pass": "good", "fail": "bad", "not run": "dim"}
_OUTCOMES: Mapping[str, Outcome] = {"pass": "pass", "fail": "fail", "not run": "skip"}


class VerificationView(Struct, frozen=True):
    """The checks of one bundle. ``bundle`` is its path as it was given."""

    bundle: str
    verification: Verification

    @property
    def exit_code(self) -> int:
        """0 only if all that was asked for holds."""
        return 0 if self.verification.ok else 1

    def page(self) -> Page:
        """The answer, every check, and what is public in the proof."""
        said = self.verification
        answer = Words("VERIFIED", "good") if said.ok else Words("NOT VERIFIED", "bad")
        parts: list[Part] = [Line((Words(safe(self.bundle, limit=400), "strong"), answer), above=1)]
        if said.warnings:
            parts.append(Bullets(said.warnings))
        rows = tuple((Words(check.status, _tone(check)), check.name, check.reason) for check in said.checks)
        parts.append(Table("Checks", (Column(""), Column("Check"), Column("Why", "prose")), rows))
        if said.ok and said.manifest is not None:
            parts.append(Rows(tuple(_shown(said.manifest))))
        return Page(f"auditor {__version__} · EZKL {EZKL_VERSION}", tuple(parts))

    def lines(self) -> list[str]:
        """The answer, and a line for each check that did not pass though it was asked for."""
        said = self.verification
        name = safe(self.bundle, limit=400)
        lines = [f"{name}: {'verified' if said.ok else 'not verified'}"]
        lines += [f"{name}: warning {warning}" for warning in said.warnings]
        failed = [check for check in said.checks if check.asked and check.status != "pass"]
        return lines + [f"{name}: {check.status} {check.name}: {check.reason}" for check in failed]

    def document(self) -> dict[str, object]:
        """The schema ``auditor.verification/1``."""
        said = self.verification
        return {
            "schema": SCHEMA,
            "tool": {"name": "auditor", "version": __version__},
            "bundle": safe(self.bundle, limit=400),
            "ok": said.ok,
            "exit_code": self.exit_code,
            "warnings": list(said.warnings),
            "checks": [
                {
                    "name": check.name,
                    "status": check.status,
                    "asked": check.asked,
                    "reason": check.reason,
                    "detail": dict(check.detail),
                }
                for check in said.checks
            ],
            "manifest": None if said.manifest is None else json.loads(encode(said.manifest)),
        }

    def results(self) -> list[Result]:
        """Every check, and each warning. What was asked for and not run is an error: nothing is verified."""
        path = safe(self.bundle, limit=400)
        checks = [
            Result(
                rule=f"check {check.name}",
                outcome=_OUTCOMES[check.status],
                level="error" if check.asked and check.status != "pass" else "note",
                message=check.reason,
                path=path,
                fingerprint=fingerprint(f"check {check.name}", path),
            )
            for check in self.verification.checks
        ]
        return [*checks, *warning_results(path, self.verification.warnings)]


def _tone(check: Check) -> Tone:
    return "warning" if check.status == "not run" and check.asked else _TONES[check.status]


def _shown(manifest: Manifest) -> list[tuple[str, str]]:
    """What the proof shows, once it holds. Names are the maker's word."""
    model = f"{safe(manifest.model.file_name)} · sha256 {manifest.model.sha256[:16]}…"
    return [
        ("Model", model),
        *tensor_rows("Public input", manifest.public.inputs),
        *tensor_rows("Public output", manifest.public.outputs),
        *((f"Hash of {item.of}", item.element) for item in manifest.public.hashes),
    ]
