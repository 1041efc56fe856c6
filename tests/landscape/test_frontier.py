"""docs/frontier.md is what the tool makes: a part is made again, and every part is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from auditor.landscape.system_file import shipped_systems
from auditor.landscape.systems import fit_errors
from auditor.pricing.hardware import THIS_MACHINE, shipped_names
from auditor.rules import names
from auditor.trends.forecast import Crossing
from tools.frontier import PAGE, PICTURES
from tools.frontier_charts import SCENARIOS
from tools.frontier_subjects import LAPTOP, MACHINES, SUBJECTS, Found, Subject, find
from tools.frontier_systems import fits, other_people, ratio_text, sources
from tools.frontier_tables import (
    amount,
    bases,
    bullets,
    circuits,
    folded,
    growth_exponents,
    growth_reasons,
    outlooks,
    participation,
    races,
    table,
    ways,
    ways_summary,
    years_text,
)
from tools.worker import REPOSITORY

WRITTEN = PAGE.read_text(encoding="utf-8")
LATER = date(2041, 1, 1)


class Later(date):
    """A day on which all evidence that can expire has."""

    @classmethod
    def today(cls) -> Later:
        return cls(LATER.year, LATER.month, LATER.day)


@pytest.fixture(scope="module")
def lenet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Found]:
    """LeNet-5 as it is found on another day: the page must not know on which it was made."""
    (subject,) = (subject for subject in SUBJECTS if subject.source == "lenet5")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("auditor.comparing.grounds.date", Later)
        patch.setattr("auditor.forecasting.forecast.date", Later)
        yield find(subject, tmp_path_factory.mktemp("frontier"))


def rows(text: str) -> list[str]:
    """The rows of a table without its head."""
    return [line for line in text.splitlines() if line.startswith("| LeNet-5 ")]


TABLES = (circuits, ways_summary, participation, growth_exponents, races, bases)


@pytest.mark.parametrize("make", TABLES, ids=lambda make: make.__name__)
def test_the_rows_of_lenet_are_made_again(lenet: Found, make: object) -> None:
    assert callable(make)
    made = rows(make([lenet]))
    assert made
    assert [row for row in made if row not in WRITTEN.splitlines()] == []


def test_the_ways_of_lenet_are_made_again_byte_for_byte(lenet: Found) -> None:
    assert ways(lenet) in WRITTEN


def test_the_years_of_lenet_are_made_again_in_every_scenario(lenet: Found) -> None:
    made = [*outlooks([lenet])]
    assert len(made) == len(names("scenarios"))
    for text in made:
        (row,) = rows(text)
        assert row in WRITTEN.splitlines()
        assert all(f"{letter} " in row for letter in "TM$")


def test_the_futures_that_are_drawn_are_there(lenet: Found) -> None:
    assert lenet.forecast is not None
    drawn = {scenario.id: scenario.fans for scenario in lenet.forecast.scenarios}
    for name in SCENARIOS:
        assert {fan.profile for fan in drawn[name]} == {LAPTOP}
        assert {fan.kind for fan in drawn[name]} >= {"seconds", "bytes"}
        for what in ("time", "memory"):
            assert f">{name}<" in (PICTURES / f"future-{what}.svg").read_text(encoding="utf-8")


def test_the_reasons_of_lenet_are_made_again(lenet: Found) -> None:
    assert bullets(growth_reasons([lenet]))
    for line in bullets(growth_reasons([lenet])).splitlines():
        assert line in WRITTEN.splitlines()


@pytest.mark.parametrize("make", [fits, other_people, sources], ids=lambda make: make.__name__)
def test_a_section_without_models_is_made_again_byte_for_byte(make: object) -> None:
    assert callable(make)
    assert make().strip() in WRITTEN


def test_every_model_is_in_every_table_that_has_one_row_for_each() -> None:
    for subject in SUBJECTS:
        times = sum(line.startswith(f"| {subject.name} |") for line in WRITTEN.splitlines())
        assert times >= (1 if subject.again else 3), subject.name


def test_every_prediction_of_every_series_is_told() -> None:
    for system in shipped_systems():
        for error in fit_errors(system):
            told = [line for line in WRITTEN.splitlines() if line.startswith(f"| {error.series} | ")]
            assert any(
                f"| {error.row} |" in line and f"| {ratio_text(error.ratio)} |" in line for line in told
            )


def test_the_worst_row_of_all_is_on_top() -> None:
    first, *_ = fits().split("\n\n")
    ratios = [float(line.split(" | ")[5].replace(",", "")) for line in first.splitlines()[2:]]
    assert len(ratios) > 20
    worst = [max(ratio, 1 / ratio) for ratio in ratios]
    assert worst == pytest.approx(sorted(worst, reverse=True), rel=0.06)  # two figures each


def test_nothing_of_a_machine_or_a_day_is_on_the_page() -> None:
    for text in (WRITTEN, *(path.read_text(encoding="utf-8") for path in PICTURES.glob("*.svg"))):
        for word in (THIS_MACHINE, str(REPOSITORY), str(Path.home()) + "/", "/tmp/"):
            assert word not in text
    assert {*MACHINES} <= {*shipped_names()}
    assert "rules/" in WRITTEN


def test_every_picture_is_shown_and_every_one_shown_is_there() -> None:
    shown = set(re.findall(r"\]\(frontier/([\w-]+\.svg)\)", WRITTEN))
    assert shown == {path.name for path in PICTURES.iterdir()}


@pytest.mark.parametrize(
    ("found", "text"),
    [
        ((0.0, 0.0, 0.0, 0.0), "today"),
        ((0.0, 0.0, 0.0, 0.124), "today, lost in 12%"),
        ((0.0, 1.25, None, 0.0), "1.2 (0->20)"),
        ((3.0, None, None, 0.0), ">20 (3.0->20)"),
        ((None, None, None, 0.0), ">20"),
    ],
)
def test_years_are_a_range_or_beyond_the_horizon(
    found: tuple[float | None, float | None, float | None, float], text: str
) -> None:
    low, mid, high, lost = found
    crossing = Crossing(
        kind="bytes", low=low, mid=mid, high=high, share_already=0, share_never=0, share_outgrown=lost
    )
    assert years_text(crossing) == text


def test_cells_are_one_line_and_keep_their_bars() -> None:
    assert table(("a", "b"), [("x|y", "two\nlines")], numbers=(1,)).splitlines() == [
        "| a | b |", "| --- | --: |", r"| x\|y | two lines |",
    ]  # fmt: skip
    assert folded("t", "c\n") == "<details><summary>t</summary>\n\nc\n\n</details>\n"
    assert bullets(["b  c", "b  c"]) == "- b c\n"
    assert amount(None, lambda low, high: "") == "unknown"


def test_a_sample_is_read_where_it_lies_and_an_architecture_is_written(tmp_path: Path) -> None:
    for subject in SUBJECTS:
        path = subject.write(tmp_path)
        assert path.exists()
        assert path.is_relative_to(REPOSITORY / "samples") == subject.sample
    assert Subject(name="`x`", source="x").plain_name == "x"
