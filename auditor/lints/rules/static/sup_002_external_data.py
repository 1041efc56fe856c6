"""Weights outside of the model file.

Finds: tensors with external data, whether the file is there or not.

Why: EZKL reads the .onnx file only and rejects such a model; other runtimes take it.

Do: save the model with its weights inside: `onnx.save(onnx.load(path), path)`, up to 2 GiB.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.findings import Finding
from auditor.lints.about import About

if TYPE_CHECKING:
    from auditor.lints.subject import Subject

ABOUT = About(id="AUD-SUP-002", severity="medium", title="weights outside of the file")

_MEANT = "external data"


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for the whole file."""
    outside = [item.subject for item in subject.refusals if item.reason.startswith(_MEANT)]
    if outside:
        tensors = f"{len(outside):,} tensors keep" if len(outside) > 1 else "a tensor keeps"
        yield ABOUT.finding(f"{tensors} their values in another file, which EZKL does not read", outside[0])
