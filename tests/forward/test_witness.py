"""Against the real EZKL: its witness has the same integers, and needs exactly the digits that we say."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auditor.circuit import Circuit, RunArgs
from auditor.forward import Overflow, Unmodelled, forward
from auditor.lowering.errors import LoweringError, Unsupported
from tests import families
from tests.fidelity.building import RUN_ARGS, Case
from tests.fidelity.cases import CASES
from tests.forward.circuits import as_run_args, circuit_of, random_inputs
from tests.forward.ezkl_witness import WitnessMaker

pytest.importorskip("ezkl")

SEEDS = range(7000, 7066)
ROWS = 2
SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture(scope="module")
def maker() -> Iterator[WitnessMaker]:
    with WitnessMaker() as started:
        yield started


def agree(
    maker: WitnessMaker, model: Path, circuit: Circuit, inputs: Sequence[np.ndarray], rows: int
) -> str | None:
    """None, or how EZKL differs. Every row gets the base of digits that it just fits, and then one less."""
    result = forward(circuit, inputs)
    faulty = {row for fault in result.needs.faults for row in fault.rows}
    legs = circuit.run_args.decomp_legs if result.needs.rounded else 1
    too_few = any(base**legs - 1 < largest for base, largest in result.needs.rounded.items())
    for row in range(rows):
        given = [values[row] for values in inputs]
        base = least_base(int(result.needs.decomposed[row]), legs)
        witness = maker.make(model, with_digits(circuit.run_args, base, legs), given)
        if too_few or witness is None:
            if not too_few and row not in faulty:
                return f"row {row}: no witness with {legs} digits of base {base}"
            continue
        if witness.outputs != [output[row].ravel().tolist() for output in result.outputs]:
            return f"row {row}: EZKL has {witness.outputs}"
        lookups = (int(result.needs.lookup_low[row]), int(result.needs.lookup_high[row]))
        if (witness.lookup_low, witness.lookup_high) != lookups:
            return f"row {row}: EZKL looks up {witness.lookup_low} to {witness.lookup_high}"
        if base > 1 and maker.make(model, with_digits(circuit.run_args, base - 1, legs), given) is not None:
            return f"row {row}: a witness with {legs} digits of base {base - 1}"
    return None


def with_digits(run_args: RunArgs, base: int, legs: int) -> RunArgs:
    """The same run args with room for other numbers; what EZKL would hash is public."""
    shown = {
        "input_visibility": "public" if run_args.input_visibility != "private" else "private",
        "output_visibility": "public",
        "param_visibility": "fixed",
    }
    return replace(run_args, decomp_base=base, decomp_legs=legs, **shown)


def least_base(largest: int, legs: int) -> int:
    """The least base whose ``legs`` digits hold a number."""
    base = max(1, round((largest + 1) ** (1 / legs)) - 1)
    while base**legs - 1 < largest:
        base += 1
    return base


def test_random_models(maker: WitnessMaker, tmp_path: Path) -> None:
    differing, compared = {}, 0
    for seed in SEEDS:
        random = families.random_model(seed)
        model = tmp_path / f"{random.name}.onnx"
        model.write_bytes(random.model)
        run_args = with_digits(as_run_args(random.run_args), 1 << 15, random.run_args.get("decomp_legs", 2))
        try:
            circuit = circuit_of(model, run_args)
            difference = agree(maker, model, circuit, random_inputs(circuit, ROWS, seed), ROWS)
        except (LoweringError, Unsupported, Unmodelled, Overflow):
            continue
        compared += 1
        if difference is not None:
            differing[random.name] = difference
    assert differing == {}
    assert compared >= 0.8 * len(SEEDS)


@pytest.mark.parametrize("scale", [5, 11])
@pytest.mark.parametrize("name", sorted(path.parent.name for path in SAMPLES.glob("*/model.onnx")))
def test_samples(maker: WitnessMaker, name: str, scale: int) -> None:
    model = SAMPLES / name / "model.onnx"
    circuit = circuit_of(model, RunArgs(input_scale=scale, param_scale=scale))
    inputs = json.loads((SAMPLES / name / "input.json").read_text())["input_data"]
    assert agree(maker, model, circuit, rows_of(circuit, inputs), 1) is None


@pytest.mark.parametrize("case", CASES[::3], ids=lambda case: f"{case.rule}: {case.name}")
def test_wrong_functions(maker: WitnessMaker, tmp_path: Path, case: Case) -> None:
    """Functions that EZKL gets wrong, every third one, which we must get wrong in the same way."""
    example = case.wrong
    model = tmp_path / "model.onnx"
    model.write_bytes(example.model)
    circuit = circuit_of(model, as_run_args({**RUN_ARGS, **example.run_args}))
    try:
        difference = agree(maker, model, circuit, rows_of(circuit, example.inputs), 1)
    except Overflow:
        pytest.skip("a number of more than 63 bits")
    assert difference is None


def rows_of(circuit: Circuit, inputs: Sequence[Any]) -> list[np.ndarray]:
    """One row for each input of the circuit."""
    shapes = {node.id: node.shape for node in circuit.graph.nodes if hasattr(node, "shape")}
    pairs = zip(circuit.graph.inputs, inputs, strict=True)
    return [np.asarray(values, dtype=np.float64).reshape((1, *shapes[node_id])) for node_id, values in pairs]
