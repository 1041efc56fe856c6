"""Scenarios: they name trends, each of the right thing, and hold no numbers."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from auditor import explanation, rules
from auditor.errors import UsageError
from auditor.pricing.evidence import numbers
from auditor.pricing.tables import BadProfile
from auditor.trends.scenario_file import (
    FIELDS,
    load_scenario,
    parse_scenario,
    replaced,
    resolve_scenario,
    shipped_scenario,
)
from auditor.trends.trend_file import parse_rate, shipped_trend

NAMES = rules.names("scenarios")
TODAY = date(2026, 11, 30)


def content(name: str = "same-stack") -> dict[str, Any]:
    return tomllib.loads((rules.rules_dir() / "scenarios" / f"{name}.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_shipped_scenarios_load_with_their_trends_and_hold_no_numbers(name: str) -> None:
    scenario = shipped_scenario(name)
    assert scenario.id == name
    assert [*numbers(content(name))] == []
    for field in FIELDS:
        trend = getattr(scenario, field)
        if trend is not None:
            assert trend == shipped_trend(content(name)[field])
    (rule,) = rules.find(f"scenarios:{name}")
    page = explanation.text(rule)
    assert all(
        f"\n{field.capitalize()}\n  {content(name)[field]}\n" in page
        for field in FIELDS
        if field in content(name)
    )


def test_there_is_a_handful_and_a_limit_of_memory_is_a_machine() -> None:
    assert {*NAMES} >= {"frozen-stack", "same-stack", "frontier", "frontier-parameters", "frontier-compute"}
    assert len(NAMES) <= 8
    assert all(shipped_scenario(name).memory_price is None for name in NAMES)


def test_nothing_of_the_prover_changes_in_a_frozen_stack() -> None:
    frozen = shipped_scenario("frozen-stack")
    assert {frozen.prover.id, frozen.memory.id, frozen.growth.id} == {"no-change"}
    assert [trend.id for trend in frozen.trends()] == ["no-change", "rented-cpu"]


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("schema", "auditor.scenario/2", "this program reads auditor.scenario/1"),
        ("prover", 10, "prover is a number, and a scenario names trends"),
        ("prover", {"mid": 10}, r"prover\.mid is a number"),
        ("prover", "", "prover is empty"),
        ("prover", "rented-cpu", "a trend of hardware_price and not of prover_time"),
        ("growth", "same-stack-prover", "not of model_growth"),
        ("memory", "proving-frontier", "not of prover_memory"),
        ("memory_price", "rented-cpu", "not of memory_price"),
        ("colour", "red", "nobody knows the field colour"),
        ("evidence", [], "evidence is missing"),
    ],
)
def test_a_wrong_value_is_refused(name: str, value: object, complaint: str) -> None:
    with pytest.raises(BadProfile, match=complaint):
        parse_scenario({**content(), name: value}, "mine.toml")


@pytest.mark.parametrize("name", ["schema", "id", "name", "summary", "prover", "memory", "price", "growth"])
def test_nothing_can_be_left_out(name: str) -> None:
    found = content()
    del found[name]
    with pytest.raises(BadProfile, match=f"{name} is missing"):
        parse_scenario(found, "mine.toml")


def test_an_unknown_trend_or_scenario_suggests_a_known_one() -> None:
    with pytest.raises(UsageError, match="did you mean proving-frontier"):
        parse_scenario({**content(), "prover": "proving_frontiers"}, "mine.toml")
    with pytest.raises(UsageError, match="did you mean frozen-stack"):
        resolve_scenario("frozenstack")


def test_a_scenario_of_the_user_finds_the_trends_beside_it(tmp_path: Path) -> None:
    folder = rules.rules_dir()
    own_trend = (folder / "trends" / "same-stack-prover.toml").read_text(encoding="utf-8")
    own = (folder / "scenarios" / "same-stack.toml").read_text(encoding="utf-8")
    (tmp_path / "trend.toml").write_text(
        own_trend.replace('id = "same-stack-prover"', 'id = "ours"'), encoding="utf-8"
    )
    file = tmp_path / "mine.toml"
    file.write_text(own.replace('prover = "same-stack-prover"', 'prover = "trend.toml"'), encoding="utf-8")
    with pytest.raises(BadProfile, match="comes with auditor"):
        resolve_scenario(str(file))
    file.write_text(
        file.read_text(encoding="utf-8").replace('id = "same-stack"', 'id = "mine"'), encoding="utf-8"
    )
    assert resolve_scenario(str(file)).prover.id == "ours"
    file.write_text("", encoding="utf-8")
    with pytest.raises(BadProfile, match="schema is missing"):
        load_scenario(file)


def test_a_budget_of_memory_names_what_it_buys() -> None:
    found = parse_scenario({**content(), "memory_price": "memory-price"}, "mine.toml")
    assert found.memory_price == shipped_trend("memory-price")


def test_rates_of_the_command_line_take_the_place_of_trends() -> None:
    before = shipped_scenario("frontier-compute")
    rates = [parse_rate("model_growth=1,2,3", TODAY), parse_rate("memory_price=1,1.1,1.2", TODAY)]
    after = replaced(before, rates)
    assert (after.growth, after.memory_price) == tuple(rates)
    assert (after.prover, after.price, after.memory) == (before.prover, before.price, before.memory)
    assert replaced(before, []) == before
    with pytest.raises(UsageError, match="two rates are given for model_growth"):
        replaced(before, [rates[0], rates[0]])
