"""Each need changes the answer as it should, from the command line to what is printed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auditor.landscape.caveats import PRIVATE_WEIGHTS
from auditor.landscape.needs import ASSURANCES, ENOUGH
from tests.cli import models
from tests.comparing.running import auditor, compared, row

FEW = ("--way", "ezkl", "--way", "re-execution", "--way", "tee-cpu", "--way", "vanilla")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return models.perceptron(tmp_path_factory.mktemp("needs") / "small.onnx")


def asked(model: Path, *words: str, code: int = 0) -> dict[str, Any]:
    return compared(model, "--no-plan", *FEW, *words, code=code)


def best(model: Path, *words: str) -> str:
    found: str = asked(model, *words)["recommendation"]["best"]
    return found


def causes(found: dict[str, Any], name: str) -> set[str]:
    return {reason["cause"] for reason in found["recommendation"]["out"].get(name, ())}


def test_nothing_is_recommended_unless_something_is_needed(model: Path) -> None:
    found = asked(model)
    assert found["needs"] is found["recommendation"] is None
    assert "Recommended" not in auditor("compare", model, "--no-plan", *FEW).out


def test_higher_stakes_ask_for_a_stronger_assurance(model: Path) -> None:
    found = {stakes: asked(model, "--stakes", stakes) for stakes in ENOUGH}
    chosen = {stakes: row(each, each["recommendation"]["best"]) for stakes, each in found.items()}
    assert [chosen[stakes]["id"] for stakes in ("low", "medium", "high")] == ["vanilla", "tee_cpu", "ezkl"]
    for stakes, way in chosen.items():
        assert way["assurance"] in ENOUGH[stakes]
    order = [ASSURANCES.index(chosen[stakes]["assurance"]) for stakes in ("low", "medium", "high")]
    assert order == sorted(order, reverse=True)


def test_private_weights_are_hidden_in_the_circuit_and_the_caveat_is_printed(model: Path) -> None:
    before = row(asked(model, "--stakes", "high"), "ezkl")
    assert (before["hides_weights"], before["hides_input"]) == (False, False)
    found = asked(model, "--stakes", "high", "--private-weights")
    assert (row(found, "ezkl")["hides_weights"], row(found, "ezkl")["hides_input"]) == (True, False)
    assert PRIVATE_WEIGHTS in found["recommendation"]["caveats"]
    assert "privacy" in causes(found, "re_execution")
    ended = auditor("compare", model, "--no-plan", *FEW, "--stakes", "high", "--private-weights")
    assert "Hollow-LLM" in " ".join(ended.out.split())
    assert "committed (hashed or polycommit in EZKL)" in " ".join(ended.out.split())


def test_private_input_is_hidden_in_the_circuit(model: Path) -> None:
    found = asked(model, "--stakes", "high", "--private-input")
    assert (row(found, "ezkl")["hides_weights"], row(found, "ezkl")["hides_input"]) == (False, True)
    assert causes(found, "re_execution") >= {"privacy"}
    assert PRIVATE_WEIGHTS not in found["recommendation"]["caveats"]


def test_what_the_run_args_say_is_not_changed(model: Path) -> None:
    words = ("--stakes", "high", "--private-weights", "--set", "param_visibility=fixed")
    found = asked(model, *words, code=1)
    assert row(found, "ezkl")["hides_weights"] is False
    assert causes(found, "ezkl") == {"privacy"}
    assert found["recommendation"]["nearest"]["gives"] == ["let the weights be seen by whoever verifies"]


@pytest.mark.parametrize(
    ("visibility", "hidden"),
    [("hashed", True), ("hashed/public", True), ("polycommit", True), ("fixed", False)],
)
def test_a_hash_hides_what_it_is_of(model: Path, visibility: str, hidden: bool) -> None:
    found = asked(model, "--set", f"param_visibility={visibility}")
    assert row(found, "ezkl")["hides_weights"] is hidden


def test_on_chain_adds_what_the_cheapest_chain_takes(model: Path) -> None:
    words = ("--stakes", "high", "--chain", "ethereum-mainnet")
    (alone,) = asked(model, *words)["recommendation"]["ranked"]
    found = asked(model, *words, "--on-chain")
    (there,) = found["recommendation"]["ranked"]
    assert (alone["chain"], there["chain"]) == ("", "ethereum-mainnet")
    (chain,) = row(found, "ezkl")["chains"]
    assert there["usd"]["mid"] == pytest.approx(alone["usd"]["mid"] + chain["usd"]["mid"])


def test_on_chain_a_price_that_nobody_knows_is_not_nothing(model: Path) -> None:
    words = ("--stakes", "high", "--chain", "base", "--on-chain")
    found = asked(model, *words)["recommendation"]
    assert (found["basis"], found["ranked"][0]["usd"]) == ("seconds", None)
    assert causes(asked(model, *words, "--budget", "1000", code=1), "ezkl") == {"budget"}


def test_latency_and_budget_shut_out_what_may_exceed_them(model: Path) -> None:
    own = row(asked(model), "ezkl")
    seconds, verifying = own["seconds"]["high"], own["verify_seconds"]["high"]
    enough = f"{1.01 * (seconds + verifying):.6f}"
    assert best(model, "--stakes", "high", "--latency", enough) == "ezkl"
    late = asked(model, "--stakes", "high", "--latency", f"{seconds:.6f}", code=1)
    assert causes(late, "ezkl") == {"latency"}
    assert best(model, "--stakes", "high", "--budget", f"{1.01 * own['usd']['high']:.9f}") == "ezkl"
    dear = asked(model, "--stakes", "high", "--budget", f"{own['usd']['mid']:.9f}", code=1)
    assert causes(dear, "ezkl") == {"budget"}


def test_where_nothing_is_left_the_nearest_says_what_would_have_to_give(model: Path) -> None:
    words = ("--no-plan", "--way", "ezkl", "--stakes", "high", "--budget", "0")
    ended = auditor("compare", model, *words)
    assert ended.code == 1
    assert "Nothing meets these needs" in ended.out
    assert "EZKL 23.0.5 is nearest: spend up to $" in ended.out
    concise = auditor("compare", model, *words, "--format", "concise")
    assert concise.code == 1
    assert concise.out.splitlines()[-1].endswith(": recommended nothing")


def test_where_no_way_takes_the_model_that_is_said(tmp_path: Path) -> None:
    path = models.dilated_convolution(tmp_path / "dilated.onnx")
    words = (path, "--way", "ezkl", "--way", "jolt-atlas", "--way", "sampled-proving")
    found = compared(*words, code=1)
    assert {way["supported"] for way in found["ways"]} == {"no"}
    for form in ("terminal", "junit", "github", "concise"):
        ended = auditor("compare", *words, "--format", form)
        assert ended.code == 1
        assert "one of the ways that were compared takes this model" in ended.out, form
    assert "None of the ways" not in auditor("compare", path, "--way", "ezkl", "--way", "re-execution").out
