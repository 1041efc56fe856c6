"""Replacing nodes of a model by others that make the same values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from auditor.model.graph import AttributeValue, GraphDef, Model, NodeDef, TensorData
from auditor.model.links import all_nodes


class Edit(Struct, frozen=True, kw_only=True):
    """Some nodes go and some come: ``what`` happens, and ``where``. ``constants`` are what the new ones read.

    All values that others read keep their names, and an edit that changes their shapes says so.
    """

    what: str
    where: str
    drop: tuple[NodeDef, ...]
    put: tuple[NodeDef, ...]
    constants: tuple[TensorData, ...] = ()
    reshapes: bool = False


def edited(model: Model, edits: Sequence[Edit]) -> Model:
    """The model after all edits; of two edits that want the same node, the first is made."""
    put: dict[int, tuple[NodeDef, ...]] = {}
    gone: set[int] = set()
    constants: dict[str, TensorData] = {}
    for edit in edits:
        dropped = {id(node) for node in edit.drop}
        if dropped & gone:
            continue
        gone |= dropped
        put[id(edit.drop[-1])] = edit.put
        constants |= {tensor.name: tensor for tensor in edit.constants}
    graph = model.graph
    nodes = tuple(
        new for node in graph.nodes for new in (put.get(id(node), ()) if id(node) in gone else (node,))
    )
    made = {name for node in nodes for name in node.outputs} | {info.name for info in graph.inputs}
    # What the file declares about values that are no more, or have another shape now, would mislead.
    infos = {} if any(edit.reshapes for edit in edits) else graph.value_infos
    changed = replace(
        graph,
        nodes=nodes,
        initializers={**graph.initializers, **constants},
        value_infos={name: info for name, info in infos.items() if name in made},
    )
    return pruned(replace(model, graph=changed), model)


def pruned(model: Model, before: Model) -> Model:
    """A changed model without the nodes that only the one before needed: nobody would export them."""
    graph = model.graph
    orphans = _live(before.graph) - _live(graph)
    return replace(
        model, graph=replace(graph, nodes=tuple(node for node in graph.nodes if id(node) not in orphans))
    )


def _live(graph: GraphDef) -> set[int]:
    """The identities of the nodes that the outputs need."""
    producers = {name: node for node in graph.nodes for name in node.outputs if name}
    waiting = [info.name for info in graph.outputs]
    live: set[int] = set()
    while waiting:
        node = producers.get(waiting.pop())
        if node is not None and id(node) not in live:
            live.add(id(node))
            waiting += (name for inner in all_nodes([node]) for name in inner.inputs)
    return live


def swapped(
    node: NodeDef,
    operator: str,
    *,
    inputs: Sequence[str] | None = None,
    attributes: Mapping[str, AttributeValue] | None = None,
) -> Edit:
    """One node by another, which has its output, and its first input if no others are given."""
    new = replace(
        node,
        op_type=operator,
        domain="",
        inputs=node.inputs[:1] if inputs is None else tuple(inputs),
        attributes=attributes or {},
    )
    return Edit(what=f"{node.op_type} -> {operator}", where=place(node), drop=(node,), put=(new,))


def removed(node: NodeDef, value: str | None = None) -> Edit:
    """A node by its first input, or by ``value``; tract drops an Identity."""
    edit = swapped(node, "Identity", inputs=(node.inputs[0] if value is None else value,))
    return replace(edit, what=f"{node.op_type} removed")


def made(operator: str, inputs: Sequence[str], output: str, **attributes: AttributeValue) -> NodeDef:
    """A new node, called after its output."""
    return NodeDef(
        name=f"{output}.{operator}",
        op_type=operator,
        domain="",
        inputs=tuple(inputs),
        outputs=(output,),
        attributes=attributes,
    )


def constant(name: str, values: object) -> TensorData:
    """A new initializer: int64 for integers, else float32."""
    given = np.asarray(values)
    dtype = "int64" if given.dtype.kind == "i" else "float"
    array = given.astype(np.int64 if dtype == "int64" else np.float32)
    return TensorData(name=name, dtype=dtype, shape=array.shape, load=lambda: array)


def place(node: NodeDef) -> str:
    """What people call a node."""
    return node.name or next((name for name in node.outputs if name), node.op_type)
