"""How the nodes of a graph hang together: by name, in any order, without circles.

Source: tract ``onnx/src/model.rs`` ``parse_graph``: names are linked after all nodes are made, so a
node may stand before those it reads; a name nobody defines and a circle are refused.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence

from auditor.errors import BadModel
from auditor.findings import Finding
from auditor.model.graph import GraphDef, NodeDef
from auditor.safe import safe


def check_links(graph: GraphDef) -> list[Finding]:
    """What is odd about the names of ``graph`` and its subgraphs.

    Raises BadModel for a name that is read but defined nowhere or defined twice, and for a circle.
    """
    findings: list[Finding] = []
    _check(graph, set(), findings)
    return findings


def topological_order(graph: GraphDef) -> tuple[int, ...]:
    """The positions of the nodes so that each follows all it reads; file order where possible.

    Raises BadModel for a circle.
    """
    reads = [_reads(node) for node in graph.nodes]
    if _is_sorted(graph.nodes, reads):
        return tuple(range(len(graph.nodes)))
    producer = {name: index for index, node in enumerate(graph.nodes) for name in node.outputs if name}
    waiting = [0] * len(graph.nodes)
    readers: list[list[int]] = [[] for _ in graph.nodes]
    for index, names in enumerate(reads):
        for before in {producer[name] for name in names if name in producer}:
            readers[before].append(index)
            waiting[index] += 1
    ready = deque(index for index, count in enumerate(waiting) if count == 0)
    order: list[int] = []
    while ready:
        index = ready.popleft()
        order.append(index)
        for reader in readers[index]:
            waiting[reader] -= 1
            if waiting[reader] == 0:
                ready.append(reader)
    if len(order) < len(graph.nodes):
        stuck = graph.nodes[next(index for index, count in enumerate(waiting) if count)]
        raise BadModel(
            f"its nodes depend on each other in a circle, at {describe(stuck)}", rule="AUD-SEC-014"
        )
    return tuple(order)


def subgraphs(node: NodeDef) -> Iterator[GraphDef]:
    """The graphs among a node's attributes."""
    for value in node.attributes.values():
        if isinstance(value, GraphDef):
            yield value
        elif isinstance(value, tuple) and value and isinstance(value[0], GraphDef):
            yield from (item for item in value if isinstance(item, GraphDef))


def all_nodes(nodes: Sequence[NodeDef]) -> Iterator[NodeDef]:
    """Every node, with those of subgraphs, however deep."""
    waiting = [iter(nodes)]
    while waiting:
        node = next(waiting[-1], None)
        if node is None:
            waiting.pop()
            continue
        yield node
        if node.attributes:
            waiting.extend(iter(graph.nodes) for graph in subgraphs(node))


def all_graphs(graph: GraphDef) -> Iterator[GraphDef]:
    """``graph`` and every subgraph in it."""
    yield graph
    for node in all_nodes(graph.nodes):
        yield from subgraphs(node)


def describe(node: NodeDef) -> str:
    """A node in an error message: its operator and a harmless form of its name."""
    name = node.name or next((output for output in node.outputs if output), "")
    return f"{safe(node.op_type)} '{safe(name)}'"


def _check(graph: GraphDef, visible: set[str], findings: list[Finding]) -> None:
    """``visible`` are the outer names; those of the graph join them for as long as it is looked at."""
    defined = _definitions(graph)
    for name in sorted(name for name in defined if name in visible):
        message = f"'{safe(name)}' hides a value of the same name outside its subgraph"
        findings.append(Finding(rule="AUD-SEC-015", severity="medium", message=message, node=name))
    own = [name for name in defined if name not in visible]
    visible.update(own)
    for node in graph.nodes:
        for name in node.inputs:
            if name and name not in visible:
                raise BadModel(f"{describe(node)} reads '{safe(name)}', which nothing defines")
        if node.attribute_refs:
            raise BadModel(f"{describe(node)} refers to an attribute of a function, but stands in none")
        for inner in subgraphs(node):
            _check(inner, visible, findings)
    for info in graph.outputs:
        if info.name not in visible:
            raise BadModel(f"output '{safe(info.name)}' is defined by nothing")
    order = topological_order(graph)
    if any(index != position for position, index in enumerate(order)):
        message = "nodes stand before nodes they read (not topologically sorted)"
        findings.append(Finding(rule="AUD-SEC-014", severity="medium", message=message, node=graph.name))
    visible.difference_update(own)


def _definitions(graph: GraphDef) -> frozenset[str]:
    defined = {*graph.initializers, *graph.sparse_initializers}
    for what, names in _definers(graph):
        for name in names:
            if name in defined and not (what == "input" and name in graph.initializers):
                raise BadModel(
                    f"'{safe(name)}' is defined twice, the second time by {what}", rule="AUD-SEC-015"
                )
            if name:
                defined.add(name)
    return frozenset(defined)


def _definers(graph: GraphDef) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield from (("input", (info.name,)) for info in graph.inputs)
    yield from ((describe(node), node.outputs) for node in graph.nodes)


def _reads(node: NodeDef) -> set[str]:
    """The names a node needs: its inputs and what its subgraphs take from outside."""
    names = {name for name in node.inputs if name}
    for graph in subgraphs(node):
        names |= _free_names(graph)
    return names


def _free_names(graph: GraphDef) -> set[str]:
    inside = {*graph.initializers, *graph.sparse_initializers, *(info.name for info in graph.inputs)}
    inside.update(name for node in graph.nodes for name in node.outputs)
    needed = {info.name for info in graph.outputs}
    for node in graph.nodes:
        needed |= _reads(node)
    return needed - inside


def _is_sorted(nodes: Sequence[NodeDef], reads: Sequence[set[str]]) -> bool:
    last: Mapping[str, int] = {
        name: index for index, node in enumerate(nodes) for name in node.outputs if name
    }
    return all(last.get(name, -1) < index for index, names in enumerate(reads) for name in names)
