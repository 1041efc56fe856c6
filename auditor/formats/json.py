"""JSON for programs: the schema ``auditor.report/1``, keys sorted, the same bytes for the same input."""

from __future__ import annotations

import json
from dataclasses import asdict

from auditor._version import EZKL_VERSION
from auditor.formats import PLAIN, Medium
from auditor.report import Audit, CircuitFacts, ModelAudit

SCHEMA = "auditor.report/1"


def render(audit: Audit, medium: Medium = PLAIN) -> str:
    """The report; ASCII only, so that no name can act on a terminal that shows it."""
    document = {
        "schema": SCHEMA,
        "tool": {"name": "auditor", "version": audit.version, "rules": audit.rules},
        "models": [_model(model) for model in audit.models],
        "verdict": {"status": audit.status, "exit_code": audit.exit_code},
    }
    return json.dumps(document, indent=2, sort_keys=True, allow_nan=False) + "\n"


def _model(audited: ModelAudit) -> dict[str, object]:
    verdict = audited.verdict
    return {
        "path": audited.path,
        "sha256": audited.sha256,
        "bytes": audited.bytes,
        "model": asdict(audited.model) if audited.model else None,
        "circuit": _circuit(audited.circuit) if audited.circuit else None,
        "artifacts": asdict(audited.artifacts) if audited.artifacts else None,
        # Machines and chains are not judged yet; their place in the contract is kept.
        "hardware": [],
        "chains": [],
        "findings": [asdict(finding) for finding in audited.findings],
        "verdict": {
            "status": verdict.status,
            "binding": verdict.binding,
            "reasons": list(verdict.reasons),
            "next": list(verdict.next),
        },
    }


def _circuit(circuit: CircuitFacts) -> dict[str, object]:
    fields = asdict(circuit)
    for item in fields["unsupported"]:
        del item["way_out"]
    return {"backend": "ezkl", "backend_version": EZKL_VERSION, **fields}
