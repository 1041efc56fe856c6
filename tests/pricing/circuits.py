"""Small circuits to price."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from auditor.circuit.run_args import RunArgs
from auditor.circuit.size import CircuitSize, ModuleSizes
from auditor.pricing.profile import HardwareProfile
from auditor.pricing.prover import StepPrediction, predict_steps
from auditor.sizing import artifacts, constraint_system
from tests.sizing.settings import circuit_size_of, run_args_of

FOLDER = Path(__file__).parent


def size(**changes: object) -> CircuitSize:
    """A ReLU of six values, with EZKL's defaults."""
    circuit = CircuitSize(
        num_rows=70,
        total_assignments=141,
        total_const_size=3,
        total_const_size_bounds=(3, 3),
        total_dynamic_col_size=0,
        max_dynamic_input_len=0,
        num_dynamic_lookups=0,
        num_shuffles=0,
        total_shuffle_col_size=0,
        total_einsum_col_size=0,
        einsum_equations=(),
        required_lookups=(),
        required_range_checks=((-1, 1), (0, 16383)),
        module_sizes=ModuleSizes(),
        model_instance_shapes=((1, 3), (1, 3)),
        layers=(),
    )
    return replace(circuit, **changes)  # type: ignore[arg-type]


def predict(
    profile: HardwareProfile, circuit: CircuitSize, run_args: RunArgs, cores: int = 2
) -> dict[str, StepPrediction]:
    """The predictions by step."""
    system = constraint_system(circuit, run_args)
    steps = predict_steps(system, artifacts(system), circuit, run_args, profile, cores=cores)
    return {prediction.step: prediction for prediction in steps}


def predict_run(
    profile: HardwareProfile, settings: dict[str, Any], cores: int = 2
) -> dict[str, StepPrediction]:
    """The predictions for a circuit of which EZKL wrote the settings."""
    return predict(profile, circuit_size_of(settings), run_args_of(settings), cores)


def lines(name: str) -> list[dict[str, Any]]:
    """The recorded runs in a file beside this one."""
    return [json.loads(line) for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()]
