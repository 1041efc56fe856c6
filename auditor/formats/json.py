"""JSON for programs: keys sorted, the same bytes for the same input."""

from __future__ import annotations

import json

from auditor.formats import PLAIN, Medium
from auditor.views.page import View


def render(view: View, medium: Medium = PLAIN) -> str:
    """The document; ASCII only, so that no name can act on a terminal that shows it."""
    return json.dumps(view.document(), indent=2, sort_keys=True, allow_nan=False) + "\n"
