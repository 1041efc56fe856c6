"""Metadata that configures ONNX Runtime.

Finds: metadata with a key such as `ort_config` or `session_config`.

Why: where an application allows it, the file then decides how it is run: threads, optimisations, providers.

Do: remove the metadata, and set such options where the model is run.
"""

from __future__ import annotations

from auditor.lints.about import About

ABOUT = About(
    id="AUD-SEC-022",
    severity="low",
    title="metadata configures the runtime",
    checked_in="auditor/model/security.py",
)
