"""Small models in one call, and the wire format by hand for what no library writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from onnx import (
    AttributeProto,
    GraphProto,
    ModelProto,
    NodeProto,
    TensorProto,
    ValueInfoProto,
    helper,
    numpy_helper,
)

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
Shape = Sequence[int | str | None]


def info(name: str, shape: Shape | None = (1, 4), kind: int = FLOAT) -> ValueInfoProto:
    """A declared value."""
    return helper.make_tensor_value_info(name, kind, shape)


def graph(
    nodes: Sequence[NodeProto],
    inputs: Sequence[ValueInfoProto] | None = None,
    outputs: Sequence[ValueInfoProto] | None = None,
    constants: Mapping[str, Any] | None = None,
    tensors: Sequence[TensorProto] = (),
    **more: Any,
) -> GraphProto:
    """A graph from ``x`` to ``y``, if nothing else is said."""
    made = [numpy_helper.from_array(np.asarray(value), name) for name, value in (constants or {}).items()]
    inputs = [info("x")] if inputs is None else inputs
    outputs = [info("y", None)] if outputs is None else outputs
    return helper.make_graph(list(nodes), "g", list(inputs), list(outputs), [*made, *tensors], **more)


def model(of: GraphProto, opset: int = 17, **more: Any) -> ModelProto:
    """A model of a graph."""
    more.setdefault("opset_imports", [helper.make_opsetid("", opset)])
    return helper.make_model(of, ir_version=8, **more)


def one(
    operator: str,
    *inputs: Any,
    shape: Shape | None = (1, 4),
    kind: int = FLOAT,
    opset: int = 17,
    outputs: int = 1,
    domain: str = "",
    **attributes: Any,
) -> bytes:
    """A model of one node that reads ``x``, and arrays as constants; None is an input left out."""
    names, constants = ["x"], {}
    for index, value in enumerate(inputs):
        if value is None or isinstance(value, str):
            names.append(value or "")
            continue
        names.append(f"c{index}")
        constants[f"c{index}"] = value
    results = ["y", *(f"y{index}" for index in range(1, outputs))]
    imports = [helper.make_opsetid("", opset)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    node = node_of(operator, names, results, domain=domain, **attributes)
    made = graph([node], [info("x", shape, kind)], constants=constants)
    return model(made, opset_imports=imports).SerializeToString()


def node_of(operator: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any) -> NodeProto:
    """A node; an AttributeProto among the attributes is taken as it is."""
    plain = {name: value for name, value in attributes.items() if not isinstance(value, AttributeProto)}
    node = helper.make_node(operator, list(inputs), list(outputs), **plain)
    for name, value in attributes.items():
        if isinstance(value, AttributeProto):
            value.name = name
            node.attribute.append(value)
    return node


def behind(
    *nodes: NodeProto, constants: Mapping[str, Any] | None = None, shape: Shape = (1, 4), **more: Any
) -> bytes:
    """A model of several nodes."""
    return model(graph(nodes, [info("x", shape)], constants=constants), **more).SerializeToString()


def with_tensor(tensor: TensorProto) -> bytes:
    """A model that adds a tensor called ``w`` to its input."""
    made = graph([helper.make_node("Add", ["x", "w"], ["y"])], tensors=[tensor])
    return model(made).SerializeToString()


def relu(**more: Any) -> NodeProto:
    """The node everything else is wrong around."""
    return helper.make_node("Relu", ["x"], ["y"], **more)


def ints(*values: int) -> np.ndarray:
    """A vector of int64."""
    return np.array(values, np.int64)


def floats(*values: float) -> np.ndarray:
    """A vector of float32."""
    with np.errstate(all="ignore"):
        return np.array(values, np.float32)
