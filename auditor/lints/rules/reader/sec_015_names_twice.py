"""Two things of one name.

Finds: a value, tensor, attribute or function that is defined twice, or a subgraph whose value hides one
outside of it. Two producers of one value are refused.

Why: which of two weights counts is up to each runtime: EZKL takes the last, ONNX Runtime may take the first
or refuse. A proof then covers another model than the one that was tested.

Do: remove the duplicate where the model is made; rename values of subgraphs.
"""

from __future__ import annotations

from auditor.lints.about import About

ABOUT = About(
    id="AUD-SEC-015",
    severity="medium",
    title="a name defined twice",
    checked_in="auditor/model/build.py",
)
