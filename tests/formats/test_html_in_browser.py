"""The HTML report in a real browser, where there is one: not blank, and nothing sticks out on a phone."""

from __future__ import annotations

import html
import re
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

from auditor import formats
from tests.formats.examples import FEASIBLE, PRICED, REJECTED, UNREADABLE, audit
from tests.formats.views import NASTY, Echo

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no chromium here")

REPORTS = {"audit": audit(PRICED, FEASIBLE, REJECTED, UNREADABLE), "hostile": Echo(NASTY)}


def browse(page: Path, *options: str) -> subprocess.CompletedProcess[str]:
    assert BROWSER is not None
    return subprocess.run(
        [
            BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            f"--user-data-dir={page.parent / 'profile'}", "--enable-logging=stderr",
            "--virtual-time-budget=2000", *options, page.as_uri(),
        ],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def pixels(png: bytes) -> tuple[int, int, set[bytes]]:
    """Width, height and the colours of an 8-bit PNG, as the browser writes them."""
    width, height, depth, kind = struct.unpack(">IIBB", png[16:26])
    assert (depth, kind) in ((8, 2), (8, 6))
    size = 3 if kind == 2 else 4
    data, at = b"", 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + length]
        at += 12 + length
    raw, stride = zlib.decompress(data), width * size
    colours, above = set(), bytes(stride)
    for row in range(height):
        start = row * (stride + 1)
        above = _unfiltered(raw[start], raw[start + 1 : start + 1 + stride], above, size)
        colours.update(above[place : place + 3] for place in range(0, stride, size * 5))
    return width, height, colours


def _unfiltered(kind: int, line: bytes, above: bytes, size: int) -> bytes:
    out = bytearray(line)
    for at, value in enumerate(line):
        left = out[at - size] if at >= size else 0
        up, corner = above[at], above[at - size] if at >= size else 0
        if kind == 4:
            guess = left + up - corner
            near = min((left, up, corner), key=lambda one: abs(guess - one))
        else:
            near = (0, left, up, (left + up) // 2)[kind]
        out[at] = (value + near) & 255
    return bytes(out)


@pytest.mark.parametrize("width", [1200, 500])
def test_the_screenshot_is_not_blank(width: int, tmp_path: Path) -> None:
    page, shot = tmp_path / "report.html", tmp_path / "shot.png"
    page.write_text(formats.load("html").render(REPORTS["audit"]), encoding="utf-8")
    ended = browse(page, f"--window-size={width},300", f"--screenshot={shot}")
    assert shot.exists(), ended.stderr[-2000:]
    shown, height, colours = pixels(shot.read_bytes())
    assert shown == width
    assert height >= 150
    assert len(colours) > 20
    assert "Content Security Policy" not in ended.stderr


FRAME = """<body><iframe id=f style="width:{width}px;height:900px;border:0" srcdoc="{page}"></iframe><script>
f.onload = () => {{
  const root = f.contentDocument.documentElement;
  const wide = [...f.contentDocument.querySelectorAll("section *")].filter(it => !it.closest(".scroll")
    && !it.closest("svg") && it.getBoundingClientRect().right > root.clientWidth + 1).length;
  document.body.dataset.found = [root.clientWidth, root.scrollWidth, wide,
    getComputedStyle(f.contentDocument.body).fontSize].join(" ");
}}</script>"""


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("width", [390, 1200])
def test_nothing_sticks_out(name: str, width: int, tmp_path: Path) -> None:
    """In a frame, as the window of a browser cannot be as narrow as a phone; its script reads the sizes."""
    page = tmp_path / "frame.html"
    text = html.escape(formats.load("html").render(REPORTS[name]))
    page.write_text(FRAME.format(page=text, width=width), encoding="utf-8")
    ended = browse(page, "--dump-dom")
    found = re.search(r'data-found="(\d+) (\d+) (\d+) (\d+)px"', ended.stdout)
    assert found is not None, ended.stderr[-2000:]
    inner, scrolled, wide, letters = map(int, found.groups())
    assert width - 20 <= inner <= width
    assert scrolled <= inner
    assert wide == 0
    assert letters >= 16
    assert "Content Security Policy" not in ended.stderr
