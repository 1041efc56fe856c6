"""What EZKL says about the model's outputs against what the model says."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.circuit import Circuit
from auditor.circuit.graph import CircuitNode
from auditor.fidelity.registry import model_rule
from auditor.fidelity.view import GraphView


@model_rule("AUD-FID-028", severity="low")
def output_shape(view: GraphView, circuit: Circuit) -> Iterator[tuple[str, str]]:
    """The shape of an output in settings.json; a scalar is [1] there, which is no finding."""
    nodes = {node.id: node for node in circuit.graph.nodes}
    for info, (source, slot) in zip(view.graph.outputs, circuit.graph.outputs, strict=False):
        node = nodes.get(source)
        if node is None or info.shape is None:
            continue
        dims = tuple(size for size in info.shape if isinstance(size, int))
        if len(dims) < len(info.shape):
            continue
        shape = node.shape if isinstance(node, CircuitNode) else node.out_shapes[slot]
        if tuple(shape) != (dims or (1,)):
            yield info.name, f"EZKL reports the shape {list(shape)} for output {info.name}, not {list(dims)}"
