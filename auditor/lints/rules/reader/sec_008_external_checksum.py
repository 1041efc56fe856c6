"""External data without a checksum.

Finds: an external data file whose tensors carry no `checksum`.

Why: the hash of the .onnx file does not cover its weights: they can be swapped and the file stays the same.
Almost no exporter writes checksums.

Do: keep the weights inside the .onnx file, which EZKL needs anyway, or keep a hash of the data file beside
it.
"""

from __future__ import annotations

from auditor.lints.about import About

ABOUT = About(
    id="AUD-SEC-008",
    severity="info",
    title="external data without checksum",
    checked_in="auditor/model/external.py",
)
