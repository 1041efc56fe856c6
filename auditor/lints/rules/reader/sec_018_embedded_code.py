"""Code inside of a model.

Finds: operators that run Python, TVM or TorchScript, and attributes that start as a program, a script or a
pickle does.

Why: loading the model, or running it, runs that code. No proof covers what it does.

Do: do not load the file; export the model without such operators.
"""

from __future__ import annotations

from auditor.lints.about import About

ABOUT = About(
    id="AUD-SEC-018",
    severity="high",
    title="embedded code",
    checked_in="auditor/model/security.py",
)
