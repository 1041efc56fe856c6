"""For each fidelity rule the smallest model that meets it, and its nearest neighbour that does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import TensorProto, helper

from tests.fidelity.building import Case, Example, example, floats, ints, numbers, one
from tests.fidelity.images import IMAGES
from tests.fidelity.loops_and_scales import LOOPS_AND_SCALES
from tests.fidelity.recurrent import RECURRENT, recurrent

TOLERANCE = 0.02
"""Of the largest number in the output, or of 1: fixed-point error stays below, another function above."""


def _equal(reader: str) -> Example:
    nodes = [helper.make_node("Equal", ["x", "c"], ["e"], name="equal")]
    if reader == "Where":
        nodes.append(helper.make_node("Where", ["e", "c", "zero"], ["y"], name="where"))
    else:
        nodes.append(helper.make_node("Cast", ["e"], ["y"], name="cast", to=TensorProto.FLOAT))
    return example(nodes, {"x": floats(1, 2, 3)}, {"c": floats(1, 2.5, 3), "zero": floats(0, 0, 0)})


def _scatter(
    operator: str, indices: np.ndarray, data: np.ndarray, updates: np.ndarray, **attributes: Any
) -> Example:
    node = helper.make_node(operator, ["x", "i", "u"], ["y"], name="node", **attributes)
    return example([node], {"x": data, "u": updates}, {"i": indices}, opset=18)


def _negative(operator: str, indices: np.ndarray, **attributes: Any) -> Example:
    return one(operator, {"x": numbers(3, 3)}, {"i": indices}, **attributes)


def _dequantise(scale: float) -> Example:
    quantised = {"x": np.asarray([[5, -4]], dtype=np.int8)}
    return one("DequantizeLinear", quantised, {"s": np.float32(scale), "z": np.int8(0)})


def _function(domain: str) -> Example:
    """A function that negates, under the name of Relu or under none that EZKL knows."""
    body = [helper.make_node("Neg", ["a"], ["b"])]
    opsets = [helper.make_opsetid("", 17)]
    node = helper.make_node("Relu", ["x"], ["y"], name="node", domain=domain)
    info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [3]) for name in ("x", "y")]
    graph = helper.make_graph([node], "graph", info[:1], info[1:])
    functions = [helper.make_function(domain, "Relu", ["a"], ["b"], body, opsets)] if domain else []
    imports = [*opsets, helper.make_opsetid(domain, 1)] if domain else opsets
    model = helper.make_model(graph, opset_imports=imports, functions=functions, ir_version=8)
    return Example(model=model.SerializeToString(), inputs=(floats(-1, 0.5, 2),))


def _reshape(target: Sequence[int], reader: str = "") -> Example:
    """A Reshape to ``target``, and what reads its result."""
    nodes = [
        helper.make_node("Relu", ["x"], ["r"], name="relu"),
        helper.make_node("Reshape", ["r", "s"], ["t" if reader else "y"], name="node"),
    ]
    if reader:
        nodes.append(helper.make_node(reader, ["t"], ["y"], name="reader", axis=-1))
    return example(nodes, {"x": numbers(1, 2, 3, 4)}, {"s": ints(*target)}, {"y": ("float32", (1, 2, 12))})


_SIGNED = {"x": floats(-1.75, -0.5, 0.5, 1.75)}
_TOGGLE = {"x": ints(2, 0, 1, -3)}
_MASK = np.asarray([[0, 1, 2], [1, 2, 0], [2, 0, 1]], dtype=np.int64)
_EACH_CELU = {"x": floats(-1, -0.5, 0.5, 1)}
_MATRIX = numbers(3, 3)
_NORMS = {"s": np.ones(2, np.float32), "b": np.zeros(2, np.float32)}
_LOW = {"input_scale": 7, "param_scale": 7}
_SHIFTED = {"x": np.asarray([7, 8, 200], dtype=np.uint8)}

CASES: tuple[Case, ...] = (
    Case(rule="AUD-FID-005", name="Equal to a number", wrong=_equal("Cast"), right=_equal("Where")),
    Case(
        rule="AUD-FID-006",
        name="ScatterElements reduction",
        wrong=_scatter("ScatterElements", _MASK, _MATRIX, numbers(3, 3) * 2, axis=0, reduction="add"),
        right=_scatter("ScatterElements", _MASK, _MATRIX, numbers(3, 3) * 2, axis=0),
    ),
    Case(
        rule="AUD-FID-006",
        name="ScatterND reduction",
        wrong=_scatter("ScatterND", ints([0], [2]), numbers(4, 3), numbers(2, 3) * 2, reduction="mul"),
        right=_scatter("ScatterND", ints([0], [2]), numbers(4, 3), numbers(2, 3) * 2),
    ),
    Case(
        rule="AUD-FID-007",
        name="Trilu of a matrix",
        wrong=one("Trilu", {"x": numbers(4, 4)}),
        right=one("Trilu", {"x": numbers(1, 4, 4)}),
    ),
    Case(
        rule="AUD-FID-007",
        name="Trilu of rank 4",
        wrong=one("Trilu", {"x": numbers(2, 2, 4, 4)}, upper=0),
        right=one("Trilu", {"x": numbers(2, 3, 4, 4)}, upper=0),
    ),
    Case(
        rule="AUD-FID-009",
        name="Einsum diagonal",
        wrong=one("Einsum", {"x": numbers(4, 4)}, equation="ii->i"),
        right=one("Einsum", {"x": numbers(4, 4)}, equation="ij->i"),
    ),
    *(
        Case(
            rule="AUD-FID-010",
            name=f"{operator} reverse",
            wrong=recurrent(operator, direction="reverse"),
            right=recurrent(operator, direction="forward"),
        )
        for operator in ("RNN", "GRU", "LSTM")
    ),
    Case(
        rule="AUD-FID-011",
        name="InstanceNormalization of a batch",
        wrong=one(
            "InstanceNormalization", {"x": numbers(2, 2, 4, 4) * floats(1, 3).reshape(2, 1, 1, 1)}, _NORMS
        ),
        right=one("InstanceNormalization", {"x": numbers(1, 2, 4, 4) * 2}, _NORMS),
    ),
    Case(
        rule="AUD-FID-012",
        name="Celu alpha",
        wrong=one("Celu", _EACH_CELU, alpha=0.5),
        right=one("Celu", _EACH_CELU, alpha=1.0),
    ),
    Case(rule="AUD-FID-013", name="DequantizeLinear", wrong=_dequantise(0.25), right=_dequantise(1.0)),
    Case(
        rule="AUD-FID-013",
        name="MatMulInteger",
        wrong=one(
            "MatMulInteger",
            {"x": np.asarray([[1, 2, 3]], np.uint8)},
            {"w": np.asarray([[1], [2], [3]], np.uint8)},
            dtype="int32",
        ),
        right=one("MatMul", {"x": floats([1, 2, 3])}, {"w": floats([1], [2], [3])}),
    ),
    Case(
        rule="AUD-FID-013",
        name="ConvInteger zero point",
        wrong=one(
            "ConvInteger",
            {"x": np.arange(9, dtype=np.uint8).reshape(1, 1, 3, 3)},
            {"w": np.ones((1, 1, 2, 2), np.uint8), "z": np.uint8(2)},
            dtype="int32",
            strides=[1, 1],
        ),
        right=one(
            "ConvInteger",
            {"x": np.arange(9, dtype=np.uint8).reshape(1, 1, 3, 3)},
            {"w": np.ones((1, 1, 2, 2), np.uint8), "z": np.uint8(0)},
            dtype="int32",
            strides=[1, 1],
        ),
    ),
    Case(
        rule="AUD-FID-014",
        name="Div of integers",
        wrong=one("Div", {"x": ints(7, 8, -7)}, {"c": np.int64(2)}, dtype="int64"),
        right=one("Div", {"x": floats(7, 8, -7)}, {"c": np.float32(2)}),
    ),
    Case(
        rule="AUD-FID-014",
        name="ReduceMean of integers",
        wrong=one("ReduceMean", {"x": ints(1, 2, 3, 5)}, dtype="int64", keepdims=0),
        right=one("ReduceMean", {"x": floats(1, 2, 3, 5)}, keepdims=0),
    ),
    Case(
        rule="AUD-FID-014",
        name="BitShift to the right",
        wrong=one(
            "BitShift",
            {"x": np.asarray([7, 9, 3], np.uint8)},
            {"c": np.uint8(1)},
            dtype="uint8",
            direction="RIGHT",
        ),
        right=one(
            "BitShift",
            {"x": np.asarray([7, 9, 3], np.uint8)},
            {"c": np.uint8(0)},
            dtype="uint8",
            direction="RIGHT",
        ),
    ),
    *(
        Case(
            rule="AUD-FID-015",
            name=f"Pow {exponent:g}",
            wrong=one("Pow", {"x": floats(0.5, 1.5, 2)}, {"c": np.float32(exponent)}),
            right=one("Pow", {"x": floats(0.5, 1.5, 2)}, {"c": np.float32(-0.5)}),
        )
        for exponent in (0, -1, -2)
    ),
    Case(
        rule="AUD-FID-016",
        name="Gather",
        wrong=_negative("Gather", ints(-2, 1)),
        right=_negative("Gather", ints(-1, 1)),
    ),
    Case(
        rule="AUD-FID-016",
        name="GatherElements",
        wrong=_negative("GatherElements", ints([-1], [1])),
        right=_negative("GatherElements", ints([2], [1])),
    ),
    Case(
        rule="AUD-FID-016",
        name="GatherND",
        wrong=_negative("GatherND", ints([-1], [1])),
        right=_negative("GatherND", ints([2], [1])),
    ),
    Case(
        rule="AUD-FID-016",
        name="ScatterElements",
        wrong=_scatter("ScatterElements", ints([0, 1, -1]), _MATRIX, numbers(1, 3) * 2, axis=0),
        right=_scatter("ScatterElements", ints([0, 1, 2]), _MATRIX, numbers(1, 3) * 2, axis=0),
    ),
    Case(
        rule="AUD-FID-016",
        name="ScatterND",
        wrong=_scatter("ScatterND", ints([1], [-1]), numbers(4, 3), numbers(2, 3) * 2),
        right=_scatter("ScatterND", ints([1], [3]), numbers(4, 3), numbers(2, 3) * 2),
    ),
    Case(
        rule="AUD-FID-017",
        name="Cast to integer",
        wrong=one("Cast", _SIGNED, dtype="int64", to=TensorProto.INT64),
        right=example(
            [
                helper.make_node("Relu", ["x"], ["r"], name="relu"),
                helper.make_node("Cast", ["r"], ["y"], name="node", to=TensorProto.INT64),
            ],
            _SIGNED,
            outputs={"y": ("int64", None)},
        ),
    ),
    Case(
        rule="AUD-FID-017",
        name="Cast to bool",
        wrong=one("Cast", _TOGGLE, dtype="bool", to=TensorProto.BOOL),
        right=one("Greater", _TOGGLE, {"c": np.int64(0)}, dtype="bool"),
    ),
    Case(
        rule="AUD-FID-018",
        name="OneHot values",
        wrong=one("OneHot", {"x": ints(0, 1, 3)}, {"d": np.int64(4), "v": floats(2, 5)}),
        right=one("OneHot", {"x": ints(0, 1, 3)}, {"d": np.int64(4), "v": floats(0, 1)}),
    ),
    Case(
        rule="AUD-FID-019",
        name="SpaceToDepth mode",
        wrong=one("SpaceToDepth", {"x": numbers(1, 2, 4, 4)}, opset=28, blocksize=2, mode="CRD"),
        right=one("SpaceToDepth", {"x": numbers(1, 2, 4, 4)}, opset=28, blocksize=2, mode="DCR"),
    ),
    Case(
        rule="AUD-FID-023",
        name="mean over many",
        wrong=one("ReduceMean", {"x": np.ones(300, np.float32)}, keepdims=0, run_args=_LOW),
        right=one("ReduceMean", {"x": np.ones(128, np.float32)}, keepdims=0, run_args=_LOW),
    ),
    Case(
        rule="AUD-FID-023",
        name="division by a large number",
        wrong=one("Div", {"x": floats(300, 100)}, {"c": np.float32(300)}, run_args=_LOW),
        right=one("Div", {"x": floats(300, 100)}, {"c": np.float32(64)}, run_args=_LOW),
    ),
    Case(
        rule="AUD-FID-024",
        name="rough mean",
        wrong=one("ReduceMean", {"x": np.ones(300, np.float32)}, keepdims=0),
        right=one("ReduceMean", {"x": np.ones(256, np.float32)}, keepdims=0),
    ),
    Case(
        rule="AUD-FID-025",
        name="index input",
        effect="no witness",
        wrong=one("Gather", {"x": numbers(3, 3), "i": ints(-1, 1)}),
        right=example(
            [
                helper.make_node("Abs", ["i"], ["a"], name="abs"),
                helper.make_node("Gather", ["x", "a"], ["y"], name="node"),
            ],
            {"x": numbers(3, 3), "i": ints(-1, 1)},
        ),
    ),
    Case(
        rule="AUD-FID-026",
        name="ReduceProd",
        effect="no witness",
        wrong=one("ReduceProd", {"x": np.ones(12, np.float32)}, keepdims=0),
        right=one("ReduceProd", {"x": np.ones(4, np.float32)}, keepdims=0),
    ),
    Case(
        rule="AUD-FID-027",
        name="Reciprocal of zero",
        effect="no witness",
        wrong=one("Reciprocal", {"x": floats(0, 1)}),
        right=one("Reciprocal", {"x": floats(2, 1)}, run_args={"decomp_legs": 5}),
    ),
    Case(
        rule="AUD-FID-028",
        name="Reshape at the end",
        effect="shape",
        wrong=_reshape([0, 0, -1]),
        right=_reshape([0, 2, -1]),
    ),
    Case(rule="AUD-FID-029", name="function named Relu", wrong=_function("local"), right=_function("")),
    Case(
        rule="AUD-FID-030",
        name="Cast to a narrow type",
        wrong=one("Cast", {"x": ints(2, 300)}, dtype="uint8", to=TensorProto.UINT8),
        right=one("Cast", {"x": ints(2, 300)}, dtype="int32", to=TensorProto.INT32),
    ),
    Case(
        rule="AUD-FID-030",
        name="BitShift to the left",
        wrong=one("BitShift", _SHIFTED, {"c": np.uint8(2)}, dtype="uint8", direction="LEFT"),
        right=one("BitShift", _SHIFTED, {"c": np.uint8(0)}, dtype="uint8", direction="RIGHT"),
    ),
    Case(
        rule="AUD-FID-031",
        name="Reshape before Softmax",
        wrong=_reshape([0, 0, -1], "Softmax"),
        right=_reshape([1, 2, 12], "Softmax"),
    ),
    Case(
        rule="AUD-FID-032",
        name="Expand that adds an axis",
        wrong=one("Expand", {"x": numbers(3, 1)}, {"s": ints(2, 3, 4)}),
        right=one("Expand", {"x": numbers(1, 3, 1)}, {"s": ints(2, 3, 4)}),
    ),
    Case(
        rule="AUD-FID-033",
        name="CumSum exclusive",
        wrong=one("CumSum", {"x": numbers(2, 3)}, {"a": np.int64(1)}, exclusive=1),
        right=one("CumSum", {"x": numbers(2, 3)}, {"a": np.int64(1)}, exclusive=0),
    ),
    Case(
        rule="AUD-FID-041",
        name="Einsum without Freivalds over axes in two orders",
        wrong=one(
            "Einsum",
            {"x": numbers(2, 3, 4), "z": numbers(4, 3, 2)},
            run_args={"disable_freivalds": True},
            equation="ijk,kjl->il",
        ),
        right=one(
            "Einsum",
            {"x": numbers(2, 3, 4), "z": numbers(3, 4, 2)},
            run_args={"disable_freivalds": True},
            equation="ijk,jkl->il",
        ),
    ),
    Case(
        rule="AUD-FID-034",
        name="Einsum of one operand to a scalar",
        wrong=one("Einsum", {"x": numbers(2, 3)}, equation="ij->"),
        right=one("Einsum", {"x": numbers(2, 3)}, equation="ij->j"),
    ),
    Case(
        rule="AUD-FID-034",
        name="Einsum of two operands to a scalar",
        wrong=one("Einsum", {"x": numbers(2, 3), "z": numbers(3, 2)}, equation="ij,jk->"),
        right=one("Einsum", {"x": numbers(2, 3), "z": numbers(2, 3)}, equation="ij,ij->"),
    ),
    Case(
        rule="AUD-FID-014",
        name="root of integers",
        wrong=one("Pow", {"x": ints(8, 3, 12)}, {"c": np.float32(0.5)}, dtype="int64"),
        right=one("Pow", {"x": ints(8, 3, 12)}, {"c": np.float32(2)}, dtype="int64"),
    ),
    Case(
        rule="AUD-FID-014",
        name="ReduceL2 of integers",
        wrong=one("ReduceL2", {"x": np.asarray([1, 2, 4], np.int32)}, dtype="int32"),
        right=one("ReduceSumSquare", {"x": np.asarray([1, 2, 4], np.int32)}, dtype="int32"),
    ),
    Case(
        rule="AUD-FID-025",
        name="OneHot index beyond the depth",
        effect="no witness",
        wrong=one("OneHot", {"x": ints(0, 7)}, {"d": np.int64(4), "v": floats(0, 1)}),
        right=one("Gather", {"x": numbers(3, 3)}, {"i": ints(0, 2)}),
    ),
    *(
        Case(
            rule="AUD-FID-030",
            name=f"{operator} of unsigned integers",
            wrong=one(operator, _SHIFTED, {"c": np.uint8(100)}, dtype="uint8"),
            right=one(operator, {"x": ints(7, 8, 200)}, {"c": np.int64(100)}, dtype="int64"),
        )
        for operator in ("Add", "Mul", "Sub")
    ),
    Case(
        rule="AUD-FID-034",
        name="Einsum with two ellipses",
        wrong=one("Einsum", {"x": numbers(2, 3), "z": numbers(2, 3)}, equation="...,..."),
        right=one("Einsum", {"x": numbers(2, 3), "z": numbers(2, 3)}, equation="...,...->..."),
    ),
    *(
        Case(
            rule="AUD-FID-036",
            name=f"GlobalLpPool p={exponent}",
            wrong=one("GlobalLpPool", {"x": numbers(1, 2, 2, 2)}, p=exponent),
            right=one("GlobalLpPool", {"x": numbers(1, 2, 1, 1)}, p=2),
        )
        for exponent in (1, 2, 3)
    ),
    *IMAGES,
    *RECURRENT,
    *LOOPS_AND_SCALES,
)
