"""Small files that ask for a lot: what they cost follows from their nodes, not from the sizes they name."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper

from auditor.circuit import RunArgs
from auditor.lowering import Unmodelled, lower
from auditor.model import read
from tests.lowering.running import onnx_model

CPU_SECONDS = 10


def huge(nodes: list[NodeProto], **constants: object) -> ModelProto:
    arrays = {name: np.asarray(value) for name, value in constants.items()}
    return onnx_model(nodes, {"x": np.zeros(1, np.float32)}, arrays, ["y"])


FILL = helper.make_node(
    "ConstantOfShape", ["s"], ["c"], value=helper.make_tensor("v", TensorProto.FLOAT, [1], [1.5])
)
EYE = helper.make_node("EyeLike", ["c"], ["e"], dtype=TensorProto.FLOAT)
ADD = helper.make_node("Add", ["x", "c"], ["y"])
AMOUNTS = {
    "filled": huge([FILL, ADD], s=[200_000, 200_000]),
    "tiled": huge([helper.make_node("Tile", ["w", "s"], ["c"]), ADD], w=np.float32([1, 2]), s=[10**9]),
    "expanded": huge([helper.make_node("Expand", ["w", "s"], ["c"]), ADD], w=np.float32([3]), s=[10**9, 9]),
    "identity": huge([FILL, EYE, helper.make_node("Add", ["x", "e"], ["y"])], s=[10**5, 10**5]),
}


@pytest.mark.parametrize("name", AMOUNTS)
def test_constants_of_terabytes_are_not_computed(name: str, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(AMOUNTS[name].SerializeToString())
    with pytest.raises(Unmodelled, match="stay unread"):
        lower(read(path).model, RunArgs())


def chain(operator: str, length: int, fan: int) -> ModelProto:
    """``length`` nodes of one operator, each reading the one before ``fan`` times."""
    names = ["x", *(f"t{step}" for step in range(length - 1)), "y"]
    nodes = [helper.make_node(operator, [before] * fan, [after]) for before, after in pairwise(names)]
    return onnx_model(nodes, {"x": np.zeros((1, 4), np.float32)}, {}, ["y"])


@pytest.mark.parametrize(("operator", "fan"), [("Relu", 1), ("Add", 2), ("Transpose", 1), ("Sigmoid", 1)])
def test_thousands_of_nodes_take_seconds(operator: str, fan: int, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(chain(operator, 5_000, fan).SerializeToString())
    model = read(path).model
    started = time.process_time()
    lower(model, RunArgs())
    assert time.process_time() - started < CPU_SECONDS


def test_a_constant_of_many_readers(tmp_path: Path) -> None:
    names = ["x", *(f"t{step}" for step in range(2_999)), "y"]
    nodes = [
        helper.make_node(("Add", "Mul")[step % 2], [before, "w"], [after])
        for step, (before, after) in enumerate(pairwise(names))
    ]
    model = onnx_model(nodes, {"x": np.zeros((1, 4), np.float32)}, {"w": np.float32([1.5, 2, 3, 4])}, ["y"])
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    parsed = read(path).model
    started = time.process_time()
    lower(parsed, RunArgs())
    assert time.process_time() - started < CPU_SECONDS
