"""Functions that call themselves, or expand without end.

Finds: model-local functions that call each other in a circle, or that become more than 200,000 nodes once
they are expanded. The file is refused.

Why: thirty functions that each call the next one twice are 2 kB of file and 3,000,000,000 nodes: the checker
of onnx, its shape inference and ONNX Runtime hang on them (GHSA-7w46-vvrh-m8q5).

Do: inline the functions where the model is exported, with an exporter that shares none.
"""

from __future__ import annotations

from auditor.lints.about import About

ABOUT = About(
    id="AUD-SEC-012",
    severity="high",
    title="function expansion bomb",
    checked_in="auditor/model/functions.py",
)
