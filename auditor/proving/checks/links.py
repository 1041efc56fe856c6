"""The bundle itself: its files, its manifest, and whether they belong together."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from auditor._version import EZKL_VERSION
from auditor.proving.bundle import BadBundle, Bundle, read_bundle
from auditor.proving.checks.outcome import Failed, Passed
from auditor.proving.manifest import BadManifest, Manifest, decode
from auditor.safe import safe


def read(directory: Path) -> Passed[tuple[Bundle, Manifest]]:
    """The files and the manifest. Raises UsageError when there is no such directory."""
    try:
        bundle = read_bundle(directory)
        manifest = decode(bundle.manifest)
    except BadBundle as error:
        raise Failed(str(error)) from error
    except BadManifest as error:
        raise Failed(f"manifest.json: {error}") from error
    total_bytes = len(bundle.manifest) + sum(map(len, bundle.files.values()))
    reason = f"{1 + len(bundle.files)} files, and a manifest in its one spelling"
    return Passed(value=(bundle, manifest), reason=reason, detail={"total_bytes": total_bytes})


def hashes(files: Mapping[str, bytes], manifest: Manifest) -> Passed[None]:
    """Every file is the one the manifest names."""
    for name, data in sorted(files.items()):
        record = manifest.files[name]
        if len(data) != record.bytes:
            raise Failed(f"{name} takes {len(data):,} bytes, and the manifest says {record.bytes:,}")
        if hashlib.sha256(data).hexdigest() != record.sha256:
            raise Failed(f"{name} has another SHA-256 than the manifest says")
    return Passed(value=None, reason="every file has the SHA-256 that the manifest names")


def versions(manifest: Manifest) -> Passed[None]:
    """The formulas here are those of one EZKL; the settings' own version is looked at with the settings."""
    if manifest.tool.ezkl_version != EZKL_VERSION:
        version = safe(manifest.tool.ezkl_version, limit=40)
        raise Failed(f"made with EZKL {version}, and this program knows {EZKL_VERSION} only")
    return Passed(value=None, reason=f"EZKL {EZKL_VERSION}, {manifest.schema}")
