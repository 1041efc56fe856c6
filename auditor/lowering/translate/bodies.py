"""Subgraphs of nodes, and the outer values they read."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.model.graph import GraphDef, NodeDef


def bodies(node: NodeDef) -> Iterator[GraphDef]:
    """The subgraphs among a node's attributes."""
    for value in node.attributes.values():
        values = value if isinstance(value, tuple) else (value,)
        yield from (body for body in values if isinstance(body, GraphDef))


def free_names(graph: GraphDef) -> tuple[str, ...]:
    """Outer values a body reads, in the order it first reads them, those of inner bodies last."""
    own = {info.name for info in graph.inputs} | set(graph.initializers)
    own |= {name for node in graph.nodes for name in node.outputs}
    read = [name for node in graph.nodes for name in node.inputs if name]
    read += [name for node in graph.nodes for name in closure_names(node)]
    return tuple(dict.fromkeys(name for name in read if name not in own))


def closure_names(node: NodeDef) -> tuple[str, ...]:
    """Outer values the bodies of a node read; tract sorts those of an If."""
    names = dict.fromkeys(name for body in bodies(node) for name in free_names(body))
    return tuple(sorted(names)) if node.op_type == "If" else tuple(names)
