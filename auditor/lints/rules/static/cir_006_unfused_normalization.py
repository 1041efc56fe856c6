"""BatchNormalization that stays in the circuit.

Finds: a BatchNormalization after another node that is not an ungrouped Conv with a kernel larger than 1x1, or
whose Conv has other readers.

Why: its statistics are constants, so it can be folded into the weights before it. EZKL does so in that one
case only; elsewhere it costs 48 cells for each element at the default run args.

Do: fold it before the export: `torch.nn.utils.fusion.fuse_conv_bn_eval` and `fuse_linear_bn_eval`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.findings import Finding
from auditor.lints.about import About
from auditor.safe import safe

if TYPE_CHECKING:
    from auditor.lints.subject import Body, Subject
    from auditor.model.graph import NodeDef

ABOUT = About(id="AUD-CIR-006", severity="low", title="unfused BatchNormalization")


def check(subject: Subject) -> Iterator[Finding]:
    """In every body. What stands at the begin of a graph has nothing before it to be folded into."""
    if "BatchNormalization" not in subject.nodes:
        return
    for body in subject.bodies:
        for node in body.nodes:
            if node.op_type == "BatchNormalization" and node.inputs and not _is_free(body, node):
                message = f"BatchNormalization '{safe(node.name)}' is not folded into the weights before it"
                yield ABOUT.finding(message, node.name)


def _is_free(body: Body, node: NodeDef) -> bool:
    before = body.producers.get(node.inputs[0])
    if before is None:
        return True
    weights = body.constant(before.inputs[1]) if before.op_type == "Conv" and len(before.inputs) > 1 else None
    if weights is None or body.readers[node.inputs[0]] > 1:
        return False
    return before.attributes.get("group", 1) == 1 and any(size > 1 for size in weights.shape[2:])
