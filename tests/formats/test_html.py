"""The HTML report: what is in it, and that it needs nothing else."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest
from msgspec.structs import replace

from auditor import formats
from auditor.formats._html_style import STYLE
from auditor.formats._ticks import axis_for
from auditor.report import Layer
from auditor.views.page import Bar, Scale, Unit
from tests.formats.examples import CIRCUIT, FEASIBLE, PRICED, REJECTED, UNREADABLE, audit


def html(*models: object) -> str:
    return formats.load("html").render(audit(*models))


def test_it_loads_nothing() -> None:
    text = html(FEASIBLE, PRICED, REJECTED, UNREADABLE)
    assert not re.search(r"https?:|//|url\(|@import|<script|<link|<img| src=", text)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy[1].startswith(f"default-src 'none'; style-src 'sha256-{digest}'")


def test_it_is_made_for_phones_and_screen_readers() -> None:
    text = html(PRICED)
    assert 'name="viewport" content="width=device-width, initial-scale=1"' in text
    assert '<html lang="en">' in text
    pictures = re.findall(r"<svg [^>]*>", text)
    tops = [tag for tag in pictures if ' y="' not in tag]
    assert tops
    assert all('role="img" aria-label="' in tag or "aria-hidden" in tag for tag in tops)
    assert "prefers-color-scheme:dark" in text
    assert text.count("<h1>") == 1


def test_it_shows_verdicts_tables_ranges_and_layers() -> None:
    text = html(PRICED, REJECTED)
    for words in (
        '<span class="badge good">FEASIBLE</span>', '<span class="badge bad">INFEASIBLE</span>',
        "Time for one proof", "Memory at its peak", "Money for 1,000 proofs", "Gas for one verification",
        "Where the rows go", "AUD-SEC-019", "Replace it by a larger stride.", "<details><summary>",
        'href="#s1"',
    ):  # fmt: skip
        assert words in text, words
    for layer in CIRCUIT.layers:
        assert text.count(layer.node) >= 2, "a tooltip, and a row of its operator's table"


def test_the_icicle_fills_its_width() -> None:
    text = html(FEASIBLE)
    icicle = re.search(r'<svg class="icicle".*?</svg></figure>', text, re.DOTALL)
    assert icicle is not None
    for row in ("26", "64"):
        blocks = re.findall(rf'<svg x="([\d.]+)%" y="{row}" width="([\d.]+)%"', icicle[0])
        assert sum(float(width) for _, width in blocks) == pytest.approx(100, abs=0.1)
        edge = 0.0
        for x, width in blocks:
            assert float(x) == pytest.approx(edge, abs=0.01)
            edge = float(x) + float(width)


def test_many_layers_make_no_huge_picture() -> None:
    layers = tuple(
        Layer(node=f"/l{at}", operator=f"Op{at % 40}", num_rows=10, total_assignments=20)
        for at in range(20_000)
    )
    many = replace(FEASIBLE, circuit=replace(CIRCUIT, layers=layers, total_assignments=400_000))
    text = html(many)
    assert len(text) < 2_000_000
    assert "400 smaller layers" in text or "more" in text


def test_a_circuit_without_rows_has_no_picture() -> None:
    assert 'class="icicle"' not in html(REJECTED)


def bar(low: float, high: float) -> Bar:
    return Bar("x", low, (low + high) / 2, high, "")


@pytest.mark.parametrize("unit", ["seconds", "bytes", "usd", "gas"])
@pytest.mark.parametrize("low", [1e-12, 1e-5, 0.3, 59.0, 60.0, 1e4, 1e9, 1e15])
@pytest.mark.parametrize("factor", [1.0, 1.01, 30.0, 1e9])
def test_axes_have_few_round_marks_around_the_bars(unit: Unit, low: float, factor: float) -> None:
    axis = axis_for(Scale("", unit, (bar(low, low * factor),)))
    assert axis is not None
    assert 2 <= len(axis.ticks) <= 6
    assert axis.low < axis.high
    assert (axis.ticks[0][0], axis.ticks[-1][0]) == (axis.low, axis.high)
    places = [axis.at(value) for value in (low, low * factor)]
    assert 0 <= places[0] <= places[1] <= 1


def test_marks_read_as_people_say_them() -> None:
    def labels(unit: Unit, low: float, high: float) -> list[str]:
        axis = axis_for(Scale("", unit, (bar(low, high),)))
        assert axis is not None
        return [label for _, label in axis.ticks]

    assert labels("seconds", 0.2, 55) == ["100 ms", "1 s", "10 s", "1 min"]
    assert labels("bytes", 2e8, 1e9) == ["64 MiB", "256 MiB", "1 GiB"]
    assert labels("usd", 0.02, 3) == ["$0.01", "$0.1", "$1", "$10"]
    assert labels("gas", 1.6e6, 1.8e6) == ["1 M", "2 M"]
    assert axis_for(Scale("", "usd", (bar(0, 0),))) is None


def luminance(colour: str) -> float:
    long = colour if len(colour) == 6 else "".join(2 * letter for letter in colour)
    parts = [int(long[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def faded(colour: str, opacity: float) -> str:
    """Over a white card."""
    parts = (int(colour[at : at + 2], 16) * opacity + 255 * (1 - opacity) for at in (0, 2, 4))
    return "".join(f"{round(part):02x}" for part in parts)


def test_letters_stand_out() -> None:
    """4.5 to 1, as WCAG asks, in the light and in the dark, and on the blocks of the picture."""
    light, dark = re.findall(r":root\{([^}]*)\}", STYLE)
    for theme in (light, dark):
        colours = dict(re.findall(r"--([\w-]+):#(\w+)", theme))
        for name in ("good", "bad", "warning"):
            assert contrast(colours[name], colours[f"{name}-bg"]) >= 4.5, name
        for name in ("text", "dim", "accent"):
            assert contrast(colours[name], colours["card"]) >= 4.5, name
            assert contrast(colours[name], colours["page"]) >= 4.5, name
    opacity = re.search(r"\.odd\{fill-opacity:(\.\d+)\}", STYLE)
    assert opacity is not None
    for name, colour in re.findall(r"\.(g\w)\{fill:#(\w{6})\}", STYLE):
        assert contrast("ffffff", faded(colour, float(opacity[1]))) >= 4.5, name
