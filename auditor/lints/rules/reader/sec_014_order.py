"""Nodes that depend on each other in a circle, or stand before what they read.

Finds: a graph that is not sorted topologically, as ONNX demands. One with a circle is refused.

Why: runtimes that trust the order compute with values that are not there yet, and two readers of one file may
see two models.

Do: sort it where it is exported, for example with `onnx_graphsurgeon` or `onnxscript`; a circle has no
meaning.
"""

from __future__ import annotations

from auditor.lints.about import About

ABOUT = About(
    id="AUD-SEC-014",
    severity="medium",
    title="nodes in a circle or out of order",
    checked_in="auditor/model/links.py",
)
