"""Functions inside of the model.

Finds: model-local functions that the graph calls.

Why: EZKL does not expand them. It rejects the call, or runs a standard operator of the same name in its place
(AUD-FID-029).

Do: inline them before the model is committed: `onnx.inliner.inline_local_functions(model)`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.findings import Finding
from auditor.lints.about import About
from auditor.safe import safe

if TYPE_CHECKING:
    from auditor.lints.subject import Subject

ABOUT = About(id="AUD-SUP-003", severity="medium", title="model-local functions")


def check(subject: Subject) -> Iterator[Finding]:
    """Functions that nobody calls harm nobody."""
    for name in subject.called_functions:
        yield ABOUT.finding(f"EZKL does not expand the function '{safe(name)}'", name)
