"""Against the real EZKL: its witness has the same integers, and needs exactly the digits that we say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.circuit import RunArgs
from auditor.forward import Overflow, Unmodelled
from auditor.lowering.errors import LoweringError, Unsupported
from tests import families
from tests.fidelity.building import RUN_ARGS, Case
from tests.fidelity.cases import CASES
from tests.forward.agreement import agree, rows_of, with_digits
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
