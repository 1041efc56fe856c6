"""Operator sets that are imported and not used, or used and not imported.

Finds: an `opset_import` that no node uses, and a domain of nodes without an `opset_import`.

Why: an unused import makes runtimes look for a library that the model does not need; a missing one leaves the
meaning of the nodes open.

Do: save the model with a current exporter, or edit `model.opset_import`.
"""

from __future__ import annotations

from auditor.lints.about import About

ABOUT = About(
    id="AUD-SEC-023",
    severity="info",
    title="operator sets unused or not imported",
    checked_in="auditor/model/security.py",
)
