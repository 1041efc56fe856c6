"""Models whose circuit is larger than it need be."""

from __future__ import annotations

import numpy as np
from onnx import ModelProto, TensorProto, helper

from tests.lints.examples.building import Example, made, node, proto, relu, tensor

FUNCTIONS = ("Sigmoid", "Tanh", "Sin", "Cos", "Atan", "Exp", "Erf", "Sinh")


def chain(*operators: str, x: tuple[int, ...] = (1, 4)) -> ModelProto:
    """Operators of one input, one after the other."""
    names = ["x", *(f"h{index}" for index in range(len(operators) - 1)), "y"]
    nodes = [
        helper.make_node(operator, [before], [after], name=f"{operator.lower()}{after}")
        for operator, before, after in zip(operators, names, names[1:], strict=False)
    ]
    return proto(nodes, x)


def normalised(kernel: int) -> ModelProto:
    """A Conv and a BatchNormalization, which EZKL folds together unless the kernel is 1x1."""
    statistics = [tensor(name, 2) for name in ("s", "b", "m", "v")]
    nodes = [node("Conv", "x w", "h"), node("BatchNormalization", "h s b m v")]
    side = 9 - kernel
    return proto(nodes, (1, 2, 8, 8), (1, 2, side, side), [tensor("w", 2, 2, kernel, kernel), *statistics])


def embedding(tokens: int) -> ModelProto:
    model = proto([node("Gather", "w x")], (1, 2), (1, 2, 64), [tensor("w", tokens, 64)])
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.INT64
    return model


def doubles(width: int) -> ModelProto:
    weights = tensor("w", 16, width, dtype=np.float64)
    return proto([node("MatMul", "x w")], (1, 16), (1, width), [weights], TensorProto.DOUBLE)


def two_inputs(reads: str) -> ModelProto:
    model = proto([node("Add", reads)])
    model.graph.input.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, [1, 4]))
    return model


def pooled(pool: str) -> ModelProto:
    nodes = [
        node("Conv", "x w", "h"),
        helper.make_node(pool, ["h"], ["y"], name="pool", kernel_shape=[3, 3], strides=[1, 1]),
    ]
    return proto(nodes, (1, 1, 8, 8), (1, 2, 6, 6), [tensor("w", 2, 1, 1, 1)])


def dense(width: int) -> ModelProto:
    """Four layers, of which the first reads ``width`` values."""
    nodes = [
        node("MatMul", "x w", "a"),
        helper.make_node("Relu", ["a"], ["b"], name="r1"),
        helper.make_node("MatMul", ["b", "v"], ["c"], name="last"),
        helper.make_node("Relu", ["c"], ["y"], name="r2"),
    ]
    return proto(nodes, (1, width), (1, 16), [tensor("w", width, 16), tensor("v", 16, 16)])


def multiplied(width: int) -> ModelProto:
    return proto([node("MatMul", "x w")], (1, 64), (1, width), [tensor("w", 64, width)])


EXAMPLES = {
    "AUD-CIR-001": Example(bad=made(lambda: multiplied(1000)), good=made(lambda: multiplied(900))),
    "AUD-CIR-002": Example(
        bad=made(lambda: chain("Sigmoid")), good=made(relu), settings={"lookup_range": "-300000,300000"}
    ),
    "AUD-CIR-003": Example(bad=made(lambda: dense(256)), good=made(lambda: dense(16))),
    "AUD-CIR-004": Example(bad=made(lambda: pooled("MaxPool")), good=made(lambda: pooled("AveragePool"))),
    "AUD-CIR-005": Example(
        bad=made(lambda: chain("Relu", "Softmax", "Identity")), good=made(lambda: chain("Softmax", "Relu"))
    ),
    "AUD-CIR-006": Example(bad=made(lambda: normalised(1)), good=made(lambda: normalised(3))),
    "AUD-CIR-007": Example(bad=made(lambda: relu(x=(8, 4))), good=made(lambda: relu(x=(1, 4)))),
    "AUD-CIR-008": Example(
        bad=made(lambda: chain(*FUNCTIONS)), good=made(lambda: chain("Sigmoid", "Sigmoid", "Relu"))
    ),
    "AUD-CIR-009": Example(bad=made(lambda: embedding(2000)), good=made(lambda: embedding(20))),
    "AUD-CIR-010": Example(bad=made(lambda: relu(x=(1, 4000))), good=made(lambda: relu(x=(1, 400)))),
    "AUD-CIR-011": Example(bad=made(lambda: doubles(32)), good=made(lambda: doubles(4))),
    "AUD-CIR-012": Example(bad=made(lambda: two_inputs("x x")), good=made(lambda: two_inputs("x z"))),
}
