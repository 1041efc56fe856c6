"""What a forecast says of a model: each limit for itself, the last one, the race, and the exponents."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from auditor import rules
from auditor.forecasting.outlook import _last
from auditor.trends.forecast import Crossing
from tests.cli import models
from tests.comparing.running import DIGITS, GRU, TRANSFORMER, auditor, forecast

M5 = "aws-m5-4xlarge"


def crossings(found: dict[str, Any], kind: str, scenario: int = 0) -> list[dict[str, Any]]:
    """Of one kind, by machine, in one scenario."""
    return [
        each
        for item in found["scenarios"][scenario]["outlooks"]
        for each in item["crossings"]
        if each["kind"] == kind
    ]


def years(crossing: dict[str, Any]) -> list[float]:
    return [math.inf if crossing[end] is None else crossing[end] for end in ("low", "mid", "high")]


def tight(*words: object) -> dict[str, Any]:
    """A circuit that most machines cannot prove as soon, as small or as cheaply as is asked."""
    return forecast(
        TRANSFORMER, "--no-plan", "--set", "logrows=21", "--budget", "0.001", "--policy", "interactive",
        "--scenario", "same-stack", *words,
    )  # fmt: skip


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return tight()


def test_time_memory_and_money_are_told_apart(found: dict[str, Any]) -> None:
    for item in found["scenarios"][0]["outlooks"]:
        kinds = [each["kind"] for each in item["crossings"]]
        assert len(kinds) == len({*kinds})
        assert {*kinds} | {*item["unknown"]} == {*item["limits"]}
        assert {*item["now"]} >= {"seconds", "bytes"}
        assert ("usd" in item["now"]) is ("usd" in kinds)
        assert "usd" in kinds or "nobody published" in item["unknown"]["usd"]


def test_what_is_met_today_is_what_a_proof_takes_against_the_limit(found: dict[str, Any]) -> None:
    for item in found["scenarios"][0]["outlooks"]:
        for each in item["crossings"]:
            now, limit = item["now"][each["kind"]], item["limits"][each["kind"]]
            assert (each["mid"] == 0) is (now["mid"] <= limit), (item["profile"], each["kind"])
            assert years(each) == sorted(years(each))


def test_the_last_limit_is_named(found: dict[str, Any]) -> None:
    named = set()
    for item in found["scenarios"][0]["outlooks"]:
        late = {each["kind"]: years(each)[1] for each in item["crossings"] if years(each)[1] > 0}
        named.add(item["last"])
        assert (item["last"] is None) is (not late)
        assert not late or late[item["last"]] == max(late.values())
    assert len(named) > 1


def test_the_last_is_the_one_expected_last_and_of_those_never_met_the_rarest() -> None:
    def met(kind: Any, mid: float | None, never: float) -> Crossing:
        return Crossing(
            kind=kind, low=0, mid=mid, high=None, share_already=0, share_never=never, share_outgrown=0
        )  # fmt: skip

    assert _last((met("seconds", None, 0.6), met("bytes", None, 0.9), met("usd", 7.0, 0.3))) == "bytes"
    assert _last((met("seconds", 3.0, 0.0), met("bytes", 2.0, 0.4), met("usd", 0.0, 0.0))) == "seconds"
    assert _last((met("seconds", 3.0, 0.0), met("bytes", 3.0, 0.4))) == "bytes"
    assert _last((met("seconds", 0.0, 0.4),)) is None
    assert _last(()) is None


@pytest.mark.parametrize(
    ("rate", "slow", "fast", "kinds"),
    [
        ("prover_time", "1,1.2,1.5", "1.5,2,4", {"seconds", "usd"}),
        ("prover_memory", "1,1.1,1.2", "1.2,2,3", {"bytes"}),
        ("hardware_price", "1,1.1,1.2", "1.3,1.5,2", {"usd"}),
    ],
)
def test_what_gets_better_faster_is_never_met_later(rate: str, slow: str, fast: str, kinds: set[str]) -> None:
    early, late = tight("--rate", f"{rate}={fast}"), tight("--rate", f"{rate}={slow}")
    for kind in ("seconds", "bytes", "usd"):
        soon, later = crossings(early, kind), crossings(late, kind)
        assert soon
        assert (soon != later) is (kind in kinds)
        for one, other in zip(soon, later, strict=True):
            assert all(a <= b for a, b in zip(years(one), years(other), strict=True))
            assert one["share_never"] <= other["share_never"]


def test_models_that_grow_faster_are_never_met_sooner() -> None:
    slow, fast = (tight("--rate", f"model_growth={rate}") for rate in ("1,1.1,1.2", "1.2,2,3"))
    for kind in ("seconds", "bytes", "usd"):
        for one, other in zip(crossings(slow, kind), crossings(fast, kind), strict=True):
            assert all(a <= b for a, b in zip(years(one), years(other), strict=True))


def test_a_larger_budget_is_never_met_later() -> None:
    small, large = (tight("--hardware", M5, "--budget", budget) for budget in ("0.0005", "0.01"))
    ((one,), (other,)) = (crossings(each, "usd") for each in (small, large))
    assert all(a >= b for a, b in zip(years(one), years(other), strict=True))
    assert crossings(small, "seconds") == crossings(large, "seconds")


def test_without_a_budget_money_is_no_limit() -> None:
    (item,) = forecast(DIGITS, "--no-plan", "--hardware", M5)["scenarios"][0]["outlooks"]
    assert "usd" not in item["limits"]
    assert "usd" in item["now"]
    ended = auditor("forecast", DIGITS, "--no-plan", "--hardware", M5, "--draws", "100")
    assert "no limit" in ended.out


def test_the_break_even_is_where_the_winner_changes() -> None:
    found = forecast(DIGITS, "--no-plan", "--draws", 1000)
    winners = set()
    for scenario in found["scenarios"]:
        race = scenario["race"]
        rates = {rule: rules.load("scenarios", scenario["id"]).fields[rule] for rule in ("prover", "price")}
        efficiency = math.prod(scenario["rates"][trend]["mid"] for trend in rates.values())
        assert race["exponent"] == found["exponents"]["seconds"]
        assert race["break_even"] ** race["exponent"] == pytest.approx(efficiency)
        ahead = race["growth"]["mid"] < race["break_even"]
        assert race["winner"] == ("efficiency" if ahead else "complexity")
        assert race["share_efficiency"] + race["share_complexity"] == pytest.approx(1, abs=1e-9)
        winners.add(race["winner"])
    assert winners == {"efficiency", "complexity"}


@pytest.mark.parametrize(("factor", "winner"), [(0.99, "efficiency"), (1.01, "complexity")])
def test_at_the_break_even_the_winner_changes(factor: float, winner: str) -> None:
    words = ("--no-plan", "--scenario", "same-stack")
    turn = forecast(DIGITS, *words)["scenarios"][0]["race"]["break_even"]
    growth = ",".join([f"{turn * factor:.6f}"] * 3)
    assert (
        forecast(DIGITS, *words, "--rate", f"model_growth={growth}")["scenarios"][0]["race"]["winner"]
        == winner
    )


def test_the_exponents_are_those_of_the_sizes_and_say_so() -> None:
    found = forecast(DIGITS, "--no-plan", "--scenario", "frontier")
    assert found["exponent_source"] == "the exact circuit at 4x, 8x, 16x its width, against its parameters"
    assert found["axis"] == found["growth"]["axis"] == "width"
    sizes = [size for size in found["growth"]["sizes"] if size["factor"] >= 4]
    xs = [math.log(size["parameters"]) for size in sizes]
    for kind, name in (("seconds", "prove_seconds"), ("bytes", "peak_memory_bytes")):
        ys = [math.log(size[name]["mid"]) for size in sizes]
        ends = (ys[-1] - ys[0]) / (xs[-1] - xs[0])
        assert found["exponents"][kind] == pytest.approx(ends, abs=0.15)
    assert found["exponents"]["usd"] == found["exponents"]["seconds"]
    said = " ".join(
        auditor("forecast", DIGITS, "--no-plan", "--scenario", "frontier", "--draws", "100").out.split()
    )
    assert found["exponent_source"] in said


def test_a_longer_sequence_is_measured_in_multiply_accumulates() -> None:
    found = forecast(GRU, "--no-plan", "--axis", "sequence", "--scenario", "frontier")
    assert found["exponent_source"].endswith("its sequence, against its multiply-accumulates")


def test_along_an_axis_that_the_model_lacks_the_exponents_are_assumed() -> None:
    found = forecast(DIGITS, "--no-plan", "--axis", "depth", "--scenario", "frontier")
    assert found["exponents"] == {"seconds": 1.0, "bytes": 1.0, "usd": 1.0}
    assert found["exponent_source"].startswith("assumed, cost grows as the model does: depth: ")
    assert (found["axis"], found["growth"]["sizes"]) == ("", [])


def test_where_small_circuits_have_room_the_reader_is_warned(tmp_path: Path) -> None:
    small = models.perceptron(tmp_path / "small.onnx")
    warned = "at the sizes that were tried the cost hardly grows"
    words = ("--no-plan", "--scenario", "frontier", "--draws", "100")
    assert forecast(small, *words)["exponents"]["seconds"] < 0.5
    assert warned in " ".join(auditor("forecast", small, *words).out.split())
    assert warned not in " ".join(
        auditor("forecast", DIGITS, "--no-plan", "--set", "logrows=10", *words[1:]).out.split()
    )


def test_a_model_without_a_circuit_has_no_forecast_but_a_reason(tmp_path: Path) -> None:
    dilated = models.dilated_convolution(tmp_path / "dilated.onnx")
    found = forecast(dilated, code=3)
    assert (found["scenarios"], found["why_not"]) == ([], "dilated convolutions")
    ended = auditor("forecast", dilated)
    assert ended.code == 3
    assert "no forecast: EZKL has no circuit for it: dilated convolutions" in ended.out
    assert "dilated convolutions" in auditor("forecast", dilated, "--format", "junit").out
