"""What an example is, and the small models they are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from msgspec import Struct, field
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

Make = Callable[[Path], Path]
"""Writes a model into an empty folder and returns its path."""


class Example(Struct, frozen=True, kw_only=True):
    """A model that the lint is about, and a healthy neighbour. ``settings`` are run args for both."""

    bad: Make
    good: Make
    settings: Mapping[str, str] = field(default_factory=dict)
    front_end: str = "auto"


def node(operator: str, inputs: str, outputs: str = "y", **attributes: object) -> NodeProto:
    """A node whose inputs and outputs are named in a string; it is called as its operator is."""
    return helper.make_node(operator, inputs.split(), outputs.split(), name=operator.lower(), **attributes)


def tensor(name: str, *shape: int, dtype: type = np.float32, values: np.ndarray | None = None) -> TensorProto:
    """A tensor of the numbers 0.01, 0.02, ... or of ``values``."""
    if values is None:
        values = (np.arange(int(np.prod(shape))) % 97 + 1).reshape(shape) / 100
    return numpy_helper.from_array(np.asarray(values, dtype), name)


def proto(
    nodes: Sequence[NodeProto],
    x: Sequence[int | str | None] = (1, 4),
    y: Sequence[int | str | None] | None = None,
    tensors: Sequence[TensorProto] = (),
    dtype: int = TensorProto.FLOAT,
    opset: int = 17,
    **fields: object,
) -> ModelProto:
    """A model from ``x`` to ``y``, which has the shape of ``x`` unless it is given."""
    graph = helper.make_graph(
        list(nodes),
        "g",
        [helper.make_tensor_value_info("x", dtype, x)],
        [helper.make_tensor_value_info("y", dtype, x if y is None else y)],
        list(tensors),
    )
    imports = fields.pop("opset_imports", [helper.make_opsetid("", opset)])
    return helper.make_model(graph, opset_imports=imports, ir_version=8, **fields)


def write(folder: Path, model: ModelProto, name: str = "model.onnx") -> Path:
    """The file of a model."""
    path = folder / name
    path.write_bytes(model.SerializeToString())
    return path


def relu(**fields: object) -> ModelProto:
    """One Relu: nothing is wrong with it."""
    return proto([node("Relu", "x")], **fields)


def healthy(folder: Path) -> Path:
    """The file of it."""
    return write(folder, relu())


def made(make: Callable[[], ModelProto]) -> Make:
    """Writes what ``make`` returns."""
    return lambda folder: write(folder, make())
