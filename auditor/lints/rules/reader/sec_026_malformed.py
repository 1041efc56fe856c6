"""A file that is not a well-formed ONNX model.

Finds: a file that is empty, cut short, of another format, not valid protobuf, or an ONNX model that
contradicts itself in a way that no other rule names. The file is refused.

Why: other tools stop at such a file with an error that says nothing, or take it for an empty model: onnx
reads an empty file without complaint.

Do: read the reason: it says what the file is, or the byte where it goes wrong. Then fetch or export it again.
"""

from __future__ import annotations

from auditor.lints.about import About

ABOUT = About(
    id="AUD-SEC-026",
    severity="high",
    title="not a well-formed ONNX model",
    checked_in="auditor/model/read.py",
)
