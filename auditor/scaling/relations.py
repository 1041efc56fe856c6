"""Which dimensions of a graph are equal, and which follow from others: the web of a whole model."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.model.graph import GraphDef, Model, NodeDef, TensorData
from auditor.model.links import topological_order
from auditor.scaling.errors import CannotScale
from auditor.scaling.integers import follow
from auditor.scaling.rules import RULES
from auditor.scaling.site import Site
from auditor.scaling.web import Web

STANDARD_DOMAINS = frozenset({"", "ai.onnx"})


def relate(model: Model, shapes: Mapping[str, tuple[int, ...]], *, proportional: bool) -> Web:
    """The web of a model whose shapes are known. Nodes that no output needs have no part in it.

    Raises CannotScale at a node whose operator has no rule.
    """
    constants = constants_of(model.graph)
    known = {**shapes, **{name: data.shape for name, data in constants.items()}}
    web = Web(shapes=known, proportional=proportional)
    for number in topological_order(model.graph):
        node = model.graph.nodes[number]
        if node.op_type == "Constant" or not any(name in shapes for name in node.outputs):
            continue
        site = Site(web=web, node=node, number=number, constants=constants, opset=model.opset)
        if not follow(site):
            _apply(site)
        if all(n in constants or n in web.elements or n in web.fixed for n in node.inputs if n):
            web.fixed.update(node.outputs)
    return web


def constants_of(graph: GraphDef) -> dict[str, TensorData]:
    """The tensors of the file by name: initializers, and the values of ``Constant`` nodes."""
    found = dict(graph.initializers)
    for node in graph.nodes:
        if node.op_type == "Constant" and node.outputs and (data := held(node)) is not None:
            found[node.outputs[0]] = data
    return found


def held(node: NodeDef) -> TensorData | None:
    """The tensor of a ``Constant`` node; None where it holds a bare number."""
    value = node.attributes.get("value")
    return value if isinstance(value, TensorData) else None


def _apply(site: Site) -> None:
    rule = RULES.get(site.node.op_type) if site.node.domain in STANDARD_DOMAINS else None
    if rule is None:
        raise CannotScale.at(
            site.node,
            "is an operator whose sizes are not understood",
            "export the model in standard operators, or compare it at its own size",
        )
    rule(site)
