"""The pictures of a page as a PNG file: what the format svg draws, in pixels.

Letters come from one font that the extra ``png`` brings along, never from the machine's own: the same report
gives the same bytes everywhere. Open Sans has Latin, Greek and Cyrillic; any other letter is an empty box.
"""

from __future__ import annotations

from importlib import resources

from auditor.errors import UsageError
from auditor.formats import PLAIN, Medium, svg
from auditor.views.page import View

_SCALE = 2.0
"""Pixels of the file for each of the drawing's, so that it is sharp on paper and on dense screens."""

_HIGHEST = 16_000
"""Pixels of a drawing beyond which the memory for its picture is no longer a matter of course: 256 MB."""


def render(view: View, medium: Medium = PLAIN) -> bytes:
    """The picture of the view.

    Raises:
        UsageError: its page has no picture, or so many that the file would be huge.
    """
    import resvg_py

    drawing, height = svg.drawing(view)
    if height > _HIGHEST:
        raise UsageError("this report has too many pictures for one PNG", hint="use the format svg")
    font = resources.files("ttf_opensans") / "ttf"
    with (
        resources.as_file(font / "OpenSans-Regular.ttf") as regular,
        resources.as_file(font / "OpenSans-SemiBold.ttf") as bold,
    ):
        return resvg_py.svg_to_bytes(
            svg_string=drawing,
            skip_system_fonts=True,
            font_files=[str(regular), str(bold)],
            font_family="Open Sans",
            sans_serif_family="Open Sans",
            zoom=_SCALE,
        )
