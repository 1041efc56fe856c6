"""Sizes against real runs of EZKL 23.0.5: 85 recorded ones, and a few made now."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import onnx
import pytest

from auditor._version import EZKL_VERSION
from auditor.ezkl import ezkl_version
from auditor.sizing import Artifacts, ConstraintSystem, artifacts, constraint_system
from tests.front_ends import models
from tests.sizing.settings import circuit_size_of, run_args_of

RUNS = [json.loads(line) for line in (Path(__file__).parent / "real_runs.jsonl").read_text().splitlines()]

NOT_EXPECTED = {"C8k12", "H_tutorial_k11c2", "H_tutorial_k10c1"}
"""Runs whose number of fixed columns is not the expected one, though within the bounds: fewer selectors meet
in a row than could. They are eight inner columns, and Freivalds' argument over several blocks."""


def sized(settings: dict[str, Any]) -> tuple[ConstraintSystem, Artifacts]:
    system = constraint_system(circuit_size_of(settings), run_args_of(settings))
    return system, artifacts(system)


def check_bytes(made: dict[str, Any], system: ConstraintSystem, sizes: Artifacts) -> None:
    measured = {name: made[name] for name in ("proving_key_bytes", "verifying_key_bytes", "proof_bytes")}
    assert measured == {name: getattr(sizes, name) for name in measured}
    assert system.num_instances == made["num_instances"]


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run["name"])
def test_recorded_run(run: dict[str, Any]) -> None:
    system, sizes = sized(run["settings"])
    low, high = system.fixed_columns_bounds
    assert low <= run["num_fixed_columns"] <= high
    assert sizes.proving_key_bounds[0] <= run["proving_key_bytes"] <= sizes.proving_key_bounds[1]
    assert sizes.proof_bounds[0] <= run["proof_bytes"] <= sizes.proof_bounds[1]
    assert sizes.srs_bytes == run["srs_bytes"]
    if run["name"] in NOT_EXPECTED:
        assert not sizes.exact
        assert system.num_fixed_columns != run["num_fixed_columns"]
    else:
        check_bytes(run, system, sizes)


def test_most_recorded_runs_are_claimed_exact() -> None:
    assert sum(sized(run["settings"])[1].exact for run in RUNS) == 69


SMALL_TABLES = {"decomp_base": 128, "decomp_legs": 4, "lookup_range": [-500, 500]}


@pytest.mark.skipif(ezkl_version() != EZKL_VERSION, reason=f"EZKL {EZKL_VERSION} is not installed")
@pytest.mark.parametrize(
    ("changes", "exact"),
    [
        ({"logrows": 10, "num_inner_cols": 1, "input_visibility": "private"}, True),
        ({"logrows": 10, "num_inner_cols": 4}, True),
        ({"logrows": 9, "input_visibility": "hashed/public", "param_visibility": "private"}, False),
        ({"logrows": 6}, False),  # several blocks, and a table over several columns
    ],
    ids=["one column", "four columns", "hashed", "blocks"],
)
def test_a_run_made_now(changes: dict[str, Any], exact: bool, tmp_path: Path) -> None:
    onnx.save(models.dense(), tmp_path / "model.onnx")
    run_args = SMALL_TABLES | changes
    script = Path(__file__).with_name("real_setup.py")
    completed = subprocess.run(
        [sys.executable, "-I", str(script), "model.onnx", json.dumps(run_args)],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "RAYON_NUM_THREADS": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    made = json.loads(completed.stdout.splitlines()[-1])
    assert made["verified"] is True
    system, sizes = sized(made["settings"])
    assert sizes.srs_bytes == made["srs_bytes"]
    assert sizes.proving_key_bounds[0] <= made["proving_key_bytes"] <= sizes.proving_key_bounds[1]
    assert sizes.proof_bounds[0] <= made["proof_bytes"] <= sizes.proof_bounds[1]
    assert sizes.exact is exact
    if exact:
        check_bytes(made, system, sizes)
