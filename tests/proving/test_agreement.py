"""The circuit's answer against the model's: numbers by hand, and EZKL's own witnesses."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from onnx import helper

from auditor.circuit.field import FIELD_MODULUS
from auditor.circuit.run_args import RunArgs
from auditor.model import bind_dimensions, read_source
from auditor.proving.agreement import (
    CircuitOutput,
    Judgement,
    OutputAgreement,
    compare_outputs,
    fine_run_args,
    is_finite,
    judge,
    judge_outputs,
    nudged,
    sensitivity,
)
from auditor.proving.inference import infer_all
from auditor.proving.inputs import Inputs, as_circuit_reads, input_specs, read_inputs
from tests.fidelity.building import Example, example, numbers
from tests.proving.circuits import LIMITS, outputs_of

SAMPLES = Path(__file__).parents[2] / "samples"
ARGS = RunArgs()


def one(circuit: Any, reference: Any, *, tolerance: float | None = None) -> OutputAgreement:
    (found,) = compare_outputs([circuit], [np.asarray(reference)], ["y"], run_args=ARGS, tolerance=tolerance)
    return found


def row(*integers: int, scale: int = 7) -> CircuitOutput:
    return CircuitOutput((1, len(integers)), integers, scale)


# --- numbers by hand


@pytest.mark.parametrize(
    ("integers", "reference", "status"),
    [
        ([128, 64], [1.0, 0.5], "same"),
        ([132, 64], [1.0, 0.5], "same"),  # 4 steps of 2^-7
        ([133, 64], [1.0, 0.5], "beyond"),
        ([1320, 64], [10.0, 0.5], "same"),  # of the largest magnitude
        ([1321, 64], [10.0, 0.5], "beyond"),
        ([4, 0], [0.0, 0.0], "same"),  # or of 1
        ([-128, 64], [1.0, 0.5], "beyond"),
    ],
)
def test_four_steps_of_the_range_are_the_same(
    integers: list[int], reference: list[float], status: str
) -> None:
    assert one(row(*integers), [reference]).status == status


def test_the_coarser_scale_sets_the_tolerance_and_the_user_overrules_it() -> None:
    mixed = RunArgs(input_scale=12, param_scale=5)
    (found,) = compare_outputs([row(128)], [np.float32([[2]])], ["y"], run_args=mixed)
    assert found.tolerance == 4 * 2**-5 * 2
    assert one(row(128), [[2.0]], tolerance=0.6).status == "same"
    assert one(row(128), [[2.0]], tolerance=0.4).status == "beyond"


def test_integers_are_exact_and_keep_every_digit() -> None:
    assert one(row(2**60 + 1, scale=0), [[2**60 + 1]]).status == "same"
    assert one(row(2**60 + 1, scale=0), [[2**60]]).max_abs_difference == 1
    assert one(row(1, 0, scale=0), [[True, False]]).status == "same"
    assert one(row(7 * 64), [[3]]).status == "beyond"  # 3.5
    assert one(row(3 * 128), [[3]]).status == "same"


def test_any_element_of_the_field_can_be_compared() -> None:
    assert one(row(FIELD_MODULUS // 2), [[1.0]]).status == "beyond"


def test_the_winner_is_looked_for_along_the_last_axis() -> None:
    assert one(row(1, 3, 2), [[0.0, 9.0, 1.0]]).argmax_agrees is True
    assert one(row(1, 3, 2), [[9.0, 0.0, 1.0]]).argmax_agrees is False
    assert one(row(3), [[9.0]]).argmax_agrees is None
    assert one(row(1, 3, scale=0), [[9, 0]]).argmax_agrees is None


@pytest.mark.parametrize(
    ("shape", "reference", "status"),
    [
        ((1,), np.float32(0), "same"),  # EZKL's spelling of a scalar
        ((1, 2), np.zeros(2), "same"),
        ((2, 1), np.zeros((1, 1, 2, 1)), "same"),
        ((1, 2, 3), np.zeros((3, 2)), "different"),
        ((6,), np.zeros((3, 2)), "different"),
        ((2,), np.zeros(3), "different"),
        ((0,), np.zeros((0,)), "same"),
    ],
)
def test_shapes_differ_in_axes_of_one_only(shape: tuple[int, ...], reference: Any, status: str) -> None:
    found = one(CircuitOutput(shape, [0] * int(np.prod(shape)), 7), reference)
    assert found.status == status
    assert (found.circuit_shape, found.reference_shape) == (shape, np.shape(reference))


def test_an_output_that_one_side_lacks_is_different() -> None:
    more = compare_outputs([row(0), row(0)], [np.zeros((1, 1))], ["y"], run_args=ARGS)
    fewer = compare_outputs([row(0)], [np.zeros((1, 1))] * 2, ["y", "z"], run_args=ARGS)
    assert [(found.status, found.reference_shape) for found in more] == [
        ("same", (1, 1)),
        ("different", None),
    ]
    assert [(found.name, found.circuit_shape) for found in fewer] == [("y", (1, 1)), ("z", None)]
    assert judge(more, None) == judge(fewer, None) == "different"


def test_no_circuit_says_nan() -> None:
    found = one(row(0, 0), [[np.nan, 0.0]])
    assert (found.status, found.undefined, found.max_abs_difference) == ("different", 1, None)
    assert not is_finite([np.zeros(2), np.array([np.inf])])
    assert is_finite([np.zeros(2), np.array([1])])


# --- rounding and another function


def test_an_error_that_shrinks_is_rounding() -> None:
    coarse = one(row(118), [[1.0]])
    assert judge([coarse], None) == "unknown"
    assert judge([coarse], [one(row(8188, scale=13), [[1.0]])]) == "coarse"
    assert judge([coarse], [one(row(8192 - 640, scale=13), [[1.0]])]) == "different"
    assert judge([coarse], [one(CircuitOutput((2,), (8192, 0), 13), [[1.0]])]) == "different"
    assert judge([one(row(128), [[1.0]])], None) == "same"


def test_the_worst_output_speaks_for_the_circuit() -> None:
    same, coarse, other = one(row(128), [[1.0]]), one(row(118), [[1.0]]), one(row(0), [[1.0]])
    fine = [one(row(8192, scale=13), [[1.0]])] * 2
    assert judge([same, coarse], fine) == "coarse"
    assert [found.status for found in judge_outputs([same, coarse], fine)] == ["same", "coarse"]
    assert judge([coarse, other], [fine[0], one(row(0, scale=13), [[1.0]])]) == "different"
    with pytest.raises(ValueError, match="zip"):
        judge_outputs([coarse], fine)


def test_an_error_no_larger_than_the_model_s_own_movement_is_the_same() -> None:
    coarse, fine = one(row(118), [[1.0]]), one(row(8188, scale=13), [[1.0]])
    assert judge([coarse], [fine], [6 / 128]) == "same"
    assert judge([coarse], [fine], [5 / 128]) == "coarse"
    # However sensitive a model is, an error that stays is another function.
    assert judge([coarse], [one(row(7552, scale=13), [[1.0]])], [1.0]) == "different"


def test_the_movement_of_a_model_is_that_of_half_a_step() -> None:
    inputs = (np.zeros((2, 3), np.float32), np.array([1, 2]))
    moved = nudged(inputs, [7, 0], seed=1)
    assert {float(step) for floats, _ in moved for step in floats.flat} == {-1 / 256, 1 / 256}
    assert all(integers is inputs[1] for _, integers in moved)
    outputs = [(10 * floats + 20,) for floats, _ in moved]
    assert sensitivity([np.full((2, 3), 20.0)], outputs) == (pytest.approx(10 / 256 / 20),)


def test_finer_run_args_make_room_for_what_grows() -> None:
    fine = fine_run_args(RunArgs(input_visibility="hashed", param_visibility="polycommit", rebase_scale=9))
    assert (fine.input_scale, fine.param_scale, fine.rebase_scale, fine.decomp_legs) == (13, 13, 15, 4)
    assert fine.lookup_range == (-(1 << 22), 1 << 22)
    assert (fine.input_visibility, fine.param_visibility) == ("public", "private")
    narrow = RunArgs(decomp_base=128, decomp_legs=4, lookup_range=(-(1 << 20), 1 << 20))
    assert fine_run_args(narrow).decomp_legs == 7
    assert fine_run_args(narrow).lookup_range == (-(1 << 26), 1 << 26)
    assert fine_run_args(RunArgs(decomp_legs=9)).decomp_legs == 9  # EZKL holds no more


# --- EZKL's own witnesses


def judged(
    model: Path, inputs: Inputs, run_args: RunArgs, *, with_sensitivity: bool = False
) -> tuple[Judgement, Judgement]:
    """Without the finer witness and with it."""
    finer = fine_run_args(run_args)
    (coarse, scales), (fine, fine_scales) = (outputs_of(model, inputs, args) for args in (run_args, finer))
    read = as_circuit_reads(inputs, scales)
    sets = [read, as_circuit_reads(inputs, fine_scales), *nudged(read, scales, seed=0)]
    truth, fine_truth, *moved = infer_all(model, sets, limits=LIMITS, repeats=False)
    found = compare_outputs(coarse, truth.outputs, truth.names, run_args=run_args)
    fine_found = compare_outputs(fine, fine_truth.outputs, truth.names, run_args=finer)
    own = sensitivity(truth.outputs, [other.outputs for other in moved]) if with_sensitivity else None
    return judge(found, None), judge(found, fine_found, own)


@pytest.mark.parametrize(
    ("name", "alone"),
    [
        ("cancer_mlp", "same"),
        ("cancer_trees", "same"),
        ("digits_cnn", "same"),
        ("digits_gru", "same"),
        ("digits_transformer", "unknown"),
    ],
)
def test_every_sample_is_proved_as_what_it_is(name: str, alone: Judgement) -> None:
    pytest.importorskip("ezkl")
    pytest.importorskip("onnxruntime")
    model = SAMPLES / name / "model.onnx"
    specs = input_specs(bind_dimensions(read_source(model).model, {})[0])
    inputs = read_inputs(SAMPLES / name / "input.json", specs)
    assert judged(model, inputs, ARGS, with_sensitivity=True) == (alone, "same")


def node(
    kind: str, x: np.ndarray, constants: Mapping[str, np.ndarray] | None = None, **attributes: Any
) -> Example:
    names = ["x", *(constants or {})]
    return example([helper.make_node(kind, names, ["y"], **attributes)], {"x": x}, constants)


EQUAL = [helper.make_node("Equal", ["x", "c"], ["e"]), helper.make_node("Cast", ["e"], ["y"], to=1)]
IMAGE = numbers(1, 1, 6, 6)
POOL = {"kernel_shape": [3, 3], "strides": [1, 1]}
MEAN = {"axes": [1], "keepdims": 0}


@pytest.mark.parametrize(
    ("found", "judgements"),
    [
        (node("AveragePool", IMAGE, **POOL), ("same", "same")),
        (node("AveragePool", IMAGE, **POOL, pads=[1, 1, 1, 1]), ("unknown", "different")),
        (node("ReduceMean", np.abs(numbers(1, 16)), **MEAN), ("same", "same")),
        (node("ReduceMean", np.abs(numbers(1, 300)), **MEAN), ("unknown", "coarse")),
        (example(EQUAL, {"x": numbers(1, 8)}, {"c": numbers(1, 8)}), ("unknown", "different")),
        (node("MatMul", numbers(1, 8), {"w": numbers(8, 4)}), ("same", "same")),
    ],
    ids=["pool", "padded pool", "mean of 16", "mean of 300", "equal", "dense"],
)
def test_another_function_is_told_from_rounding(
    tmp_path: Path, found: Example, judgements: tuple[Judgement, Judgement]
) -> None:
    pytest.importorskip("ezkl")
    pytest.importorskip("onnxruntime")
    model = tmp_path / "model.onnx"
    model.write_bytes(found.model)
    inputs = Inputs(names=("x",), arrays=found.inputs, source="file", seed=None, sha256="")
    assert judged(model, inputs, ARGS, with_sensitivity=True) == judgements


def test_narrow_run_args_have_a_finer_witness_too(tmp_path: Path) -> None:
    pytest.importorskip("ezkl")
    pytest.importorskip("onnxruntime")
    model = tmp_path / "model.onnx"
    model.write_bytes(node("MatMul", numbers(1, 8), {"w": numbers(8, 4)}).model)
    inputs = Inputs(names=("x",), arrays=(numbers(1, 8),), source="file", seed=None, sha256="")
    narrow = replace(ARGS, decomp_base=128, decomp_legs=4, num_inner_cols=1, logrows=8, lookup_range=(0, 0))
    assert judged(model, inputs, narrow) == ("same", "same")
