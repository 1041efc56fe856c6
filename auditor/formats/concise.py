"""A line for each thing: for hooks, logs and grep."""

from __future__ import annotations

from auditor.formats import PLAIN, Medium, without_ci_commands
from auditor.formats._results import one_line
from auditor.views.page import View


def render(view: View, medium: Medium = PLAIN) -> str:
    """The lines of the view."""
    text = "".join(f"{one_line(line)}\n" for line in view.lines())
    return without_ci_commands(text if medium.unicode else text.encode("ascii", "replace").decode())
