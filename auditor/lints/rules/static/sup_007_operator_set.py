"""An operator set that is missing, too old or not released.

Finds: a model without a version of the ONNX operator set, with one before 9 (2018), or with one that no
release of ONNX up to 1.23 has.

Why: operators mean other things in other versions: attributes became inputs, defaults changed. The reader
inside of EZKL is tested with the sets from 9 on, and takes any number without looking whether it knows it.

Do: export again with opset 17, or convert: `onnx.version_converter.convert_version(model, 17)`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.findings import Finding
from auditor.lints.about import About

if TYPE_CHECKING:
    from auditor.lints.subject import Subject

ABOUT = About(id="AUD-SUP-007", severity="low", title="operator set out of range")

OLDEST, NEWEST = 9, 28
"""From the README of tract, and of onnx 1.23.2."""


def check(subject: Subject) -> Iterator[Finding]:
    """Of a model without standard operators no version is asked for."""
    version = subject.model.opsets.get("")
    if version is None:
        if any(node.domain in ("", "ai.onnx") for body in subject.bodies for node in body.nodes):
            yield ABOUT.finding("the version of the ONNX operator set is missing")
    elif not OLDEST <= version <= NEWEST:
        what = "older than EZKL is tested with" if version < OLDEST else "in no release of ONNX"
        yield ABOUT.finding(f"operator set {version} is {what}")
