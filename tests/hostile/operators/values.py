"""Values no arithmetic survives, weights of other sizes, and attributes of the wrong kind."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from onnx import AttributeProto, TensorProto, helper, numpy_helper

from tests.hostile.making import INT64, behind, floats, graph, info, ints, model, node_of, one
from tests.hostile.operators.common import IMAGE, INFINITE, LEAST, NAN


def _tree(**changes: object) -> bytes:
    values: dict[str, object] = {
        "nodes_treeids": [0, 0, 0],
        "nodes_nodeids": [0, 1, 2],
        "nodes_featureids": [0, 0, 0],
        "nodes_values": [0.5, 0.0, 0.0],
        "nodes_modes": ["BRANCH_LEQ", "LEAF", "LEAF"],
        "nodes_truenodeids": [1, 0, 0],
        "nodes_falsenodeids": [2, 0, 0],
        "target_treeids": [0, 0],
        "target_nodeids": [1, 2],
        "target_ids": [0, 0],
        "target_weights": [1.0, 2.0],
        "n_targets": 1,
    }
    values.update(changes)
    node = node_of("TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", **values)
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    return behind(node, opset_imports=imports)


def _recurrent(operator: str, gates: int, hidden: int = 2, **attributes: object) -> bytes:
    weights = np.ones((1, gates * 2, 4), np.float32)
    recurrence = np.ones((1, gates * 2, 2), np.float32)
    return one(operator, weights, recurrence, shape=(3, 1, 4), hidden_size=hidden, **attributes)


def _wrong_kind(operator: str, *inputs: object, **attributes: AttributeProto) -> bytes:
    return one(operator, *inputs, **attributes)


def _attribute(kind: int, **values: object) -> AttributeProto:
    return AttributeProto(type=kind, **values)


def _scales(factor: float) -> bytes:
    """A product with weights of one size, a hundred times over."""
    names = ["x", *(f"v{index}" for index in range(99)), "y"]
    nodes = [helper.make_node("Mul", [a, "c"], [b]) for a, b in pairwise(names)]
    return behind(*nodes, constants={"c": floats(factor)})


def _quantised(scale: object, zero: object = np.array(0, np.int8)) -> bytes:
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["y"]),
    ]
    return behind(*nodes, constants={"s": scale, "z": zero})


VALUES = {
    "pow-of-1e38": lambda: one("Pow", np.array(1e38, np.float32)),
    "pow-of-2-to-the-40": lambda: one("Pow", np.array(2**40)),
    "pow-of-least": lambda: one("Pow", np.array(LEAST)),
    "pow-of-nan": lambda: one("Pow", np.array(NAN, np.float32)),
    "pow-of-infinity": lambda: one("Pow", np.array(INFINITE, np.float32)),
    "pow-of-minus-a-half": lambda: one("Pow", np.array(-0.5, np.float32)),
    "pow-of-the-input": lambda: one("Pow", "x"),
    "add-nan": lambda: one("Add", floats(NAN, NAN, NAN, NAN)),
    "add-infinity": lambda: one("Add", floats(INFINITE, -INFINITE, 0, 1)),
    "add-3e38": lambda: one("Add", floats(3e38)),
    "add-the-least-float": lambda: one("Add", floats(1e-45)),
    "multiply-by-1e30-a-hundred-times": lambda: _scales(1e30),
    "multiply-by-1e-30-a-hundred-times": lambda: _scales(1e-30),
    "divide-by-nothing": lambda: one("Div", floats(0)),
    "divide-by-minus-nothing": lambda: one("Div", floats(-0.0)),
    "divide-by-nan": lambda: one("Div", floats(NAN)),
    "divide-by-1e-45": lambda: one("Div", floats(1e-45)),
    "divide-integers-by-nothing": lambda: one("Div", ints(0), kind=INT64),
    "mod-by-nothing": lambda: one("Mod", ints(0), kind=INT64),
    "mod-least-by-minus-one": lambda: one("Mod", ints(-1), kind=INT64),
    "shift-by-2-to-the-62": lambda: one(
        "BitShift", np.array([2**62], np.uint64), kind=TensorProto.UINT64, direction="LEFT"
    ),
    "log-of-minus-one": lambda: behind(
        helper.make_node("Log", ["c"], ["l"]),
        helper.make_node("Add", ["x", "l"], ["y"]),
        constants={"c": floats(-1)},
    ),
    "exp-of-1e30": lambda: behind(
        helper.make_node("Exp", ["c"], ["l"]),
        helper.make_node("Add", ["x", "l"], ["y"]),
        constants={"c": floats(1e30)},
    ),
    "clip-upside-down": lambda: one("Clip", np.array(5, np.float32), np.array(-5, np.float32)),
    "clip-to-nan": lambda: one("Clip", np.array(NAN, np.float32), np.array(NAN, np.float32)),
    "clip-to-infinity": lambda: one("Clip", np.array(-INFINITE, np.float32), np.array(INFINITE, np.float32)),
    "clip-to-3e38": lambda: one("Clip", np.array(-3e38, np.float32), np.array(3e38, np.float32)),
    "clip-of-opset-6-to-nan": lambda: one("Clip", opset=6, min=NAN, max=NAN),
    "leaky-relu-of-infinity": lambda: one("LeakyRelu", alpha=INFINITE),
    "elu-of-nan": lambda: one("Elu", alpha=NAN),
    "selu-of-1e38": lambda: one("Selu", alpha=1e38, gamma=1e38),
    "hard-sigmoid-of-nan": lambda: one("HardSigmoid", alpha=NAN, beta=-INFINITE),
    "thresholded-relu-of-infinity": lambda: one("ThresholdedRelu", alpha=INFINITE),
    "gemm-of-infinity": lambda: one("Gemm", np.ones((4, 2), np.float32), alpha=INFINITE, beta=NAN),
    "gemm-of-1e38": lambda: one("Gemm", np.full((4, 2), 1e38, np.float32), alpha=1e38),
    "gemm-of-wrong-shapes": lambda: one("Gemm", np.ones((7, 2), np.float32)),
    "gemm-of-a-cube": lambda: one("Gemm", np.ones((4, 2, 2), np.float32)),
    "mat-mul-of-a-scalar": lambda: one("MatMul", np.array(1, np.float32)),
    "mat-mul-of-wrong-shapes": lambda: one("MatMul", np.ones((7, 2), np.float32)),
    "add-of-wrong-shapes": lambda: one("Add", np.ones((3, 5), np.float32)),
    "add-of-other-types": lambda: one("Add", ints(1)),
    "add-of-strings": lambda: one("Add", np.array(["a"], object)),
    "batch-norm-of-negative-variance": lambda: one(
        "BatchNormalization",
        floats(1, 1, 1),
        floats(0, 0, 0),
        floats(0, 0, 0),
        floats(-1, -1, -1),
        shape=IMAGE,
    ),
    "batch-norm-of-nan": lambda: one(
        "BatchNormalization",
        floats(1, 1, 1),
        floats(0, 0, 0),
        floats(0, 0, 0),
        floats(1, 1, 1),
        shape=IMAGE,
        epsilon=NAN,
    ),
    "batch-norm-of-wrong-lengths": lambda: one(
        "BatchNormalization", floats(1), floats(0, 0), floats(0, 0, 0), floats(1, 1, 1, 1), shape=IMAGE
    ),
    "instance-norm-of-infinity": lambda: one(
        "InstanceNormalization", floats(1, 1, 1), floats(0, 0, 0), shape=IMAGE, epsilon=INFINITE
    ),
    "cast-to-99": lambda: one("Cast", to=99),
    "cast-to-nothing": lambda: one("Cast"),
    "cast-to-a-string": lambda: one("Cast", to=TensorProto.STRING),
    "cast-nan-to-integers": lambda: behind(
        helper.make_node("Cast", ["c"], ["l"], to=INT64),
        helper.make_node("Gather", ["x", "l"], ["y"]),
        constants={"c": floats(NAN, INFINITE)},
    ),
    "shape-arithmetic-that-overflows": lambda: behind(
        helper.make_node("Shape", ["x"], ["s"]),
        helper.make_node("Mul", ["s", "c"], ["t"]),
        helper.make_node("Mul", ["t", "c"], ["u"]),
        helper.make_node("Expand", ["x", "u"], ["y"]),
        constants={"c": ints(2**40)},
    ),
    "shape-divided-by-nothing": lambda: behind(
        helper.make_node("Shape", ["x"], ["s"]),
        helper.make_node("Div", ["s", "c"], ["t"]),
        helper.make_node("Reshape", ["x", "t"], ["y"]),
        constants={"c": ints(0)},
    ),
    "quantised-by-nothing": lambda: _quantised(np.array(0, np.float32)),
    "quantised-by-minus-one": lambda: _quantised(np.array(-1, np.float32)),
    "quantised-by-nan": lambda: _quantised(np.array(NAN, np.float32)),
    "quantised-by-infinity": lambda: _quantised(np.array(INFINITE, np.float32)),
    "quantised-by-1e-45": lambda: _quantised(np.array(1e-45, np.float32)),
    "quantised-by-a-cube": lambda: _quantised(np.ones((2, 2, 2), np.float32)),
    "quantised-by-integers": lambda: _quantised(np.array(1)),
    "quantised-from-float": lambda: _quantised(np.array(1, np.float32), np.array(0, np.float32)),
    "quantised-of-wrong-lengths": lambda: _quantised(floats(1, 2, 3), np.zeros(7, np.int8)),
    "dynamically-quantised": lambda: one("DynamicQuantizeLinear", outputs=3),
    "q-linear-conv": lambda: one(
        "QLinearConv",
        np.array(0, np.float32),
        np.array(0, np.uint8),
        np.ones((1, 3, 3, 3), np.uint8),
        np.array(NAN, np.float32),
        np.array(0, np.uint8),
        np.array(0, np.float32),
        np.array(0, np.uint8),
        shape=IMAGE,
        kind=TensorProto.UINT8,
    ),
    "q-linear-mat-mul": lambda: one(
        "QLinearMatMul",
        np.array(0, np.float32),
        np.array(0, np.uint8),
        np.ones((4, 4), np.uint8),
        np.array(0, np.float32),
        np.array(0, np.uint8),
        np.array(0, np.float32),
        np.array(0, np.uint8),
        kind=TensorProto.UINT8,
    ),
    "mat-mul-integer": lambda: one("MatMulInteger", np.ones((4, 4), np.int8), kind=TensorProto.INT8),
    "lstm-of-2-to-the-40": lambda: _recurrent("LSTM", 4, 2**40),
    "lstm-of-minus-one": lambda: _recurrent("LSTM", 4, -1),
    "lstm-of-nothing": lambda: _recurrent("LSTM", 4, 0),
    "lstm-sideways": lambda: _recurrent("LSTM", 4, direction="sideways"),
    "lstm-clipped-to-nan": lambda: _recurrent("LSTM", 4, clip=NAN),
    "lstm-with-an-unknown-activation": lambda: _recurrent("LSTM", 4, activations=["Evil", "Evil", "Evil"]),
    "gru-of-another-layout": lambda: _recurrent("GRU", 3, layout=7),
    "gru-of-weights-for-two": lambda: _recurrent("GRU", 7),
    "rnn-of-a-scalar": lambda: one(
        "RNN", np.array(1, np.float32), np.array(1, np.float32), shape=(), hidden_size=1
    ),
    "tree": _tree,
    "tree-that-loops": lambda: _tree(nodes_truenodeids=[0, 0, 0], nodes_falsenodeids=[0, 0, 0]),
    "tree-to-nowhere": lambda: _tree(nodes_truenodeids=[99, 0, 0]),
    "tree-of-feature-2-to-the-40": lambda: _tree(nodes_featureids=[2**40, 0, 0]),
    "tree-of-minus-one-feature": lambda: _tree(nodes_featureids=[-1, 0, 0]),
    "tree-of-lists-that-differ": lambda: _tree(nodes_values=[0.5]),
    "tree-of-unknown-modes": lambda: _tree(nodes_modes=["BRANCH_EVIL"] * 3),
    "tree-of-nan": lambda: _tree(nodes_values=[NAN, 0.0, 0.0], target_weights=[INFINITE, NAN]),
    "tree-of-2-to-the-40-targets": lambda: _tree(n_targets=2**40),
    "tree-of-wrong-targets": lambda: _tree(target_ids=[2**40, -1]),
    "tree-without-nodes": lambda: behind(
        helper.make_node("TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml"),
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)],
    ),
    "svm": lambda: behind(
        helper.make_node(
            "SVMClassifier", ["x"], ["y"], domain="ai.onnx.ml", support_vectors=[1.0], coefficients=[NAN]
        ),
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)],
    ),
    "sequence-of-everything": lambda: behind(
        helper.make_node("SequenceConstruct", ["x"] * 100, ["s"]),
        helper.make_node("ConcatFromSequence", ["s"], ["y"], axis=0),
    ),
    "string-normalizer": lambda: one("StringNormalizer", kind=TensorProto.STRING, shape=(4,)),
    "regex": lambda: one("RegexFullMatch", kind=TensorProto.STRING, shape=(4,), opset=20, pattern="(a+)+$"),
    "optional": lambda: one("Optional"),
    "dropout-training": lambda: one("Dropout", np.array(2.0, np.float32), np.array(True)),
    "where-of-three-shapes": lambda: behind(
        helper.make_node("Where", ["c", "x", "z"], ["y"]),
        constants={"c": np.ones((3, 1), bool), "z": floats(1, 2, 3)},
    ),
    "constant-of-nothing": lambda: behind(
        helper.make_node("Constant", [], ["c"]), helper.make_node("Add", ["x", "c"], ["y"])
    ),
    "constant-of-everything": lambda: behind(
        helper.make_node("Constant", [], ["c"], value_int=1, value_float=2.0, value_string="c"),
        helper.make_node("Add", ["x", "c"], ["y"]),
    ),
    "constant-of-a-string": lambda: behind(
        helper.make_node("Constant", [], ["c"], value_string="c"), helper.make_node("Add", ["x", "c"], ["y"])
    ),
    "axis-that-is-a-text": lambda: _wrong_kind("Softmax", axis=_attribute(AttributeProto.STRING, s=b"1")),
    "axis-that-is-a-graph": lambda: _wrong_kind(
        "Softmax", axis=_attribute(AttributeProto.GRAPH, g=graph([]))
    ),
    "axis-that-is-half": lambda: _wrong_kind("Softmax", axis=_attribute(AttributeProto.FLOAT, f=0.5)),
    "axis-of-no-type": lambda: _wrong_kind("Softmax", axis=_attribute(AttributeProto.UNDEFINED, i=1)),
    "axis-of-type-99": lambda: _wrong_kind("Softmax", axis=_attribute(AttributeProto.TYPE_PROTO, i=1)),
    "perm-that-is-a-tensor": lambda: _wrong_kind(
        "Transpose", perm=_attribute(AttributeProto.TENSOR, t=numpy_helper.from_array(ints(1, 0)))
    ),
    "perm-that-is-one-number": lambda: _wrong_kind("Transpose", perm=_attribute(AttributeProto.INT, i=1)),
    "kernel-of-floats": lambda: one(
        "MaxPool", shape=IMAGE, kernel_shape=_attribute(AttributeProto.FLOATS, floats=[2.0, 2.0])
    ),
    "alpha-that-is-a-list": lambda: _wrong_kind(
        "Elu", alpha=_attribute(AttributeProto.FLOATS, floats=[1.0, NAN])
    ),
    "mode-that-is-a-list": lambda: one(
        "Pad", ints(0, 1, 0, 1), mode=_attribute(AttributeProto.STRINGS, strings=[b"edge"])
    ),
    "perm-of-a-million": lambda: one("Transpose", perm=list(range(1_000_000))),
    "unknown-operator": lambda: one("EvilOp"),
    "operator-without-name": lambda: model(
        graph([helper.make_node("", ["x"], ["y"])], [info("x")])
    ).SerializeToString(),
}
