"""Operators of ONNX that do not exist.

Finds: nodes in one of the domains of ONNX whose operator no version of ONNX defines, and that no function of
the model is.

Why: a name that is spelled wrongly, or an operator of a library under the name of ONNX. No runtime can say
what it computes.

Do: correct the name, or give the node the domain of its library.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.findings import Finding
from auditor.lints.about import About
from auditor.safe import safe

if TYPE_CHECKING:
    from auditor.lints.subject import Subject

ABOUT = About(id="AUD-SUP-009", severity="medium", title="operator that does not exist")

_DOMAINS = ("", "ai.onnx", "ai.onnx.ml")


def check(subject: Subject) -> Iterator[Finding]:
    """Every operator that exists has a page in ``rules/operators``."""
    functions = {(function.domain, function.name) for function in subject.model.functions}
    for operator, nodes in subject.nodes.items():
        if operator in subject.support:
            continue
        node = next((one for one in nodes if one.domain in _DOMAINS), None)
        if node is not None and (node.domain, operator) not in functions:
            yield ABOUT.finding(f"ONNX has no operator '{safe(operator)}'", node.name)
