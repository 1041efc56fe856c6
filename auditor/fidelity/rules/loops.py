"""Loops (Scan, and what LSTM, GRU and RNN become): the states and outputs that EZKL mixes up."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.circuit import Circuit
from auditor.circuit.graph import Graph, OutputMapping, SubCircuit
from auditor.fidelity.registry import circuit_rule, node_rule
from auditor.fidelity.view import NodeView, NotKnown
from auditor.fidelity.walk import graphs, readers, scale_of, shape_of


@circuit_rule("AUD-FID-008")
def states_confused(circuit: Circuit) -> Iterator[tuple[str, str]]:
    """EZKL graph/model.rs: a state whose last value is no output of the loop gets its own position as the
    number of its outlet, and overwrites, or is overwritten by, the output that has this number."""
    for graph in graphs(circuit.graph):
        for node in graph.nodes:
            if isinstance(node, SubCircuit) and _mixes_outlets(node, graph):
                yield node.origin, "a loop confuses its states and outputs: one has no outlet of its own"


def _mixes_outlets(node: SubCircuit, graph: Graph) -> bool:
    """Whether a state is carried on, or an output taken, from another result of the body."""
    claims: dict[int, list[tuple[int, OutputMapping]]] = {}
    for result, mappings in enumerate(node.output_mappings):
        for mapping in mappings:
            claims.setdefault(mapping.outlet, []).append((result, mapping))
    known = {other.id: other for other in graph.nodes}
    lengths = [
        shape_of(known[source], slot)[mapping.axis]
        for (source, slot), mapping in zip(node.inputs, node.input_mappings, strict=True)
        if mapping.kind == "Stacked"
    ]
    runs_once = all(length == 1 for length in lengths)
    reading = readers(graph)
    for position, outlet in enumerate(sorted(claims)):
        for result, mapping in claims.get(position, ()):
            owner = claims[outlet][-1][0]
            if owner == result:
                continue
            is_made_up = mapping.is_state and mapping.outlet == result
            is_read = (node.id, position) in reading or (node.id, position) in graph.outputs
            if (mapping.is_state and not runs_once) or (is_read and not is_made_up):
                return True
    return False


@circuit_rule("AUD-FID-040")
def scales_confused(circuit: Circuit) -> Iterator[tuple[str, str]]:
    """EZKL gives the scales of a loop's inputs to the inputs of its body in another order than the values."""
    for graph in graphs(circuit.graph):
        known = {node.id: node for node in graph.nodes}
        for node in graph.nodes:
            if not isinstance(node, SubCircuit):
                continue
            inside = {other.id: scale_of(other, 0) for other in node.body.nodes}
            given = [scale_of(known[source], slot) for source, slot in node.inputs]
            read = [inside[place] for place in node.body.inputs]
            if given != read:
                yield node.origin, f"a loop reads inputs at scales {given} as if they were at scales {read}"


@node_rule("AUD-FID-010", "Scan", folded=True)
def reversed_scan(node: NodeView) -> str | None:
    """EZKL casts the negative chunk of a reversed scan to unsigned and scans forward."""
    inputs = node.attribute("num_scan_inputs", 0)
    if inputs > len(node.node.inputs):
        raise NotKnown("it scans more inputs than it has")
    first = len(node.node.inputs) - inputs
    axes = node.sizes("scan_input_axes") or (0,) * inputs
    if inputs and all(node.dims(first + i)[axis] == 1 for i, axis in enumerate(axes)):
        return None
    if any(node.sizes("scan_input_directions")):
        return "Scan with a reversed input reads it forward"
    backward = node.sizes("scan_output_directions")
    if any(way and node.uses_output(first + place) for place, way in enumerate(backward)):
        return "Scan with a reversed output writes it forward"
    return None
