"""Bad rates, scenarios and trends end in one sentence with code 2; a file of one's own is taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.rules import rules_dir
from tests.comparing.running import DIGITS, auditor, forecast
from tests.comparing.test_bad_input import hold

HOW = "as in --rate prover_time=3,10,45"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--scenario nope", ("scenario 'nope'", "there are")),
        ("--scenario frontierr", ("did you mean frontier?",)),
        ("--scenario nothere/mine.toml", ("mine.toml", "No such file")),
        ("--rate prover_time", ("has no factors", HOW)),
        ("--rate prover_time=3", ("a rate has an interval", HOW)),
        ("--rate x=1,2,3", ("nothing is called x", "prover_time")),
        ("--rate prover_tim=1,2,3", ("did you mean prover_time?",)),
        ("--rate prover_time=3,2,1", ("low is not at most mid", HOW)),
        ("--rate prover_time=1,3,2", ("low is not at most mid", HOW)),
        ("--rate prover_time=a,b,c", ("not three numbers", HOW)),
        ("--rate prover_time=nan,2,3", ("lies from 0.001 to 1,000",)),
        ("--rate prover_time=1,2,inf", ("lies from 0.001 to 1,000",)),
        ("--rate prover_time=0,1,2", ("lies from 0.001 to 1,000",)),
        ("--rate prover_time=1,2,3 --rate prover_time=1,2,3", ("two rates are given for prover_time",)),
        ("--budget 0", ("--budget: 0 is no number of dollars above 0",)),
        ("--budget nan", ("--budget: nan",)),
        ("--budget inf", ("--budget: inf",)),
        ("--budget -1", ("--budget",)),
        ("--hardware phone", ("'phone'", "did you mean")),
        ("--policy fast", ("'fast'", "there are")),
        ("--axis up", ("--axis",)),
        ("--draws 10", ("--draws",)),
        ("--seed -1", ("--seed",)),
    ],
)
def test_forecast_refuses(words: str, said: tuple[str, ...]) -> None:
    hold(auditor("forecast", DIGITS, "--no-plan", *words.split()), 2, *said)


@pytest.mark.parametrize(
    "content", ["", "schema = 'auditor.scenario/1'", "\x00", "prover = 3", "[[[", "id = 1" * 99_999]
)
def test_a_scenario_that_is_none(content: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(content)
    hold(auditor("forecast", DIGITS, "--no-plan", "--scenario", path), 2, "mine.toml")


def test_a_scenario_that_is_a_directory(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").mkdir()
    hold(
        auditor("forecast", DIGITS, "--no-plan", "--scenario", tmp_path / "mine.toml"),
        2,
        "mine.toml",
        "no regular file",
    )


def own(folder: Path, **trends: str) -> Path:
    """A scenario of one's own, made from a shipped one."""
    text = (rules_dir() / "scenarios" / "frontier.toml").read_text().replace('id = "frontier"', 'id = "mine"')
    for name, value in trends.items():
        text = "\n".join(
            f'{name} = "{value}"' if line.startswith(f"{name} = ") else line for line in text.split("\n")
        )
    path = folder / "mine.toml"
    path.write_text(text)
    return path


def test_a_scenario_of_ones_own_with_a_trend_of_ones_own(tmp_path: Path) -> None:
    trend = (rules_dir() / "trends" / "proving-frontier.toml").read_text()
    head, _, _ = trend.partition("[[points]]")
    evidence = (
        '\n[[evidence]]\nfields = ["per_year.*"]\nclass = "assumed"\ndate = 2026-11-29\nsource = "mine"\n'
    )
    fields = head.partition("[per_year]")[0].replace('id = "proving-frontier"', 'id = "my-prover"')
    (tmp_path / "prover.toml").write_text(f"{fields}[per_year]\nlow = 2\nmid = 3\nhigh = 4\n{evidence}")
    found = forecast(DIGITS, "--no-plan", "--scenario", own(tmp_path, prover="prover.toml"))
    (scenario,) = found["scenarios"]
    assert scenario["id"] == "mine"
    assert scenario["rates"]["my-prover"] == {"low": 2.0, "mid": 3.0, "high": 4.0}
    assert scenario["evidence"] == "assumed"


def test_a_trend_that_is_empty_is_named(tmp_path: Path) -> None:
    (tmp_path / "prover.toml").write_text("")
    words = ("--no-plan", "--scenario", own(tmp_path, prover="prover.toml"))
    hold(auditor("forecast", DIGITS, *words), 2, "prover.toml", "schema")


def test_a_trend_of_something_else_is_refused(tmp_path: Path) -> None:
    words = ("--no-plan", "--scenario", own(tmp_path, prover="rented-cpu"))
    hold(auditor("forecast", DIGITS, *words), 2, "mine.toml", "rented-cpu", "not of prover_time")


def test_the_name_of_a_shipped_scenario_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text((rules_dir() / "scenarios" / "frontier.toml").read_text())
    hold(auditor("forecast", DIGITS, "--no-plan", "--scenario", path), 2, "mine.toml", "frontier")
