"""Whatever happens to the bytes of a model, reading it ends soon, in a model or in an AuditorError."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from auditor.errors import AuditorError, BadModel, Undetermined
from auditor.model import all_graphs, operators, parameters, read
from auditor.model.tensors import unpack_varints

CPU_SECONDS = 5
FUZZ = settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)


def valid_model() -> bytes:
    """A small model with something of everything the reader knows."""
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    body = helper.make_graph(
        [helper.make_node("Neg", ["t"], ["r"])], "b", [], [helper.make_tensor_value_info("r", 1, None)]
    )
    scaled = helper.make_node("Gemm", ["a", "a"], ["c"])
    scaled.attribute.append(onnx.AttributeProto(name="alpha", ref_attr_name="factor", type=1))
    function = helper.make_function("local", "scaled", ["a"], ["c"], [scaled], imports, attributes=["factor"])
    external = TensorProto(name="e", data_type=1, dims=[4], data_location=TensorProto.EXTERNAL)
    external.external_data.add(key="location", value="e.bin")
    external.external_data.add(key="length", value="16")
    sparse = helper.make_sparse_tensor(
        numpy_helper.from_array(np.ones(2, np.float32), "s"), numpy_helper.from_array(np.array([0, 3])), [4]
    )
    tensors = [
        numpy_helper.from_array(np.ones((2, 2), np.float32), "w"),
        helper.make_tensor("typed", TensorProto.FLOAT, [3], [1.0, 2.0, 3.0]),
        helper.make_tensor("ints", TensorProto.INT64, [3], [1, -2, 300]),
        helper.make_tensor("texts", TensorProto.STRING, [2], [b"a", b"b"]),
        TensorProto(name="nibbles", data_type=TensorProto.INT4, dims=[3], raw_data=b"\x12\x03"),
        external,
    ]
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["m"], name="first"),
        helper.make_node("scaled", ["m"], ["t"], domain="local", factor=0.5),
        helper.make_node("Constant", [], ["flag"], value=numpy_helper.from_array(np.array(True))),
        helper.make_node("If", ["flag"], ["y"], then_branch=body, else_branch=body),
        helper.make_node("Op", ["y"], ["z"], ints=[1, 2, 3], floats=[0.5], strings=["a"], text="ü"),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", 1, ["N + 1", 2])],
        [helper.make_tensor_value_info("y", 1, ["N", None])],
        tensors,
        value_info=[helper.make_tensor_value_info("m", 1, ["N", 2])],
        sparse_initializer=[sparse],
    )
    return helper.make_model(graph, functions=[function], opset_imports=imports).SerializeToString()


VALID = valid_model()


def try_to_read(path: Path, content: bytes) -> None:
    """Reads ``content`` and looks at everything; fails on any other exception, and when it takes long."""
    path.write_bytes(content)
    started = time.process_time()
    reason = ""
    try:
        model = read(path, dims={"N": 1}).model
        parameters(model)
        operators(model)
        for graph in all_graphs(model.graph):
            for tensor in (*graph.initializers.values(), *graph.sparse_initializers.values()):
                if tensor.load is not None:
                    values = tensor.load()
                    assert values.shape == tensor.shape
    except AuditorError as error:
        reason = str(error)
    assert reason == "" or reason.isprintable()
    assert time.process_time() - started < CPU_SECONDS


def test_the_model_itself_is_read(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(VALID)
    model = read(tmp_path / "m.onnx", dims={"N": 1})
    assert [node.op_type for node in model.model.graph.nodes] == ["MatMul", "Gemm", "Constant", "If", "Op"]


def test_every_truncation(tmp_path: Path) -> None:
    for length in range(len(VALID)):
        try_to_read(tmp_path / "m.onnx", VALID[:length])


def test_every_byte_set_to_an_extreme(tmp_path: Path) -> None:
    for position in range(len(VALID)):
        for value in (0x00, 0x7F, 0xFF):
            try_to_read(tmp_path / "m.onnx", VALID[:position] + bytes([value]) + VALID[position + 1 :])


@FUZZ
@given(flips=st.lists(st.tuples(st.integers(0, len(VALID) - 1), st.integers(0, 7)), min_size=1, max_size=12))
def test_flipped_bits(tmp_path: Path, flips: list[tuple[int, int]]) -> None:
    content = bytearray(VALID)
    for position, bit in flips:
        content[position] ^= 1 << bit
    try_to_read(tmp_path / "m.onnx", bytes(content))


@FUZZ
@given(
    start=st.integers(0, len(VALID)), length=st.integers(0, 60), target=st.integers(0, len(VALID)),
    noise=st.binary(max_size=20),
)  # fmt: skip
def test_moved_and_inserted_pieces(
    tmp_path: Path, start: int, length: int, target: int, noise: bytes
) -> None:
    piece = VALID[start : start + length]
    rest = VALID[:start] + VALID[start + length :]
    try_to_read(tmp_path / "m.onnx", rest[:target] + piece + noise + rest[target:])


@FUZZ
@given(st.binary(max_size=200))
def test_bytes_from_nowhere(tmp_path: Path, content: bytes) -> None:
    try_to_read(tmp_path / "m.onnx", b"\x08\x08\x3a" + content)


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=50))
def test_varints_come_back(values: list[int]) -> None:
    stream = bytearray()
    for value in values:
        rest = value % 2**64
        while rest >= 0x80:
            stream.append(rest & 0x7F | 0x80)
            rest >>= 7
        stream.append(rest)
    assert unpack_varints(np.frombuffer(bytes(stream), np.uint8)).tolist() == values


def test_overlong_varints_are_refused() -> None:
    with pytest.raises(BadModel, match="longer than ten bytes"):
        unpack_varints(np.array([0x80] * 11 + [0], np.uint8))


def test_large_sparse_tensors_are_not_made_dense(tmp_path: Path) -> None:
    sparse = helper.make_sparse_tensor(
        numpy_helper.from_array(np.ones(1, np.float32), "s"),
        numpy_helper.from_array(np.array([0])),
        [2**20, 2**20],
    )
    graph = helper.make_graph([], "g", [], [], sparse_initializer=[sparse])
    (tmp_path / "m.onnx").write_bytes(helper.make_model(graph).SerializeToString())
    load = read(tmp_path / "m.onnx").model.graph.sparse_initializers["s"].load
    assert load is not None
    with pytest.raises(Undetermined, match="too large"):
        load()
