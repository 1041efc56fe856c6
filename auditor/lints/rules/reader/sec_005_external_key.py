"""An external_data entry that ONNX does not define.

Finds: a tensor with a key in `external_data` other than location, offset, length, checksum and basepath (and
ONNX Runtime's `prepacked_...`), or without a location. The file is refused.

Why: older releases of onnx set an attribute of a Python object for every key, `__class__` included
(CVE-2026-34445). No exporter writes others.

Do: save the model again with a current onnx; treat a file that you did not make as hostile.
"""

from __future__ import annotations

from auditor.lints.about import About

ABOUT = About(
    id="AUD-SEC-005",
    severity="medium",
    title="unknown external_data key",
    checked_in="auditor/model/external.py",
)
