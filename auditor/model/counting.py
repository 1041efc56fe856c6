"""How much a model holds: parameters and operators."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from auditor.model.graph import AttributeValue, GraphDef, Model, NodeDef, TensorData
from auditor.model.links import all_graphs, all_nodes

_NOT_PARAMETERS = frozenset({"int64", "bool", "string"})
_ML_DOMAIN = "ai.onnx.ml"
_STANDARD_DOMAINS = frozenset({"", "ai.onnx"})


def parameters(model: Model) -> int:
    """The number of parameters: elements of every constant tensor of a real or quantised type.

    Looks where models really keep them: initializers, sparse ones, ``Constant`` nodes, tensors and
    float lists in attributes, of the graph, its subgraphs and the functions (each once, however
    often it is called). Tensors of int64, bool and strings are shapes, indices and names.
    """
    bodies = [model.graph.nodes, *(function.nodes for function in model.functions)]
    graphs = [*all_graphs(model.graph)]
    for function in model.functions:
        graphs.extend(_subgraphs_of(function.nodes))
    total = sum(_elements(tensor) for graph in graphs for tensor in _tensors(graph))
    return total + sum(_in_attributes(node) for body in bodies for node in all_nodes(body))


def operators(model: Model) -> dict[str, int]:
    """How often each operator stands in the graph and its subgraphs; most frequent first.

    Operators outside the standard set are named ``domain::Op``.
    """
    counts = Counter(operator_name(node) for node in all_nodes(model.graph.nodes))
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def operator_name(node: NodeDef) -> str:
    """``Conv`` for a standard operator, ``domain::Op`` for any other."""
    return node.op_type if node.domain in _STANDARD_DOMAINS else f"{node.domain}::{node.op_type}"


def operators_by_node(model: Model) -> dict[str, str]:
    """The operator of every node that has a name, those of subgraphs included."""
    return {node.name: operator_name(node) for node in all_nodes(model.graph.nodes) if node.name}


def _subgraphs_of(nodes: Sequence[NodeDef]) -> Iterator[GraphDef]:
    for node in all_nodes(nodes):
        for value in node.attributes.values():
            if isinstance(value, GraphDef):
                yield value
            elif isinstance(value, tuple):
                yield from (item for item in value if isinstance(item, GraphDef))


def _tensors(graph: GraphDef) -> Iterator[TensorData]:
    yield from graph.initializers.values()
    yield from graph.sparse_initializers.values()


def _elements(tensor: TensorData) -> int:
    return 0 if tensor.dtype in _NOT_PARAMETERS else math.prod(tensor.shape)


def _in_attributes(node: NodeDef) -> int:
    """Lists of floats count where they are weights: in ``Constant`` and in the classic ML operators."""
    holds_floats = node.domain == _ML_DOMAIN or node.op_type == "Constant"
    return sum(_in_value(value, holds_floats) for value in node.attributes.values())


def _in_value(value: AttributeValue, holds_floats: bool) -> int:
    if isinstance(value, TensorData):
        return _elements(value)
    if isinstance(value, float):
        return int(holds_floats)
    if not isinstance(value, tuple) or not value:
        return 0
    if isinstance(value[0], TensorData):
        return sum(_elements(item) for item in value if isinstance(item, TensorData))
    return len(value) if holds_floats and isinstance(value[0], float) else 0
