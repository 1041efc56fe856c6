"""Operators that ONNX does not define.

Finds: nodes of a domain other than ONNX's own that is not a function of the model either; once for each
operator.

Why: what they compute is defined by a library somewhere else. EZKL looks operators up by name and ignores the
domain, so it may run another operator of the same name.

Do: export without the custom operator, or write it as ONNX operators or as a function.
"""

from __future__ import annotations

from auditor.lints.about import About

ABOUT = About(
    id="AUD-SEC-016",
    severity="medium",
    title="non-standard operator domain",
    checked_in="auditor/model/security.py",
)
