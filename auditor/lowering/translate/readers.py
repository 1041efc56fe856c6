"""Who reads a node's outputs: where tract only guesses a size, that decides whether the guess matters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

from auditor.lowering.errors import Rejected, Uncertain
from auditor.lowering.translate.bodies import closure_names
from auditor.lowering.translate.registry import Call
from auditor.model.graph import GraphDef, NodeDef

SHAPE_READERS = frozenset(
    {"Shape", "Size", "EyeLike", "ConstantLike", "RandomNormalLike", "RandomUniformLike"}
)  # fmt: skip
"""Operators that ask for the shape of their input and never for its values."""


def refuse_open_size(call: Call, reason: str, way_out: str = "") -> NoReturn:
    """Refuse a node whose output has no fixed size.

    tract gives such a size a symbol, and EZKL fails on any symbol that is left when all is rewritten. None is
    left when only another size of the output is asked for, or in a branch that is never taken.

    Raises:
        Rejected: the values count for an output of the model.
        Uncertain: perhaps only the shape counts.
    """
    if call.main is not None and reaches_output(call.main, call.node):
        raise Rejected(reason, way_out)
    raise Uncertain(f"{reason}, and perhaps only other sizes are read")


def reaches_output(graph: GraphDef, node: NodeDef) -> bool:
    """Whether the values of a node, not only their shapes, count for an output of its graph."""
    results = {info.name for info in graph.outputs}
    pending, seen = [node], {id(node)}
    while pending:
        current = pending.pop()
        if results.intersection(current.outputs):
            return True
        for reader in readers(graph, current):
            if reader.op_type not in SHAPE_READERS and id(reader) not in seen:
                seen.add(id(reader))
                pending.append(reader)
    return False


def readers(graph: GraphDef, node: NodeDef) -> Iterator[NodeDef]:
    """The nodes that read an output of a node, those with subgraphs that do included."""
    names = {name for name in node.outputs if name}
    return (other for other in graph.nodes if names.intersection((*other.inputs, *closure_names(other))))
