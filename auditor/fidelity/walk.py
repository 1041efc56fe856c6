"""Ways through a circuit: its graphs, its nodes, and what an operation is inside of rescaling."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.circuit import ops
from auditor.circuit.graph import CircuitNode, Graph, Outlet, SubCircuit


def graphs(graph: Graph) -> Iterator[Graph]:
    """The graph and the bodies of its loops."""
    yield graph
    for node in graph.nodes:
        if isinstance(node, SubCircuit):
            yield from graphs(node.body)


def nodes(graph: Graph) -> Iterator[CircuitNode]:
    """Every operation of the graph and of the bodies of its loops."""
    for inner in graphs(graph):
        yield from (node for node in inner.nodes if isinstance(node, CircuitNode))


def inner_op(op: ops.Op) -> ops.Op:
    """The operation inside of rescaling."""
    while isinstance(op, ops.Rescaled | ops.RebaseScale):
        op = op.inner
    return op


def shape_of(node: CircuitNode | SubCircuit, slot: int) -> ops.Shape:
    """The shape of an outlet."""
    return node.shape if isinstance(node, CircuitNode) else node.out_shapes[slot]


def scale_of(node: CircuitNode | SubCircuit, slot: int) -> int:
    """The scale of an outlet."""
    return node.scale if isinstance(node, CircuitNode) else node.out_scales[slot]


def readers(graph: Graph) -> dict[Outlet, list[tuple[CircuitNode | SubCircuit, int]]]:
    """Which nodes read an outlet, and at which of their inputs."""
    found: dict[Outlet, list[tuple[CircuitNode | SubCircuit, int]]] = {}
    for node in graph.nodes:
        for position, outlet in enumerate(node.inputs):
            found.setdefault(outlet, []).append((node, position))
    return found
