"""Models that EZKL does not take as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import ModelProto, TensorProto, helper

from tests.lints.examples.building import Example, healthy, made, node, proto, relu, tensor
from tests.lints.examples.security import beside, functions, sparse


def opset(version: int | None) -> ModelProto:
    imports = [helper.make_opsetid("", version)] if version else [helper.make_opsetid("ai.onnx.ml", 3)]
    return relu(opset_imports=imports)


def added(values: TensorProto) -> ModelProto:
    return proto([node("Add", "x w")], tensors=[values])


def replaceable() -> ModelProto:
    model = added(tensor("w", 1, 4))
    model.graph.input.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, [1, 4]))
    return model


def mask(value: float) -> ModelProto:
    return added(tensor("w", values=np.array([[0, 0, value, 0]])))


def low_precision(kind: int) -> ModelProto:
    cast = node("Cast", "w", "c", to=TensorProto.FLOAT)
    held = helper.make_tensor("w", kind, [1, 4], [1.0, 2.0, 3.0, 4.0])
    return proto([cast, node("Add", "x c")], tensors=[held])


def inside(folder: Path) -> Path:
    return made(lambda: added(tensor("w", 1, 4)))(folder)


EXAMPLES = {
    "AUD-SUP-001": Example(bad=made(lambda: proto([node("Det", "x")], y=[1])), good=healthy),
    "AUD-SUP-002": Example(bad=beside, good=inside),
    "AUD-SUP-003": Example(bad=made(lambda: functions(node("Relu", "x"))), good=healthy),
    "AUD-SUP-004": Example(
        bad=made(lambda: low_precision(TensorProto.BFLOAT16)),
        good=made(lambda: low_precision(TensorProto.FLOAT16)),
    ),
    "AUD-SUP-005": Example(bad=made(lambda: sparse(False)), good=inside),
    "AUD-SUP-006": Example(bad=made(lambda: relu(x=(1, "past"))), good=made(lambda: relu(x=("N", 4)))),
    "AUD-SUP-007": Example(bad=made(lambda: opset(7)), good=made(lambda: opset(9))),
    "AUD-SUP-008": Example(bad=healthy, good=healthy),
    "AUD-SUP-009": Example(bad=made(lambda: proto([node("Rellu", "x")])), good=healthy),
    "AUD-SUP-010": Example(bad=made(replaceable), good=inside),
    "AUD-SUP-011": Example(bad=made(lambda: mask(-np.inf)), good=made(lambda: mask(-1e4))),
}
