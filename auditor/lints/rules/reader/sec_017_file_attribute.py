"""A node that loads a file, or a compiled blob.

Finds: an `EPContext` node, or attributes such as `ep_cache_context`, `model_path` and `library_path`.

Why: execution providers run what these name, as code, with the rights of whoever loads the model.

Do: export for the generic CPU provider, and keep caches of providers out of the repository.
"""

from __future__ import annotations

from auditor.lints.about import About

ABOUT = About(
    id="AUD-SEC-017",
    severity="high",
    title="an attribute names a file",
    checked_in="auditor/model/security.py",
)
