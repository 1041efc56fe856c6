"""What holds for every circuit, without EZKL."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from auditor.circuit import Circuit
from auditor.forward import Forward, Overflow, Unmodelled, forward
from auditor.lowering.errors import LoweringError, Unsupported
from tests import families
from tests.forward.circuits import as_run_args, circuit_of, random_inputs

ROWS = 3


def circuits(folder: Path, seeds: range) -> list[tuple[str, Circuit, list[np.ndarray], Forward]]:
    found = []
    for seed in seeds:
        random = families.random_model(seed)
        model = folder / f"{random.name}.onnx"
        model.write_bytes(random.model)
        try:
            circuit = circuit_of(model, as_run_args(random.run_args))
            inputs = random_inputs(circuit, ROWS, seed)
            found.append((random.name, circuit, inputs, forward(circuit, inputs)))
        except (LoweringError, Unsupported, Unmodelled, Overflow):
            continue
    return found


@pytest.fixture(scope="module")
def examples(
    tmp_path_factory: pytest.TempPathFactory,
) -> list[tuple[str, Circuit, list[np.ndarray], Forward]]:
    return circuits(tmp_path_factory.mktemp("models"), range(8000, 8088))


Examples = list[tuple[str, Circuit, list[np.ndarray], Forward]]


def test_there_are_examples(examples: Examples) -> None:
    assert len(examples) >= 60


def test_rows_are_independent(examples: Examples) -> None:
    for name, circuit, inputs, together in examples:
        for row in range(ROWS):
            alone = forward(circuit, [values[row : row + 1] for values in inputs])
            for ours, theirs in zip(alone.outputs, together.outputs, strict=True):
                assert np.array_equal(ours[0], theirs[row]), name
            assert alone.needs.decomposed[0] == together.needs.decomposed[row], name
            assert alone.needs.lookup_low[0] == together.needs.lookup_low[row], name
            assert alone.needs.lookup_high[0] == together.needs.lookup_high[row], name
            faulty = {fault.reason for fault in together.needs.faults if row in fault.rows}
            assert {fault.reason for fault in alone.needs.faults} == faulty, name


def test_what_rounding_needs_is_the_most_of_all_rows(examples: Examples) -> None:
    for name, circuit, inputs, together in examples:
        each = [forward(circuit, [values[row : row + 1] for values in inputs]) for row in range(ROWS)]
        for base, largest in together.needs.rounded.items():
            assert largest == max(one.needs.rounded[base] for one in each), name


def test_how_numbers_are_stored_changes_none_of_them(examples: Examples) -> None:
    for name, circuit, inputs, together in examples:
        if together.needs.rounded:  # the digits are part of these operations
            continue
        changed = circuit.run_args.with_changes(
            decomp_base=3, decomp_legs=1, num_inner_cols=7, logrows=11, lookup_range=(0, 1)
        )
        again = forward(replace(circuit, run_args=changed), inputs)
        for ours, theirs in zip(again.outputs, together.outputs, strict=True):
            assert np.array_equal(ours, theirs), name
        assert np.array_equal(again.needs.decomposed, together.needs.decomposed), name


def test_the_order_of_rows_is_the_order_of_results(examples: Examples) -> None:
    for name, circuit, inputs, together in examples:
        reverse = forward(circuit, [values[::-1] for values in inputs])
        for ours, theirs in zip(reverse.outputs, together.outputs, strict=True):
            assert np.array_equal(ours[::-1], theirs), name
        assert np.array_equal(reverse.needs.decomposed[::-1], together.needs.decomposed), name


def test_outputs_are_whole_arrays_of_integers(examples: Examples) -> None:
    for name, circuit, _, together in examples:
        assert len(together.outputs) == len(together.scales) == len(circuit.graph.outputs), name
        for output in together.outputs:
            assert output.dtype == np.int64, name
            assert len(output) == ROWS, name
