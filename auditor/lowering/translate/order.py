"""The order in which tract translates nodes, and what it calls them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.lowering.translate.bodies import bodies, closure_names
from auditor.model.graph import GraphDef, NodeDef


def translation_order(graph: GraphDef) -> Iterator[NodeDef | str]:
    """Depth first from the outputs; what is computed comes before leaves (tract `model/order.rs`)."""
    producers = {name: node for node in graph.nodes for name in node.outputs if name}
    done: set[int | str] = set()
    for info in graph.outputs:
        root = producers.get(info.name, info.name)
        if _key(root) in done:
            continue
        stack: list[tuple[NodeDef | str, list[NodeDef | str]]] = [(root, _needs(root, producers))]
        done.add(_key(root))
        while stack:
            item, needs = stack[-1]
            if not needs:
                stack.pop()
                yield item
                continue
            need = needs.pop(0)
            if _key(need) not in done:
                done.add(_key(need))
                stack.append((need, _needs(need, producers)))


def node_label(node: NodeDef) -> str:
    """tract's name of a node."""
    return node.name or next((name for name in node.outputs if name), node.op_type)


def operators(graph: GraphDef) -> Iterator[tuple[str, str]]:
    """tract's name and the operator of every node, those of bodies included."""
    for node in graph.nodes:
        yield node_label(node), node.op_type
        for body in bodies(node):
            yield from operators(body)


def _key(item: NodeDef | str) -> int | str:
    return item if isinstance(item, str) else id(item)


def _needs(item: NodeDef | str, producers: Mapping[str, NodeDef]) -> list[NodeDef | str]:
    if isinstance(item, str):
        return []
    wanted = [producers.get(n, n) for n in (*item.inputs, *closure_names(item)) if n]
    computed = [w for w in wanted if isinstance(w, NodeDef) and (any(w.inputs) or closure_names(w))]
    leaves = [w for w in wanted if not (isinstance(w, NodeDef) and (any(w.inputs) or closure_names(w)))]
    return [*computed, *leaves]
