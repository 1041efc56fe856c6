"""Trends: the shipped ones load and say what their numbers rest on, and a bad file or rate is refused."""

from __future__ import annotations

import math
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from auditor import explanation, rules
from auditor.errors import UsageError
from auditor.pricing.tables import BadProfile
from auditor.trends.trend import ANYTHING, OF, Point, Rate, observe
from auditor.trends.trend_file import load_trend, parse_rate, parse_trend, resolve_trend, shipped_trend

NAMES = rules.names("trends")
TODAY = date(2026, 11, 30)


def content(name: str = "proving-frontier") -> dict[str, Any]:
    return tomllib.loads((rules.rules_dir() / "trends" / f"{name}.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_shipped_trends_load_and_each_end_of_their_rate_has_one_evidence(name: str) -> None:
    trend = shipped_trend(name)
    assert trend.id == name
    for end in ("low", "mid", "high"):
        assert len([entry for entry in trend.evidence if entry.covers(f"per_year.{end}")]) == 1
    assert trend.rests_on(TODAY)[1] == ()
    assert trend.means in " ".join(explanation.text(rules.load("trends", name)).split())


def test_there_is_a_trend_of_everything_a_rate_can_be_of() -> None:
    assert {shipped_trend(name).of for name in NAMES} == {*OF, ANYTHING}


def test_guesses_are_called_guesses() -> None:
    assert shipped_trend("same-stack-prover").rests_on(TODAY)[0] == "assumed"
    assert shipped_trend("prover-memory").rests_on(TODAY)[0] == "assumed"
    assert shipped_trend("model-compute-growth").rests_on(TODAY)[0] == "published"


def test_evidence_that_is_out_of_date_counts_as_assumed_and_says_so() -> None:
    kind, warnings = shipped_trend("proving-frontier").rests_on(date(2028, 1, 1))
    assert kind == "assumed"
    assert "expired" in warnings[0]


def test_the_series_behind_the_frontier_give_its_rate() -> None:
    frontier = shipped_trend("proving-frontier")
    found = {series.series: series.per_year for series in frontier.observed()}
    assert len(found) == 5
    assert found["GPT-2, best public on any machine"] == pytest.approx(10.6, abs=0.1)
    assert frontier.per_year.mid == round(found["GPT-2, best public on any machine"] / 10) * 10
    assert frontier.per_year.low == round(min(found.values()))
    assert found["GPT-2, the same Xeon Platinum 8358"] == pytest.approx(4.4, abs=0.1)


def test_derived_rates_are_what_their_sources_say() -> None:
    compute, parameters = shipped_trend("model-compute-growth"), shipped_trend("model-parameters-growth")
    for end in ("low", "mid", "high"):
        root = math.sqrt(getattr(compute.per_year, end))
        assert getattr(parameters.per_year, end) == pytest.approx(root, abs=0.005)
    cpu = shipped_trend("rented-cpu").per_year
    assert (cpu.mid, cpu.high) == pytest.approx((2**0.1, 3**0.1), abs=0.005)
    gpu = shipped_trend("gpu-price-performance").per_year
    halves = (2 ** (1 / 3.13), 2 ** (1 / 2.07), 2 ** (1 / 1.54))
    assert (gpu.low, gpu.mid, gpu.high) == pytest.approx(halves, abs=0.005)
    memory = shipped_trend("memory-price").per_year
    assert memory.high == pytest.approx(10 ** (1 / 14), abs=0.005)
    smaller = shipped_trend("fixed-capability").per_year
    assert smaller.low == pytest.approx(1 / 40)
    assert smaller.mid == pytest.approx(2 ** (-12 / 3.5), abs=0.0005)
    assert smaller.high == pytest.approx(2 ** (-12 / 22), abs=0.005)
    assert shipped_trend("prover-memory").per_year.high == pytest.approx(1 / 0.33, abs=0.05)


def point(day: date, value: float) -> Point:
    return Point(series="s", day=day, value=value, unit="seconds", what="w", source="s")


def test_a_series_gives_the_factor_of_one_year() -> None:
    points = [point(date(2024, 1, 1), 800.0), point(date(2020, 1, 1), 12_800.0)]
    fell, grew = observe(points, grows=False), observe(points, grows=True)
    assert fell.years == pytest.approx(4.0)
    assert fell.per_year == pytest.approx(2.0)
    assert grew.per_year == pytest.approx(0.5)
    with pytest.raises(ValueError, match="two days"):
        observe(points[:1], grows=False)


@pytest.mark.parametrize(
    "factors", [(0.0, 1.0, 2.0), (2.0, 1.0, 3.0), (1.0, 3.0, 2.0), (1.0, 2.0, 1e4), (1.0, math.nan, 2.0)]
)
def test_what_is_no_rate_cannot_be_made(factors: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="not a rate"):
        Rate(low=factors[0], mid=factors[1], high=factors[2])


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        ("schema", "auditor.trend/2", "this program reads auditor.trend/1"),
        ("id", "", "id is empty"),
        ("means", 3, "means is not text"),
        ("of", "weather", "of is 'weather' and none of prover_time"),
        ("per_day", 1, "nobody knows the field per_day"),
        ("per_year", 10, "per_year is one number, and a rate has an interval"),
        ("per_year", {"mid": 10}, "per_year.low is missing"),
        ("per_year/best", 99, "nobody knows the field per_year.best"),
        ("per_year/low", 0, "per_year.low is 0, which it cannot be"),
        ("per_year/low", -1, "which it cannot be"),
        ("per_year/high", math.inf, "which it cannot be"),
        ("per_year/high", 2_000, "lies from 0.001 to 1,000"),
        ("per_year/low", 11, "low is not at most mid"),
        ("per_year/high", 9, "mid not at most high"),
        ("points", {"value": 3}, "points are not tables"),
        ("points", [{"series": "s"}], "points.date is not a date"),
        ("evidence", [], "evidence is missing"),
    ],
)
def test_a_wrong_value_is_refused(path: str, value: object, complaint: str) -> None:
    found = content()
    *tables, name = path.split("/")
    table = found
    for step in tables:
        table = table[step]
    table[name] = value
    with pytest.raises(BadProfile, match=complaint) as error:
        parse_trend(found, "mine.toml")
    assert "mine.toml" in str(error.value)


@pytest.mark.parametrize("name", ["schema", "id", "name", "summary", "of", "means", "per_year", "evidence"])
def test_nothing_can_be_left_out(name: str) -> None:
    found = content()
    del found[name]
    with pytest.raises(BadProfile, match=f"{name} is missing"):
        parse_trend(found, "mine.toml")


def test_a_number_without_evidence_is_refused() -> None:
    found = content()
    found["evidence"] = [entry for entry in found["evidence"] if entry["fields"] != ["per_year.mid"]]
    with pytest.raises(BadProfile, match=r"no evidence covers per_year\.mid"):
        parse_trend(found, "mine.toml")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"date": date(2024, 4, 22)}, "fewer than two days"),
        ({"series": "alone"}, "fewer than two days"),
        ({"unit": "hours"}, "more than one unit"),
        ({"value": 0}, r"points\.value is 0"),
        ({"colour": "red"}, r"nobody knows the field points\.colour"),
    ],
)
def test_a_series_that_gives_no_rate_is_refused(change: dict[str, object], complaint: str) -> None:
    found = content()
    found["points"][1].update(change)
    with pytest.raises(BadProfile, match=complaint):
        parse_trend(found, "mine.toml")


def test_an_empty_file_and_a_strange_one_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.toml").touch()
    with pytest.raises(BadProfile, match=r"empty\.toml: the field schema is missing"):
        load_trend(tmp_path / "empty.toml")
    (tmp_path / "strange.toml").write_text("per_year = [", encoding="utf-8")
    with pytest.raises(BadProfile, match=r"strange\.toml: cannot be read"):
        load_trend(tmp_path / "strange.toml")


def test_an_unknown_name_suggests_a_known_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean same-stack-prover"):
        shipped_trend("samestackprover")
    copied = tmp_path / "mine.toml"
    text = (rules.rules_dir() / "trends" / "rented-cpu.toml").read_text(encoding="utf-8")
    copied.write_text(text, encoding="utf-8")
    with pytest.raises(BadProfile, match="comes with auditor"):
        resolve_trend("mine.toml", tmp_path)
    copied.write_text(text.replace('id = "rented-cpu"', 'id = "mine"'), encoding="utf-8")
    assert resolve_trend("mine.toml", tmp_path).per_year == shipped_trend("rented-cpu").per_year


def test_a_rate_of_the_command_line_is_an_assumption() -> None:
    trend = parse_rate("prover_time=3,10,45", TODAY)
    assert (trend.of, trend.per_year) == ("prover_time", Rate(low=3.0, mid=10.0, high=45.0))
    assert trend.rests_on(TODAY) == ("assumed", ())
    assert [entry.source for entry in trend.evidence] == ["--rate"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("prover_time", "has no factors; write low, expected and high"),
        ("prover_time=10", "an interval, three numbers; write low, expected and high"),
        ("prover_time=3,45", "three numbers"),
        ("prover_time=1,2,3,4", "three numbers"),
        ("prover_time=a,b,c", "not three numbers"),
        ("prover_time=", "not three numbers"),
        ("prover_time=0,1,2", "lies from 0.001"),
        ("prover_time=nan,1,2", "lies from 0.001"),
        ("prover_time=1,2,inf", "lies from 0.001"),
        ("prover_time=3,2,4", "low is not at most mid"),
        ("provertime=1,2,3", "did you mean prover_time"),
    ],
)
def test_a_rate_that_is_none_says_how_to_write_one(text: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        parse_rate(text, TODAY)
