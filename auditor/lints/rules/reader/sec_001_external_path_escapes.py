"""External data outside of the model's directory.

Finds: a tensor whose `external_data` location leads out of the directory of the model through `..`, or is
empty. The file is refused.

Why: whoever loads such a model reads whatever file its author named: keys, other models, devices. ONNX had
three incomplete fixes for this (CVE-2022-25882, CVE-2024-27318, CVE-2026-27489).

Do: do not load the file with anything else. If it is your own, save it again with the data beside it:
`onnx.save(model, path, save_as_external_data=True, location="model.onnx_data")`.
"""

from __future__ import annotations

from auditor.lints.about import About

ABOUT = About(
    id="AUD-SEC-001",
    severity="critical",
    title="external path escapes",
    checked_in="auditor/model/external.py",
)
