"""A model that only EZKL itself can lower.

Finds: a circuit that was read from EZKL because this program does not model one of the operators.

Why: the answer is right, but it takes EZKL on every machine that checks the model, seconds in place of
milliseconds, and sees nothing of the values in between: some rules of fidelity cannot be judged.

Do: `auditor estimate --front-end onnx` names the operator; replace it, or install `auditor[prove]` wherever
the model is checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.findings import Finding
from auditor.lints.about import About

if TYPE_CHECKING:
    from auditor.lints.subject import Subject

ABOUT = About(id="AUD-SUP-008", severity="info", title="EZKL's own front end needed")


def check(subject: Subject) -> Iterator[Finding]:
    """Also where the user asked for that front end."""
    if subject.circuit is not None and subject.circuit.front_end == "ezkl":
        yield ABOUT.finding(
            "the circuit was read from EZKL itself, which has to be installed to check this model"
        )
