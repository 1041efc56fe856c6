"""The page for people without its charts: the tables these are drawn from."""

from __future__ import annotations

from msgspec.structs import replace

from auditor.formats import PLAIN, Medium
from auditor.formats.terminal import render_page
from auditor.views.page import Chart, View


def render(view: View, medium: Medium = PLAIN) -> str:
    """The page of the view."""
    page = view.page()
    parts = tuple(part.table if isinstance(part, Chart) else part for part in page.parts)
    return render_page(replace(page, parts=parts), medium)
