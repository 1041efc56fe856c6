"""The document of ``auditor forecast``, the same bytes for a seed, and every format over it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auditor import formats, rules
from auditor.forecasting.forecast import FANNED_SCENARIOS
from tests.cli import models
from tests.comparing.holding import files, hold_closed, hold_harmless, hold_pictures
from tests.comparing.running import DIGITS, auditor, forecast, hostile

QUICK = ("--no-plan", "--draws", "300", "--quiet")
TABLES = {"operators", "bound_dimensions", "unknown", "exponents", "rates", "limits", "now"}


def test_every_scenario_is_in_a_valid_document() -> None:
    found = forecast(DIGITS, "--no-plan")
    assert [each["id"] for each in found["scenarios"]] == [*rules.names("scenarios")]
    for scenario in found["scenarios"]:
        assert len(scenario["outlooks"]) > 10
        assert scenario["sentence"].startswith(("Verification", "Models", "Neither"))
        drawn = {"seconds", "bytes"} if scenario["id"] in FANNED_SCENARIOS else set()
        assert {fan["kind"] for fan in scenario["fans"]} == drawn
        for fan in scenario["fans"]:
            assert [point["year"] for point in fan["points"]] == [half / 2 for half in range(11)]
            assert all(point["low"] <= point["mid"] <= point["high"] for point in fan["points"])


@pytest.mark.parametrize(
    "words",
    [
        "--scenario frontier --scenario frontier --hardware phone-mid --hardware phone-mid",
        "--hardware aws-m5-4xlarge --budget 0.0001 --axis width --seed 9 --draws 100",
        "--policy interactive --rate prover_time=1,2,3 --rate model_growth=1,2,900",
        "--rate prover_time=0.001,1,1000 --rate model_growth=1000,1000,1000",
        "--rate prover_memory=0.001,0.001,0.001 --rate hardware_price=1,1,1 --rate memory_price=1,1,1",
        "--axis sequence --scenario same-stack",
        "--set logrows=16 --budget 1e-300 --verbose",
        "--front-end onnx --policy on-chain --budget 1e300",
    ],
)
def test_every_option_gives_a_valid_document_and_nothing_else(words: str) -> None:
    found = forecast(DIGITS, "--no-plan", *words.split())
    assert found["schema"] == "auditor.forecast/1"
    names = [each["id"] for each in found["scenarios"]]
    machines = [each["profile"] for each in found["scenarios"][0]["outlooks"]]
    assert (len(names), len(machines)) == (len({*names}), len({*machines}))


def test_the_contract_knows_every_field_and_no_other() -> None:
    words = ("--hardware", "aws-m5-4xlarge", "--budget", "0.001", "--scenario", "frontier")
    hold_closed("forecast", forecast(DIGITS, "--no-plan", *words), names=TABLES)


@pytest.mark.parametrize("form", ["json", "markdown", "svg", "html", "terminal"])
def test_a_seed_says_the_same_again_and_another_a_little_else(form: str) -> None:
    def said(seed: int) -> str:
        words = ("--scenario", "same-stack-parameters", "--seed", seed, "--format", form)
        ended = auditor("forecast", DIGITS, *QUICK, *words)
        assert (ended.code, ended.err) == (0, "")
        return ended.out

    assert said(3) == said(3)
    assert said(3) != said(4)


def test_another_seed_moves_nothing_far() -> None:
    def crossings(seed: int) -> list[dict[str, Any]]:
        words = ("--seed", seed, "--draws", 2000, "--policy", "interactive")
        found = forecast(DIGITS, "--no-plan", *words, "--scenario", "same-stack")
        return [each for item in found["scenarios"][0]["outlooks"] for each in item["crossings"]]

    one, other = crossings(1), crossings(2)
    assert one != other
    for mine, theirs in zip(one, other, strict=True):
        for share in ("share_already", "share_never", "share_outgrown"):
            assert mine[share] == pytest.approx(theirs[share], abs=0.05)
        if mine["mid"] and theirs["mid"]:
            assert mine["mid"] == pytest.approx(theirs["mid"], rel=0.2)


@pytest.mark.parametrize(
    "words", [(), ("--scenario", "frontier", "--hardware", "aws-m5-4xlarge", "--budget", "1e-5")]
)
def test_every_format_says_it(words: tuple[str, ...], tmp_path: Path) -> None:
    said = files(tmp_path, "forecast", DIGITS, *QUICK, *words, code=0)
    assert {*said} == {*formats.reports()}
    for name, content in said.items():
        hold_harmless(name, content)
    assert max(len(line) for line in said["terminal"].decode().splitlines()) <= 80
    for name in ("terminal", "table", "concise", "json", "markdown", "html"):
        assert b"frontier" in said[name], name


def test_it_is_drawn(tmp_path: Path) -> None:
    hold_pictures(tmp_path, "forecast", DIGITS, *QUICK, "--scenario", "frontier")


def test_names_from_a_model_are_harmless(tmp_path: Path) -> None:
    for name, content in files(tmp_path, "forecast", hostile(tmp_path), *QUICK, code=3).items():
        hold_harmless(name, content)
    (tmp_path / "::error::<script>\x1b[2J").mkdir()
    small = models.perceptron(tmp_path / "::error::<script>\x1b[2J" / "a.onnx")
    for name, content in files(tmp_path, "forecast", small, *QUICK, "--scenario", "frontier", code=0).items():
        hold_harmless(name, content)
