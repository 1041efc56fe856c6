"""A model that was exported while it was training.

Finds: a BatchNormalization in training mode, or a Dropout whose training mode is switched on.

Why: such a model answers otherwise than in evaluation: by the statistics of the batch it is given, or by
chance. A proof of it says little, and EZKL rejects the batch statistics.

Do: call `model.eval()` before the export, and leave `training=` of torch.onnx.export at its default.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.findings import Finding
from auditor.lints.about import About
from auditor.safe import safe

if TYPE_CHECKING:
    from auditor.lints.subject import Subject

ABOUT = About(id="AUD-REPO-007", severity="medium", title="exported in training mode")


def check(subject: Subject) -> Iterator[Finding]:
    """Dropout says so in its third input, a constant of one element."""
    for node in subject.nodes.get("BatchNormalization", ()):
        if node.attributes.get("training_mode") or len(node.outputs) > 3:
            message = f"BatchNormalization '{safe(node.name)}' uses the statistics of its batch"
            yield ABOUT.finding(message, node.name)
    for body in subject.bodies if "Dropout" in subject.nodes else ():
        for node in body.nodes:
            if node.op_type == "Dropout" and len(node.inputs) > 2:
                mode = body.constant(node.inputs[2])
                if (
                    mode is not None
                    and mode.shape in ((), (1,))
                    and mode.load is not None
                    and mode.load().any()
                ):
                    message = f"Dropout '{safe(node.name)}' drops values by chance"
                    yield ABOUT.finding(message, node.name)
