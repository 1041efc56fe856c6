"""Graphs for training beside the one for inference.

Finds: a model with `training_info`.

Why: it holds optimiser graphs and their state, which nobody proves and which can be large.

Do: clear it before you commit: `del model.training_info[:]`.
"""

from __future__ import annotations

from auditor.lints.about import About

ABOUT = About(
    id="AUD-SEC-024",
    severity="low",
    title="training graphs",
    checked_in="auditor/model/security.py",
)
