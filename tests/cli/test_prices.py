"""``auditor estimate`` on machines and chains: what is told, and what decides."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.cli import models
from tests.cli.test_estimate import auditor

ROOT = Path(__file__).parents[2]
TRANSFORMER = ROOT / "samples" / "digits_transformer" / "model.onnx"


@pytest.fixture(scope="module")
def perceptron(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return models.perceptron(tmp_path_factory.mktemp("prices") / "model.onnx")


def priced(*words: object) -> tuple[int, dict[str, Any]]:
    ended = auditor("estimate", *map(str, words), "--format", "json")
    document = json.loads(ended.stdout)
    schema = json.loads((resources.files("auditor") / "schemas" / "report-1.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(document)
    return ended.returncode, document["models"][0]


def test_without_being_asked_it_tells_and_does_not_decide() -> None:
    code, model = priced(TRANSFORMER)
    assert model["hardware"][0]["profile"] == "this-machine"
    assert [item["profile"] for item in model["chains"]] == ["ethereum-mainnet", "base"]
    assert "infeasible" in {item["status"] for item in model["chains"]}
    assert (code, model["verdict"]["status"]) == (0, "feasible")


def test_a_chain_that_is_named_decides() -> None:
    code, model = priced(TRANSFORMER, "--no-plan", "--chain", "ethereum-mainnet")
    verdict = model["verdict"]
    assert (code, verdict["status"]) == (1, "infeasible")
    assert verdict["binding"] == "contract size on ethereum-mainnet"
    assert "24,576" in verdict["reasons"][0]
    assert any("reusable verifier" in step for step in verdict["next"])
    (chain,) = model["chains"]
    assert chain["reusable"]["status"] == "feasible"
    assert chain["reusable"]["verify_gas"]["mid"] > chain["verify_gas"]["mid"]
    assert chain["verify_gas"]["low"] < chain["verify_gas"]["mid"] < chain["verify_gas"]["high"]


def test_run_args_are_planned_for_the_chain_that_is_named() -> None:
    digits = ROOT / "samples" / "digits_cnn" / "model.onnx"
    code, model = priced(digits, "--chain", "ethereum-mainnet")
    assert (code, model["chains"][0]["status"]) == (0, "feasible")


def test_a_machine_that_is_named_decides_and_another_is_proposed(tmp_path: Path) -> None:
    code, model = priced(TRANSFORMER, "--hardware", "browser-wasm32-threads", "--set", "logrows=20")
    verdict = model["verdict"]
    assert (code, verdict["status"]) == (1, "infeasible")
    assert verdict["binding"] == "memory on browser-wasm32-threads"
    assert any(step.startswith("fits ") for step in verdict["next"])


def test_a_policy_limits_time(perceptron: Path) -> None:
    code, model = priced(TRANSFORMER, "--no-plan", "--hardware", "phone-mid", "--policy", "interactive")
    assert code == 1
    assert "on phone-mid" in model["verdict"]["binding"]
    code, model = priced(perceptron, "--hardware", "workstation-16c-64g", "--policy", "batch")
    assert (code, model["hardware"][0]["status"]) == (0, "feasible")


def test_what_nobody_measured_looks_like_it(perceptron: Path) -> None:
    _, model = priced(perceptron, "--hardware", "rpi5-8g")
    (machine,) = model["hardware"]
    assert machine["evidence"] == "assumed"
    assert machine["prove_seconds"]["high"] > 2 * machine["prove_seconds"]["low"]


def test_an_unknown_price_is_never_nothing(perceptron: Path) -> None:
    _, model = priced(perceptron, "--chain", "base")
    assert model["chains"][0]["usd_per_verification"] is None
    assert "unknown" in auditor("estimate", str(perceptron), "--chain", "base").stdout


def test_prices_may_be_given(perceptron: Path) -> None:
    words = (perceptron, "--chain", "ethereum-mainnet", "--native-usd", "3000")
    _, dear = priced(*words, "--gas-price", "10")
    _, cheap = priced(*words, "--gas-price", "1")
    dearer, cheaper = (model["chains"][0]["usd_per_verification"] for model in (dear, cheap))
    assert dearer["mid"] == pytest.approx(10 * cheaper["mid"], rel=0.01)
    gas = dear["chains"][0]["verify_gas"]["mid"]
    assert dearer["mid"] == pytest.approx(gas * 10e-9 * 3000, rel=0.02)


def test_another_fork_has_other_limits() -> None:
    _, model = priced(TRANSFORMER, "--chain", "ethereum-mainnet", "--fork", "glamsterdam")
    (chain,) = model["chains"]
    assert chain["fork"].lower() == "glamsterdam"
    assert chain["binding"] != "contract size"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--hardware", "laptop"), "laptop"),
        (("--chain", "ethereum"), "did you mean ethereum-mainnet"),
        (("--policy", "fast"), "fast"),
        (("--hardware", "nowhere/x.toml"), "x.toml"),
        (("--chain", "ethereum-mainnet", "--fork", "nonsense"), "nonsense"),
    ],
)
def test_what_is_not_there_is_said(perceptron: Path, words: tuple[str, ...], says: str) -> None:
    ended = auditor("estimate", str(perceptron), *words)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert says in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_profile_of_ones_own(perceptron: Path, tmp_path: Path) -> None:
    own = tmp_path / "mine.toml"
    text = (ROOT / "rules" / "hardware" / "laptop-8c-16g.toml").read_text()
    own.write_text(text.replace('id = "laptop-8c-16g"', 'id = "mine"'))
    _, model = priced(perceptron, "--hardware", own)
    assert model["hardware"][0]["profile"] == "mine"
    own.write_text(own.read_text() + "\n[nonsense]\nx = 1\n")
    ended = auditor("estimate", str(perceptron), "--hardware", str(own))
    assert ended.returncode == 2
    assert "mine.toml" in ended.stderr
    assert "nonsense" in ended.stderr


def test_money_for_a_thousand_proofs_and_what_running_it_again_costs(perceptron: Path) -> None:
    _, model = priced(perceptron, "--hardware", "aws-m5-4xlarge", "--hardware", "laptop-8c-16g")
    rented, owned = model["hardware"]
    thousand, one = rented["usd_per_thousand_proofs"], rented["usd_per_proof"]
    assert 0 < thousand["mid"] <= 1000 * one["mid"] * 1.01
    assert owned["usd_per_thousand_proofs"] is None
    assert rented["replicas"]["low"] < rented["replicas"]["mid"] < rented["replicas"]["high"]


def test_inspect_prices_nothing(perceptron: Path) -> None:
    model = json.loads(auditor("inspect", str(perceptron), "--format", "json").stdout)["models"][0]
    assert model["hardware"] == model["chains"] == []
