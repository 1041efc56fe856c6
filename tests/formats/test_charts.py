"""Charts in the terminal, in HTML, and as files."""

from __future__ import annotations

import math
import re
import struct
import sys
import zlib
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from msgspec import Struct
from msgspec.structs import replace

from auditor import formats
from auditor.cli import output
from auditor.errors import UsageError
from auditor.formats import Medium
from auditor.formats._axes import axis_around, label
from auditor.formats._plane import plane
from auditor.formats.html import STYLE
from auditor.views.page import Chart, Column, Curve, Line, Mark, Measure, Page, Part, Point, Table, Words
from tests.formats.examples import PRICED, REJECTED, audit
from tests.formats.test_html import contrast
from tests.formats.views import NASTY

GOLDEN = Path(__file__).parent / "charts"
INF, NAN = math.inf, math.nan


class Report(Struct, frozen=True, dict=True):
    parts: tuple[Part, ...]

    def page(self) -> Page:
        return Page(
            "auditor 0", (Line((Words("models/a.onnx", "strong"), Words("feasible", "good"))), *self.parts)
        )

    def lines(self) -> list[str]:
        return []

    def document(self) -> dict[str, object]:
        return {}

    def results(self) -> list[object]:
        return []


TABLE = Table(
    "As numbers", (Column("Parameters", "number"), Column("Time")), (("1,000", "4 s of the table"),)
)

LINE = tuple(Point(10.0**power, 2.0 * 10.0 ** (power - 4)) for power in range(3, 8))
COST = Chart(
    title="Cost against size",
    x_title="parameters",
    y_title="time to prove",
    y_unit="seconds",
    log_x=True,
    log_y=True,
    lines=(
        Curve("alpha", LINE),
        Curve("alpha", (Point(1e3, 0.3, 0.1, 0.9), Point(1e6, 150.0)), "points"),
        Curve("beta", (Point(1e4, 60.0), Point(1e6, 90.0)), "steps"),
    ),
    marks=(Mark("patience 60 s", 60.0), Mark("memory", 3e6, "x")),
    note="Points are measured.",
    table=TABLE,
)
FAN = Chart(
    title="A forecast",
    x_title="year",
    y_title="USD for one proof",
    x_unit="years",
    y_unit="usd",
    log_y=True,
    lines=(Curve("gamma", tuple(Point(2026 + at, 0.8**at, 0.5**at, 0.95**at) for at in range(7)), "fan"),),
    marks=(Mark("worth it", 0.3),),
    table=TABLE,
)
REPORT = Report((COST, FAN))


def chart(*points: Point, log: bool = False, **fields: object) -> Chart:
    curve = Curve("one", points, "line")
    found = Chart(title="t", x_title="x", y_title="y", log_x=log, log_y=log, lines=(curve,), table=TABLE)
    return replace(found, **fields)


def terminal(part: Part, columns: int = 80, *, unicode: bool = True) -> str:
    medium = Medium(columns=columns, unicode=unicode)
    text = formats.load("terminal").render(Report((part,)), medium)
    assert isinstance(text, str)
    return text


# --- axes ----------------------------------------------------------------------------------

UNITS: tuple[Measure, ...] = ("seconds", "bytes", "usd", "gas", "count", "years", "factor", "share")


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("low", [1.0, 3.0, 59.0, 2026.0, 1.5e4, 7e8])
@pytest.mark.parametrize("factor", [1.0, 1.003, 1.7, 30.0, 1e9])
def test_axes_lie_around_the_values_with_few_marks_in_order(
    unit: Measure, log: bool, low: float, factor: float
) -> None:
    axis = axis_around([low, low * factor], unit, log=log)
    assert axis is not None
    assert axis.low * (1 - 1e-9) <= low
    assert low * factor <= axis.high * (1 + 1e-9)
    assert 2 <= len(axis.ticks) <= 8
    values = [value for value, _ in axis.ticks]
    assert values == sorted(set(values))
    words = [said for _, said in axis.ticks]
    assert len(set(words)) == len(words), "no two marks say the same"
    assert 0 <= axis.at(low) <= axis.at(low * factor) <= 1
    assert axis.linear is not log


def test_marks_read_as_people_say_them() -> None:
    def words(low: float, high: float, unit: Measure, *, log: bool) -> list[str]:
        axis = axis_around([low, high], unit, log=log)
        assert axis is not None
        return [said for _, said in axis.ticks]

    assert words(2026, 2032, "years", log=False) == ["2026", "2028", "2030", "2032"]
    assert words(0, 37, "count", log=False) == ["0", "10", "20", "30", "40"]
    assert words(0, 1, "share", log=False) == ["0", "20 %", "40 %", "60 %", "80 %", "100 %"]
    assert words(2e6, 7e9, "count", log=True) == ["1 M", "10 M", "100 M", "1 B", "10 B"]
    assert words(0.3, 30, "usd", log=True) == ["$0.1", "$1", "$10", "$100"]
    assert words(2.0, 7200, "seconds", log=True) == ["1 s", "10 s", "1 min", "10 min", "1 h", "10 h"]
    assert words(2**20, 2**23, "bytes", log=True) == ["1 MiB", "2 MiB", "4 MiB", "8 MiB"]
    assert label(1.25, "factor") == "1.25×"


# --- the terminal --------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [60, 100])
@pytest.mark.parametrize("unicode", [True, False])
def test_the_terminal_draws_as_it_did(columns: int, unicode: bool) -> None:
    """Golden: read the picture before you change the file."""
    text = terminal(COST, columns, unicode=unicode) + terminal(FAN, columns, unicode=unicode)
    assert max(map(len, text.splitlines())) <= columns
    assert unicode or text.isascii()
    name = f"{'unicode' if unicode else 'ascii'}-{columns}.txt"
    assert text == (GOLDEN / name).read_text(encoding="utf-8")


def test_a_rising_line_rises_from_left_to_right() -> None:
    rows = [
        row
        for row in terminal(chart(Point(0, 0), Point(4, 4), Point(8, 8))).splitlines()
        if "│" in row or "┤" in row
    ]
    places = [(at, row.index("A")) for at, row in enumerate(rows) if "A" in row]
    assert [at for at, _ in places] == [0, 5, 11] or [at for at, _ in places] == [0, 6, 11]
    columns = [column for _, column in places]
    assert columns == sorted(columns, reverse=True)
    assert columns[0] - columns[1] == pytest.approx(columns[1] - columns[2], abs=1)


def test_letters_are_distinct_and_places_of_several_are_said() -> None:
    same = tuple(Curve(f"curve {at}", (Point(1, 1), Point(2, 2)), "points") for at in range(3))
    text = terminal(chart(lines=same))
    for words in ("A curve 0", "B curve 1", "C curve 2", "* several"):
        assert words in text


def test_colour_is_only_where_there_is_some() -> None:
    render = formats.load("terminal").render
    coloured = render(REPORT, Medium(colour=True))
    assert isinstance(coloured, str)
    assert "\x1b[36m" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == render(REPORT, Medium())


@pytest.mark.parametrize("name", ["table", "markdown"])
def test_formats_of_text_show_the_table(name: str) -> None:
    text = formats.load(name).render(REPORT)
    assert isinstance(text, str)
    assert text.count("4 s of the table") == 2
    assert "time to prove" not in text


# --- what has no place ---------------------------------------------------------------------

ODD = {
    "one point": chart(Point(1, 1)),
    "one point, log": chart(Point(5, 7), log=True),
    "all equal": chart(Point(3, 3), Point(3, 3), Point(3, 3)),
    "zeros": chart(Point(0, 0), Point(0, 0)),
    "nan": chart(Point(1, NAN), Point(2, 2), Point(NAN, 3), Point(4, 4)),
    "infinite": chart(Point(1, INF), Point(2, 2), Point(-INF, 3), Point(4, 4)),
    "zero on a log axis": chart(Point(0, 1), Point(1, 0), Point(2, 2), Point(3, 5), log=True),
    "below zero": chart(Point(-5, -3), Point(2, 8)),
    "huge": chart(Point(1e300, 1), Point(1, 1e-300), Point(1, 1), log=True),
    "ends": chart(Point(1, 1, -INF, INF), Point(2, 2, 0.0, NAN), Point(3, 3, None, 9.0), log=True),
    "limits": chart(Point(1, 1), log=True, marks=(Mark("a", 0.0), Mark("b", NAN, "x"), Mark("c", 1e9))),
    "many": chart(*(Point(at, at % 7) for at in range(5000))),
    "back and forth": chart(Point(3, 1), Point(1, 2), Point(2, 0)),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_numbers_break_nothing(name: str) -> None:
    part = ODD[name]
    assert "│" in terminal(part)
    assert max(map(len, terminal(part, 60, unicode=False).splitlines())) <= 60
    for form in ("svg", "html"):
        text = formats.load(form).render(Report((part, replace(part, lines=fans(part)))))
        assert isinstance(text, str)
        drawn = re.sub(r"<title>.*?</title>|<style>.*?</style>", "", text, flags=re.DOTALL)
        assert not re.search(r'="[^"]*\b(nan|inf)\b', drawn)


def fans(part: Chart) -> tuple[Curve, ...]:
    return tuple(replace(curve, kind="fan") for curve in part.lines)


def test_what_is_left_out_is_counted() -> None:
    drawn = plane(ODD["zero on a log axis"])
    assert drawn is not None
    assert drawn.notes == ("2 points have no place on these axes.",)
    assert "2 points have no place" in terminal(ODD["zero on a log axis"])
    drawn = plane(ODD["limits"])
    assert drawn is not None
    assert drawn.notes == ("2 limits have no place on these axes.",)


def test_a_gap_breaks_the_line() -> None:
    drawn = plane(chart(Point(1, 1), Point(2, 2), Point(3, NAN), Point(4, 4), Point(5, 5)))
    assert drawn is not None
    assert [len(run) for run in drawn.strokes[0].runs] == [2, 2]


@pytest.mark.parametrize("part", [chart(), chart(Point(NAN, 1)), chart(Point(-1, 1), log=True)])
def test_nothing_to_draw_is_a_table(part: Chart) -> None:
    for name in ("terminal", "html"):
        text = formats.load(name).render(Report((part,)))
        assert isinstance(text, str)
        assert "4 s of the table" in text
    with pytest.raises(UsageError, match="no chart"):
        formats.load("svg").render(Report((part,)))


# --- HTML and SVG --------------------------------------------------------------------------


def svg(view: Report) -> str:
    text = formats.load("svg").render(view)
    assert isinstance(text, str)
    return text


def test_the_file_is_complete_and_the_same_each_time() -> None:
    text = svg(REPORT)
    root = ElementTree.fromstring(text)
    assert text.isascii()
    assert root.get("width") == "1000"
    assert not re.search(r"url\(|@import|href|<script|<image|var\(", text)
    assert re.findall(r"https?://[^\"]*", text) == ["http://www.w3.org/2000/svg"]
    assert text == svg(REPORT)
    words = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    for said in (
        "Cost against size",
        "alpha",
        "beta",
        "gamma",
        "patience 60 s",
        "memory",
        "time to prove",
        "year",
    ):
        assert said in words
    assert "Points are measured." in words


def test_places_are_those_of_the_values() -> None:
    """A point halfway in a logarithmic plot is in its middle, and the band of a fan ends at its ends."""
    part = chart(Point(1, 1), Point(10, 10), Point(100, 100), log=True)
    points = re.search(r'class="curve l0"[^>]* d="M([^"]*)"', svg(Report((part,))))
    assert points is not None
    corners = [tuple(map(float, corner.split())) for corner in points[1].split("L")]
    width, height = 1000 - 96 - 232, 320
    assert corners == [(0, height), (width / 2, height / 2), (width, 0)]


def test_curves_differ_without_colour() -> None:
    many = tuple(Curve(f"curve {at}", (Point(1, at), Point(2, at + 1))) for at in range(12))
    text = svg(Report((chart(lines=many),)))
    looks = set(
        re.findall(r'class="curve (l\d)" vector-effect="[^"]*" d="[^"]*"( stroke-dasharray="[^"]*")?', text)
    )
    assert len(looks) == 12
    shapes = re.findall(r'<path class="marker (f\d)" d="([^"]*)"', text)
    assert len(set(shapes)) == 12


def test_labels_in_the_key_do_not_cover_each_other() -> None:
    many = tuple(Curve(f"curve {at}", (Point(1, 1), Point(2, 2 + at / 1000))) for at in range(25))
    text = svg(Report((chart(lines=many),)))
    rows = sorted(float(y) for y in re.findall(r"translate\(14,([-\d.]+)\)", text))
    assert len(rows) == 25
    assert all(below - above >= 18.9 for above, below in pairwise(rows))


def test_long_texts_stay_within_the_file() -> None:
    part = replace(COST, note="note " * 100, lines=(Curve("a long name " * 9, LINE),))
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", svg(Report((part,))))
    assert max(map(len, texts)) <= 135
    assert sum(words.count("note") for words in texts) == 100
    assert any(words.startswith("a long") and len(words) <= 30 for words in texts)


def test_curves_stand_out_of_the_page() -> None:
    """3 to 1, as WCAG asks of graphics, in the light and in the dark."""
    light, dark = re.findall(r":root\{([^}]*)\}", STYLE)
    for theme in (light, dark):
        colours = dict(re.findall(r"--([\w-]+):#(\w+)", theme))
        for at in range(6):
            assert contrast(colours[f"c{at}"], colours["card"]) >= 3


def test_html_has_the_picture_its_key_and_its_numbers() -> None:
    text = formats.load("html").render(REPORT)
    assert isinstance(text, str)
    pictures = re.findall(r'<svg class="plot" height="\d+" role="img" aria-label="([^"]*)"', text)
    assert len(pictures) == 2
    assert "alpha: from 1 k, 0.2 s to" in pictures[0].replace("200 ms", "0.2 s")
    assert "limit: patience 60 s" in pictures[0]
    assert text.count('<ul class="key">') == 2
    assert text.count("4 s of the table") == 2
    assert "<title>alpha: 1 k, 300 ms (100 ms to 900 ms)</title>" in text


def test_hostile_labels_are_text() -> None:
    curves = tuple(Curve(words, (Point(1, 1), Point(2, 2))) for words in NASTY)
    part = chart(lines=curves, title="<script>", x_title="]]>", y_title="\x1b[2J", note="<!--")
    root = ElementTree.fromstring(svg(Report((part,))))
    assert "script" not in {element.tag.rpartition("}")[2] for element in root.iter()}
    assert "\x1b" not in terminal(part)


# --- reports without charts ----------------------------------------------------------------


def test_ranges_and_shares_are_drawn_too() -> None:
    text = formats.load("svg").render(audit(PRICED))
    assert isinstance(text, str)
    ElementTree.fromstring(text)
    for words in ("Time for one proof", "Where the rows go", "samples/priced.onnx"):
        assert words in text


def test_a_report_without_a_picture_is_refused() -> None:
    with pytest.raises(UsageError, match="this report has no chart"):
        formats.load("svg").render(audit(REJECTED))


# --- PNG -----------------------------------------------------------------------------------


def png(view: Report) -> bytes:
    pytest.importorskip("resvg_py")
    pytest.importorskip("ttf_opensans")
    content = formats.load("png").render(view)
    assert isinstance(content, bytes)
    return content


def pixels(content: bytes) -> tuple[int, int, bytes]:
    """Width, height and the filtered rows of a PNG."""
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", content[16:24])
    data, at = b"", 8
    while at < len(content):
        (length,) = struct.unpack(">I", content[at : at + 4])
        kind, body = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + body) == struct.unpack(">I", content[at + 8 + length : at + 12 + length])[0]
        data += body if kind == b"IDAT" else b""
        at += 12 + length
    return width, height, zlib.decompress(data)


def test_png_is_the_svg_in_pixels() -> None:
    content = png(REPORT)
    width, height, rows = pixels(content)
    told = ElementTree.fromstring(svg(REPORT))
    assert (width, height) == (2000, round(2 * float(told.get("height", ""))))
    assert len(set(rows)) > 50, "not blank"
    assert content == png(REPORT)


def test_png_has_letters_wherever_it_is_made() -> None:
    """The words alone change the picture, with no font of the machine's."""
    named = replace(COST, title="Another title")
    assert png(Report((named,))) != png(Report((COST,)))


def test_png_of_very_many_pictures_is_refused() -> None:
    pytest.importorskip("resvg_py")
    with pytest.raises(UsageError, match="too many pictures"):
        png(Report((COST,) * 40))


def test_png_needs_its_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "find_spec", lambda name: None)
    with pytest.raises(UsageError) as caught:
        formats.load("png")
    assert caught.value.hint == "pip install 'auditor[png]'"
    assert "resvg_py" in str(caught.value)
    formats.load("svg")


def test_png_is_not_for_a_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("resvg_py")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    with pytest.raises(UsageError, match="not for a terminal"):
        output.targets("png", [])
    assert len(output.targets("terminal", [f"png={tmp_path / 'a.png'}"])) == 2


def test_files_are_written_whole(tmp_path: Path) -> None:
    names = ["svg", "png"] if png(REPORT) else []
    output.deliver(REPORT, [(formats.load(name), tmp_path / name) for name in names])
    assert (tmp_path / "svg").read_text() == svg(REPORT)
    assert (tmp_path / "png").read_bytes() == png(REPORT)
