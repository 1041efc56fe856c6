"""``estimate --settings`` without a model: what EZKL wrote is read, priced and judged, or refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor._version import EZKL_VERSION
from auditor.errors import UsageError
from auditor.ezkl.settings_file import settings_of
from auditor.from_settings import read_settings
from auditor.model import read_source
from auditor.options import parse_request
from auditor.sizing import artifacts, constraint_system
from auditor.study import study, study_settings
from tests.cli import models
from tests.cli.test_shell import auditor
from tests.sizing.settings import circuit_size_of, run_args_of
from tests.third_party.settings_files import settings, write

RUNS = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "sizing" / "real_runs.jsonl").read_text().splitlines()
]
SMALL = settings({"logrows": 15}, num_rows=70, total_assignments=141, total_const_size=3)


def as_written(recorded: dict[str, Any]) -> dict[str, Any]:
    """Recorded settings as EZKL wrote them: every use of an einsum is an entry, and there is a version."""
    einsums = dict(recorded["einsum_params"])
    counted = einsums.pop("counted_equations", [])
    einsums["equations"] = [
        *einsums["equations"],
        *([equation, dims] for equation, dims, count in counted for _ in range(count)),
    ]
    return recorded | {"einsum_params": einsums, "version": EZKL_VERSION}


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run["name"])
def test_a_real_file_gives_the_keys_that_ezkl_made_of_it(run: dict[str, Any], tmp_path: Path) -> None:
    read = read_settings(write(tmp_path / "settings.json", as_written(run["settings"])))
    assert read.exact
    assert read.run_args == run_args_of(run["settings"])
    made = artifacts(constraint_system(read.size, read.run_args))
    assert made == artifacts(constraint_system(circuit_size_of(run["settings"]), read.run_args))
    low, high = made.proving_key_bounds
    assert low <= run["proving_key_bytes"] <= high


def test_the_settings_of_a_model_say_what_the_model_says(tmp_path: Path) -> None:
    path = models.perceptron(tmp_path / "small.onnx")
    request = parse_request(assignments=["logrows=15"], front_end="onnx", quiet=True)
    whole = study(path, read_source(path), request, alone=True)
    circuit, size = whole.laid_out.circuit, whole.laid_out.size
    assert circuit is not None
    assert size is not None
    written = write(tmp_path / "settings.json", settings_of(circuit, size, EZKL_VERSION))
    alone = study_settings(read_settings(written), parse_request(quiet=True))
    assert alone.sized.artifacts == whole.sized.artifacts
    assert alone.sized.system == whole.sized.system
    differing = {
        name
        for name in alone.circuit.__struct_fields__
        if getattr(alone.circuit, name) != getattr(whole.circuit, name)
    }
    assert differing == {"front_end", "faithful", "layers"}


def test_the_report_says_what_is_not_known_without_a_model(tmp_path: Path) -> None:
    write(tmp_path / "settings.json", SMALL)
    ended = auditor("estimate", "--settings", "settings.json", "--format", "json", cwd=tmp_path)
    (model,) = json.loads(ended.stdout)["models"]
    assert (model["path"], model["model"], ended.returncode) == ("settings.json", None, 0)
    circuit = model["circuit"]
    assert (circuit["front_end"], circuit["faithful"], circuit["exact"]) == ("ezkl", None, True)
    assert circuit["layers"] == []
    assert {item["reason"] for item in model["not_run"]} == {"there is no model"}
    assert all(machine["replicas"] is None for machine in model["hardware"])
    assert all("compiled circuit" in machine["warnings"][-1] for machine in model["hardware"])
    assert "the settings that EZKL 23.0.5 wrote" in model["verdict"]["reasons"][0]


def test_limits_count_as_with_a_model(tmp_path: Path) -> None:
    write(tmp_path / "settings.json", SMALL)
    words = ("--settings", "settings.json", "--format", "concise", "-q")
    assert auditor("estimate", *words, "--max-rows", "70", cwd=tmp_path).returncode == 0
    assert "infeasible (rows)" in auditor("estimate", *words, "--max-rows", "69", cwd=tmp_path).stdout
    assert "infeasible (logrows)" in auditor("estimate", *words, "--max-logrows", "14", cwd=tmp_path).stdout


def test_settings_of_another_version_leave_a_small_circuit_open(tmp_path: Path) -> None:
    """As EZKL 11.4.1 wrote them (github.com/FAI3network/SolidityEZKLSolution, ezkl/credit-bias)."""
    old = settings(
        {
            "tolerance": {"val": 0.0, "scale": 1.0}, "div_rebasing": False, "commitment": "KZG",
            "logrows": 15, "lookup_range": [-17414, 8156],
        },
        num_rows=3382, total_assignments=6827, total_const_size=6400, total_dynamic_col_size=18857,
        num_dynamic_lookups=17, num_shuffles=1, total_shuffle_col_size=2,
        model_instance_shapes=[[1, 11], [1], [1, 2]],
        required_lookups=[
            {"GreaterThanEqual": {"a": 0.0}}, {"GreaterThan": {"a": 0.0}}, {"Sigmoid": {"scale": 4096.0}},
        ],
        required_range_checks=[], version="11.4.1",
        without=("rebase_scale", "decomp_base", "decomp_legs", "bounded_log_lookup", "epsilon",
                 "ignore_range_check_inputs_outputs", "disable_freivalds", "max_dynamic_input_len",
                 "einsum_params"),
    )  # fmt: skip
    write(tmp_path / "settings.json", old)
    ended = auditor("estimate", "--settings", "settings.json", "--format", "json", cwd=tmp_path)
    (model,) = json.loads(ended.stdout)["models"]
    assert (model["verdict"]["status"], model["verdict"]["binding"]) == ("undetermined", "support")
    assert "11.4.1" in model["verdict"]["reasons"][0]
    assert model["circuit"]["max_dynamic_input_len"] is model["circuit"]["total_einsum_col_size"] is None
    assert model["artifacts"]["proving_key_bytes"]
    assert "decomp_base" in ended.stderr


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda it: it.pop("num_rows"), "has no num_rows"),
        (lambda it: it.pop("version"), "has no version"),
        (lambda it: it.update(num_rows=-1), "num_rows"),
        (lambda it: it.update(num_rows=True), "num_rows"),
        (lambda it: it.update(num_rows=2**64), "num_rows"),
        (lambda it: it.update(model_instance_shapes=[[2**40, 2**40]]), "model_instance_shapes"),
        (lambda it: it.update(required_range_checks=[[1, -1]]), "required_range_checks"),
        (lambda it: it.update(required_lookups=[{"Tanh": 1}]), "required_lookups"),
        (lambda it: it.update(module_sizes={"polycommit": [], "poseidon": 0}), "module_sizes"),
        (lambda it: it["einsum_params"].update(equations=[["ij,jk->ik", {"i": 2, "j": 2}]]), "einsum_params"),
        (lambda it: it["run_args"].pop("logrows"), "run_args lack logrows"),
        (lambda it: it["run_args"].update(logrows="many"), "run_args logrows"),
        (lambda it: it["run_args"].update(commitment="IPA"), "commitment is IPA"),
        (lambda it: it["run_args"].update(input_visibility="Encrypted"), "Encrypted"),
        (lambda it: it["run_args"].update(input_visibility={"Hashed": 3}), "input_visibility"),
        (lambda it: it["run_args"].update(variables=[3]), "variables"),
        (lambda it: it.pop("run_args"), "has no run_args"),
    ],
)
def test_what_cannot_be_read_is_refused(
    spoil: Callable[[dict[str, Any]], Any], said: str, tmp_path: Path
) -> None:
    content = json.loads(json.dumps(SMALL))
    spoil(content)
    with pytest.raises(UsageError) as refused:
        read_settings(write(tmp_path / "settings.json", content))
    assert said in str(refused.value)
    assert str(refused.value).startswith("settings.json: ")


def test_a_run_arg_of_the_future_is_a_doubt(tmp_path: Path) -> None:
    content = settings({"logrows": 15, "prob_k": 3})
    read = read_settings(write(tmp_path / "settings.json", content))
    assert not read.exact
    assert "prob_k" in read.doubts[0]


@pytest.mark.parametrize(
    "words",
    [("--set", "logrows=12"), ("--dim", "N=1"), ("--input", "x.json"), ("--front-end", "onnx")],
)
def test_options_of_a_model_are_refused(words: tuple[str, ...], tmp_path: Path) -> None:
    write(tmp_path / "settings.json", SMALL)
    ended = auditor("estimate", "--settings", "settings.json", *words, cwd=tmp_path)
    assert ended.returncode == 2
    assert f"{words[0]} needs a MODEL" in ended.stderr


def test_neither_model_nor_settings_is_a_mistake(tmp_path: Path) -> None:
    ended = auditor("estimate", cwd=tmp_path)
    assert ended.returncode == 2
    assert "needs a MODEL" in ended.stderr


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    ended = auditor("estimate", "--settings", "none.json", cwd=tmp_path)
    assert ended.returncode == 2
    assert "none.json" in ended.stdout + ended.stderr
