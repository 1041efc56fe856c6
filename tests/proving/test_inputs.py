"""Inputs: what may be fed to a model, what is refused and with which words, and what EZKL makes of it."""

from __future__ import annotations

import io
import json
import os
import random
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from onnx import TensorProto, helper

from auditor.circuit.run_args import RunArgs
from auditor.errors import UsageError
from auditor.model import bind_dimensions, read_source
from auditor.proving.inputs import (
    Inputs,
    InputSpec,
    as_circuit_reads,
    as_input_json,
    check_range,
    input_specs,
    probe_inputs,
    quantised,
    random_inputs,
    read_inputs,
)
from tests.cli.models import perceptron, save

X = InputSpec(name="x", dtype="float", shape=(1, 4))
IDS = InputSpec(name="ids", dtype="int64", shape=(2, 3))
MASK = InputSpec(name="mask", dtype="bool", shape=(3,))


def given(path: Path, content: Any) -> Path:
    """A file with this input_data, or with this text."""
    text = content if isinstance(content, str) else json.dumps({"input_data": content})
    path.write_text(text, encoding="utf-8")
    return path


def packed(path: Path, **arrays: np.ndarray) -> Path:
    np.savez(path, **arrays)
    return path


def refusal(path: Path, specs: Sequence[InputSpec]) -> str:
    with pytest.raises(UsageError) as raised:
        read_inputs(path, specs)
    return str(raised.value)


def of(*arrays: np.ndarray) -> Inputs:
    names = tuple(f"x{index}" for index in range(len(arrays)))
    return Inputs(names=names, arrays=arrays, source="file", seed=None, sha256="")


# --- what a model takes


def test_the_inputs_of_a_model_with_an_open_batch(tmp_path: Path) -> None:
    model, _ = bind_dimensions(read_source(perceptron(tmp_path / "m.onnx", batch="n")).model, {"n": 2})
    assert input_specs(model) == (replace(X, shape=(2, 4)),)


def test_a_type_without_numbers_is_refused(tmp_path: Path) -> None:
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])],
        "texts",
        [helper.make_tensor_value_info("x", TensorProto.STRING, [1])],
        [helper.make_tensor_value_info("y", TensorProto.STRING, [1])],
    )
    model, _ = bind_dimensions(read_source(save(graph, tmp_path / "m.onnx")).model, {})
    with pytest.raises(UsageError, match="input 'x' is of type string"):
        input_specs(model)


# --- files that are right


@pytest.mark.parametrize("row", [[1, 0.5, True, "-2e0"], [[1, 0.5, 1, -2]], [[1, 0.5], [1, -2]]])
def test_numbers_in_the_right_order_take_the_declared_shape(tmp_path: Path, row: list[Any]) -> None:
    inputs = read_inputs(given(tmp_path / "input.json", [row]), [X])
    (array,) = inputs.arrays
    assert array.tolist() == [[1.0, 0.5, 1.0, -2.0]]
    assert array.dtype == np.float32


def test_other_keys_of_ezkl_are_ignored(tmp_path: Path) -> None:
    text = '{"input_shapes": [[4]], "input_data": [[1, 2, 3, 4]], "output_data": [[null]]}'
    assert read_inputs(given(tmp_path / "input.json", text), [X]).arrays[0].sum() == 10


def test_all_spellings_of_the_same_numbers_are_the_same_input(tmp_path: Path) -> None:
    x, ids = np.float32([[0.25, -1, 0, 3]]), np.int64([[1, 2, 3], [4, 5, 6]])
    files = (
        given(tmp_path / "input.json", [x.tolist(), ids.ravel().tolist()]),
        packed(tmp_path / "named.npz", ids=ids, x=x.astype(np.float64)),
        packed(tmp_path / "numbered.npz", arr_0=x.T, arr_1=ids.astype(np.float64)),
    )
    read = [read_inputs(file, [X, IDS]) for file in files]
    assert len({one.sha256 for one in read}) == 1
    assert read[0].names == ("x", "ids")
    assert [array.dtype for array in read[0].arrays] == [np.float32, np.int64]


def test_fortran_order_is_read_as_what_it_says(tmp_path: Path) -> None:
    wanted = np.arange(6).reshape(2, 3)
    np.save(tmp_path / "x.npy", np.asfortranarray(wanted))
    assert (read_inputs(tmp_path / "x.npy", [IDS]).arrays[0] == wanted).all()


def test_the_hash_covers_names_types_shapes_and_values() -> None:
    specs = (X, replace(X, name="z"), replace(X, dtype="double"), replace(X, shape=(4, 1)))
    hashes = {random_inputs([spec], 1).sha256 for spec in specs} | {random_inputs([X], 2).sha256}
    assert len(hashes) == 5


# --- files that are not


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([[1, 2, 3]], ["'x' takes 1 x 4 numbers", "got 3 numbers"]),
        ([[1, 2, 3, 4, 5, 6, 7, 8]], ["got 8 numbers", "each row in a file of its own"]),
        ([[1, 2, 3, 4], [5, 6, 7, 8]], ["2 lists", "one input ('x')", "ignore the rest"]),
        ([], ["0 lists", "one input"]),
        ([1, 2, 3, 4], ["where a list for each input"]),
        ([[[1, 2], [3]]], ["'x' differ in length"]),
        ([[[1, 2], 3]], ["'x' differ in length"]),
        ([[1, None, 3, 4]], ["'x' holds null at 1"]),
        ([[1, {}, 3, 4]], ["'x' holds an object at 1"]),
        ([[1, "two", 3, 4]], ["'x' at [1]", "'two' is no number"]),
        ([["00" * 32, 1, 2, 3]], ["'x' at [0]", "element of the field"]),
        ('{"input_data": [[1, NaN, 3, 4]]}', ["'x' at [1]", "nan"]),
        ('{"input_data": [[1, 2, 3, 1e999]]}', ["'x' at [3]", "inf"]),
        ([[1, 2, 3, 1e39]], ["'x' at [3]", "too large for float32"]),
        ([[1, 2, 3, 10**400]], ["'x' at [3]", "too large for float32"]),
        ('{"input_data": [[1, 2, 3, 4]], "input_data": [[4, 3, 2, 1]]}', ["occurs twice"]),
        ('{"data": [[1, 2, 3, 4]]}', ["no list called input_data"]),
        ("[1, 2]", ["no list called input_data"]),
        ("{", ["neither JSON nor a numpy file"]),
        ("", ["neither JSON nor a numpy file"]),
        ("[" * 100_000, ["nested too deeply"]),
        ("9" * 5_000, ["neither JSON"]),
        ('{"input_data": [' + "[" * 99 + "]" * 100 + "}", ["'x' is nested too deeply"]),
    ],
)
def test_what_is_wrong_with_json_is_said(tmp_path: Path, content: Any, words: list[str]) -> None:
    message = refusal(given(tmp_path / "input.json", content), [X])
    assert all(word in message for word in words), message


@pytest.mark.parametrize(
    ("value", "dtype", "words"),
    [
        (0.5, "int64", "0.5 is not whole"),
        (300, "uint8", "300 is outside uint8"),
        (-1, "uint64", "-1 is outside uint64"),
        (2**53 + 1, "int64", "9007199254740993 is not what EZKL would read"),
        (2**63, "uint64", "9223372036854775808 is not what EZKL would read"),
        (10**4000, "int64", "outside int64"),
        (2, "bool", "2 is neither 0 nor 1"),
        (70000, "float16", "too large for float16"),
    ],
)
def test_a_number_outside_the_type_is_refused(tmp_path: Path, value: Any, dtype: str, words: str) -> None:
    spec = InputSpec(name="i", dtype=dtype, shape=(1,))
    assert words in refusal(given(tmp_path / "input.json", [[value]]), [spec])


def test_crosswise_axes_are_not_taken_for_each_other(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((3, 2)))
    assert "transpose it" in refusal(tmp_path / "x.npy", [IDS])


def test_what_is_wrong_with_arrays_is_said(tmp_path: Path) -> None:
    four = np.zeros(4)
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    np.save(tmp_path / "texts.npy", np.array(["1"]))
    np.save(tmp_path / "complex.npy", four.astype(complex))
    assert "a pickled array is never loaded" in refusal(tmp_path / "objects.npy", [X])
    assert "no number of ONNX" in refusal(tmp_path / "texts.npy", [X])
    assert "'<c16', no number of ONNX" in refusal(tmp_path / "complex.npy", [X])
    assert "holds one array" in refusal(tmp_path / "complex.npy", [X, IDS])
    wrong_names = packed(tmp_path / "wrong.npz", x=four, foo=four)
    assert "holds x, foo, and the model takes 2 inputs ('x', 'ids')" in refusal(wrong_names, [X, IDS])


def header(shape: object, data: bytes) -> bytes:
    """An .npy that claims ``shape``."""
    buffer = io.BytesIO()
    head = {"descr": "<f4", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, head)  # type: ignore[arg-type]
    return buffer.getvalue() + data


@pytest.mark.parametrize(
    "shape", [(1 << 62,), (1 << 40, 1 << 40), (5,), (-4,), (0, -4), (4.0,), (True,), (0, 1 << 70)]
)
def test_a_header_that_lies_makes_no_array(tmp_path: Path, shape: tuple[int, ...]) -> None:
    (tmp_path / "x.npy").write_bytes(header(shape, bytes(16)))
    assert "its header says" in refusal(tmp_path / "x.npy", [X])


def test_an_archive_that_unpacks_to_much_more_is_stopped(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", header((1 << 23,), bytes(1 << 25)))
    assert (tmp_path / "bomb.npz").stat().st_size < 1 << 20
    assert "unpacks to more than" in refusal(tmp_path / "bomb.npz", [X])


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(1 << 30)
    assert "no regular file" in refusal(tmp_path / "pipe", [X])
    assert "no regular file" in refusal(tmp_path, [X])
    assert "cannot be read" in refusal(tmp_path / "absent", [X])
    assert "is larger than" in refusal(tmp_path / "large", [X])


def test_damaged_files_are_refused_and_never_crash(tmp_path: Path) -> None:
    chance = random.Random(1)
    np.save(tmp_path / "x.npy", np.zeros((2, 3)))
    sources = [
        packed(tmp_path / "x.npz", ids=np.arange(6), mask=np.array([True, False, True])).read_bytes(),
        (tmp_path / "x.npy").read_bytes(),
        given(tmp_path / "input.json", [[1, 2, 3, 4, 5, 6], [True, 0, 1]]).read_bytes(),
    ]
    refused = 0
    for _ in range(600):
        data = bytearray(chance.choice(sources))
        for _ in range(chance.randint(1, 3)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        (tmp_path / "damaged").write_bytes(data[: chance.choice([len(data), chance.randrange(len(data))])])
        try:
            read_inputs(tmp_path / "damaged", [IDS, MASK])
        except UsageError:
            refused += 1
    assert refused > 300


# --- random inputs


def test_random_inputs_are_the_same_on_every_machine() -> None:
    """The hash was made with numpy 2.4.6 on x86-64."""
    inputs = random_inputs([X, IDS, MASK], seed=7)
    assert inputs.sha256 == "56d3c574f51e6d2f4add498716bcc23130c5b31c5c1f802aac0c06b690599c22"
    assert (inputs.source, inputs.seed) == ("random", 7)


def test_random_inputs_keep_to_their_types() -> None:
    large = [replace(spec, shape=(1000,)) for spec in (X, replace(X, dtype="float16"), IDS, MASK)]
    x, half, ids, mask = random_inputs(large, seed=0).arrays
    for floats in (x, half):
        assert -1 <= floats.min() < -0.9
        assert 0.9 < floats.max() <= 1
    assert set(ids.tolist()) == {0, 1}
    assert mask.dtype == np.bool_
    assert 300 < mask.sum() < 700


def test_probes_show_what_a_uniform_draw_hides() -> None:
    both, negative, few = (one.arrays[0] for one in probe_inputs([replace(X, shape=(4000,))], seed=0))
    assert (both.min(), both.max(), negative.min(), negative.max()) == (-1, 1, -1, 0)
    assert set(few.tolist()) == {-1, 0, 1}
    assert (both * 64 == np.round(both * 64)).all()


# --- the circuit


def test_half_a_step_is_rounded_away_from_zero() -> None:
    steps = np.array([0.5, -0.5, 1.5, 0.49999997, -2.25, 0.0], np.float32)
    (rounded,) = as_circuit_reads(of(steps / 128), [7])
    assert (rounded * 128).tolist() == [1, -1, 2, 0, -2, 0]
    assert [quantised(float(step) / 128, 7) for step in steps] == [1, -1, 2, 0, -2, 0]


def test_integers_stay_exact_in_what_ezkl_reads() -> None:
    ids, mask = np.array([[2**53, -3]]), np.array([True, False])
    assert json.dumps(as_input_json(of(ids, mask))) == '{"input_data": [[9007199254740992, -3], [1, 0]]}'
    assert as_circuit_reads(of(ids), [0])[0] is ids


def test_a_number_too_large_for_the_circuit_names_the_way_out() -> None:
    args = RunArgs(decomp_base=128, decomp_legs=2)
    fits, exceeds = np.float32([[0, 127.99]]), np.float32([[0, -128]])
    check_range(of(fits), [7], [True], args)
    check_range(of(exceeds), [7], [False], args)
    with pytest.raises(UsageError) as raised:
        check_range(of(exceeds), [7], [True], args)
    message = str(raised.value)
    assert "input 'x0' is -128 at [0, 1], which at scale 7 becomes -16,384" in message
    assert "room for 16,383, that is for magnitudes up to 127.992188" in message
    assert "--set decomp_legs=3 or --set input_scale=6" in message
    check_range(of(exceeds), [7], [True], replace(args, decomp_legs=3))
    check_range(of(exceeds), [6], [True], args)


def test_no_number_passes_that_ezkl_cannot_hold() -> None:
    with pytest.raises(UsageError, match="give smaller numbers"):
        check_range(of(np.array([1e308])), [7], [False], RunArgs())


@pytest.mark.parametrize(("value", "fits"), [(16383, True), (16384, False), (-16383, True), (-16384, False)])
def test_ezkl_draws_the_line_at_the_same_integer(tmp_path: Path, value: int, fits: bool) -> None:
    pytest.importorskip("ezkl")
    args = RunArgs(decomp_base=128, decomp_legs=2, lookup_range=(0, 0), logrows=9, num_inner_cols=1)
    inputs = of(np.array([value]))
    with_ezkl = _accepted(lambda: _witness(tmp_path, np.array([-value // 2]), inputs, args))
    assert with_ezkl == _accepted(lambda: check_range(inputs, [0], [True], args)) == fits


def _accepted(attempt: Callable[[], object]) -> bool:
    from auditor.ezkl import Rejected

    try:
        attempt()
    except (UsageError, Rejected):
        return False
    return True


def _witness(directory: Path, added: np.ndarray, inputs: Inputs, run_args: RunArgs) -> None:
    """The witness of x + added, small enough at the output."""
    from onnx import numpy_helper

    from tests.proving.circuits import outputs_of

    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "c"], ["y"])],
        "sum",
        [helper.make_tensor_value_info("x", TensorProto.INT64, [1])],
        [helper.make_tensor_value_info("y", TensorProto.INT64, [1])],
        [numpy_helper.from_array(added, "c")],
    )
    outputs_of(save(graph, directory / "m.onnx"), inputs, run_args)
