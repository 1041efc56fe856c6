"""Fields of ONNX, changed by what they mean: wires, operators, attributes, shapes, opsets, subgraphs."""

from __future__ import annotations

import random
from typing import Any

import onnx
from onnx import AttributeProto, GraphProto, NodeProto

from tests.hostile.mutations.chosen import FLOATS, INTEGERS, NAMES, STRINGS
from tests.hostile.mutations.fields import graphs_of, nodes_of, parts_of, value_names

_ATTRIBUTES: dict[str, dict[str, str]] = {}
for _schema in onnx.defs.get_all_schemas_with_history():
    _kinds = {name: attribute.type.name for name, attribute in _schema.attributes.items()}
    _ATTRIBUTES.setdefault(_schema.name, {}).update(_kinds)
"""Of every operator there ever was, the names of its attributes and their types."""

OPERATORS = sorted(_ATTRIBUTES)


def rewire(model: onnx.ModelProto, other: onnx.ModelProto, rng: random.Random) -> None:
    """Another value in an input or output of a node."""
    nodes = nodes_of(model)
    names = value_names(model)
    if not nodes or not names:
        return
    node = rng.choice(nodes)
    values = node.input if rng.random() < 0.8 else node.output
    if len(values) and rng.random() < 0.8:
        values[rng.randrange(len(values))] = rng.choice((*names, "", "fresh"))
    else:
        values.append(rng.choice((*names, "")))


def change_operator(model: onnx.ModelProto, other: onnx.ModelProto, rng: random.Random) -> None:
    """Another operator in a node, perhaps with the attributes of one."""
    nodes, donors = nodes_of(model), nodes_of(other)
    if not nodes:
        return
    node = rng.choice(nodes)
    if donors and rng.random() < 0.5:
        donor = rng.choice(donors)
        node.op_type = donor.op_type
        if rng.random() < 0.5:
            del node.attribute[:]
            node.attribute.extend(donor.attribute)
    else:
        node.op_type = rng.choice(OPERATORS)


def change_attribute(model: onnx.ModelProto, other: onnx.ModelProto, rng: random.Random) -> None:
    """Another value in an attribute, or a new one that the operator knows."""
    attributes = [part for part in parts_of(model) if isinstance(part, AttributeProto)]
    nodes = nodes_of(model)
    if nodes and (not attributes or rng.random() < 0.25):
        _add_attribute(rng.choice(nodes), rng)
        return
    if not attributes:
        return
    attribute = rng.choice(attributes)
    if attribute.type == AttributeProto.INT:
        attribute.i = rng.choice(INTEGERS)
    elif attribute.type == AttributeProto.FLOAT:
        attribute.f = rng.choice(FLOATS)
    elif attribute.type == AttributeProto.STRING:
        attribute.s = rng.choice((*STRINGS, *NAMES)).encode()
    elif attribute.type == AttributeProto.INTS:
        kind = rng.randrange(3)
        if kind == 0 and len(attribute.ints):
            attribute.ints[rng.randrange(len(attribute.ints))] = rng.choice(INTEGERS)
        elif kind == 1 and len(attribute.ints):
            del attribute.ints[rng.randrange(len(attribute.ints))]
        else:
            attribute.ints.append(rng.choice(INTEGERS))
    else:
        attribute.type = rng.choice(AttributeProto.AttributeType.values())


def _add_attribute(node: NodeProto, rng: random.Random) -> None:
    known = _ATTRIBUTES.get(node.op_type)
    if not known:
        return
    name = rng.choice(sorted(known))
    kind = known[name]
    for index in reversed([at for at, one in enumerate(node.attribute) if one.name == name]):
        del node.attribute[index]
    value: Any = {
        "INT": rng.choice(INTEGERS), "FLOAT": rng.choice(FLOATS), "STRING": rng.choice(STRINGS),
        "INTS": [rng.choice(INTEGERS) for _ in range(rng.randrange(1, 6))],
        "FLOATS": [rng.choice(FLOATS) for _ in range(rng.randrange(1, 4))],
        "STRINGS": [rng.choice(STRINGS) for _ in range(rng.randrange(1, 4))],
    }.get(kind)  # fmt: skip
    if value is not None:
        node.attribute.append(onnx.helper.make_attribute(name, value))


def change_shape(model: onnx.ModelProto, other: onnx.ModelProto, rng: random.Random) -> None:
    """Another size, axis or type in a declared value."""
    graph = rng.choice(graphs_of(model) or [model.graph])
    infos = [*graph.input, *graph.input, *graph.output, *graph.value_info]
    if not infos:
        return
    kind = rng.choice(infos).type
    if rng.random() < 0.2:
        kind.tensor_type.elem_type = rng.randrange(1, 25)
        return
    dims = kind.tensor_type.shape.dim
    action = rng.randrange(5)
    if action == 0 and len(dims):
        del dims[rng.randrange(len(dims))]
    elif action == 1:
        dims.add(dim_value=rng.choice((1, 1, 2, 3, 8)))
    elif len(dims):
        dim = dims[rng.randrange(len(dims))]
        if rng.random() < 0.2:
            dim.dim_param = rng.choice(("N", "N+1", "N*M", "floor(N/2)", "(", "batch", "N-5", "-3*N"))
        else:
            dim.dim_value = rng.choice(INTEGERS if rng.random() < 0.4 else (0, 1, 2, 3, 4, 5, 17, 100, 1000))


def graft(model: onnx.ModelProto, other: onnx.ModelProto, rng: random.Random) -> None:
    """A node of the donor behind a value of the model, with the constants it reads."""
    if not other.graph.node:
        return
    names = value_names(model)
    node = NodeProto()
    node.CopyFrom(rng.choice(other.graph.node))
    constants = {tensor.name: tensor for tensor in other.graph.initializer}
    known = {tensor.name for tensor in model.graph.initializer}
    for index, name in enumerate(node.input):
        if name in constants and name not in known:
            model.graph.initializer.append(constants[name])
        elif name and name not in names and names:
            node.input[index] = rng.choice(names)
    for index, name in enumerate(node.output):
        node.output[index] = f"grafted_{len(model.graph.node)}_{index}" if name else ""
    model.graph.node.append(node)
    if node.output and model.graph.output:
        model.graph.output[rng.randrange(len(model.graph.output))].name = node.output[0]


def change_opset(model: onnx.ModelProto, other: onnx.ModelProto, rng: random.Random) -> None:
    """Another version of an operator set."""
    if model.opset_import:
        rng.choice(model.opset_import).version = rng.choice((*range(1, 27), 0, -1, 9999, 2**63 - 1))


def nest(model: onnx.ModelProto, other: onnx.ModelProto, rng: random.Random) -> None:
    """A subgraph of one kind in a node of another, or a graph inside itself."""
    nodes = nodes_of(model)
    if not nodes:
        return
    graphs = graphs_of(model) + graphs_of(other) or [model.graph]
    body = GraphProto()
    body.CopyFrom(rng.choice(graphs))
    node = rng.choice(nodes)
    name = rng.choice(("body", "then_branch", "else_branch"))
    if rng.random() < 0.5:
        node.op_type = {"body": rng.choice(("Loop", "Scan"))}.get(name, "If")
    for index in reversed([at for at, one in enumerate(node.attribute) if one.name == name]):
        del node.attribute[index]
    node.attribute.append(AttributeProto(name=name, type=AttributeProto.GRAPH, g=body))
