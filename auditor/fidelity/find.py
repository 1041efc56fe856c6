"""The stage as a whole: every rule asked of every node, and of the circuit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from auditor.circuit import Circuit
from auditor.fidelity.facts import ILL_FORMED, NotKnown, ValueFact, graph_facts, model_facts, subgraphs
from auditor.fidelity.registry import NodeRule, all_rules
from auditor.fidelity.view import GraphView, NodeView
from auditor.findings import Finding
from auditor.model.graph import GraphDef, Model

DECIDING = "high"
"""The severity of a rule whose circuit computes something else; milder rules inform."""


class FidelityReport(Struct, frozen=True, kw_only=True):
    """What the rules say about a model; ``unknown`` is why some could not be judged."""

    findings: tuple[Finding, ...]
    unknown: tuple[str, ...]

    @property
    def faithful(self) -> bool | None:
        """False when a rule says otherwise, None when one could not be judged."""
        if any(finding.severity == DECIDING for finding in self.findings):
            return False
        return None if self.unknown else True


def find(
    model: Model, facts: Mapping[str, ValueFact] | None = None, circuit: Circuit | None = None
) -> FidelityReport:
    """Every known way in which EZKL's circuit for ``model`` computes something else.

    ``model`` has sizes for its inputs and no functions left; ``facts`` are what is known about its values
    beside what the file declares; without the ``circuit`` only the rules about nodes are asked.
    """
    findings: list[Finding] = []
    unknown: list[str] = []
    main = model_facts(model, facts)
    for view in _views(model.graph, main):
        _ask_nodes(view, findings, unknown)
    if circuit is None:
        unknown.append("there is no circuit to look at")
    else:
        findings += _ask_circuit(GraphView.of(model.graph, main), circuit)
    ordered = sorted(findings, key=lambda finding: finding.rule)
    return FidelityReport(findings=tuple(dict.fromkeys(ordered)), unknown=tuple(dict.fromkeys(unknown)))


def _views(graph: GraphDef, facts: Mapping[str, ValueFact]) -> Iterator[GraphView]:
    """The graph and the bodies in it, however deep."""
    waiting = [(graph, facts)]
    while waiting:
        current, known = waiting.pop()
        yield GraphView.of(current, known)
        for node in current.nodes:
            if node.attributes:
                waiting += [(body, graph_facts(body, {}, known)) for body in subgraphs(node)]


def _ask_nodes(view: GraphView, findings: list[Finding], unknown: list[str]) -> None:
    rules: dict[str, list[NodeRule]] = {}
    for rule in all_rules().nodes:
        for operator in rule.operators:
            rules.setdefault(operator, []).append(rule)
    for node in view.graph.nodes:
        if node.op_type not in rules or not view.live.intersection(node.outputs):
            continue
        here = NodeView(node=node, graph=view)
        for rule in rules[node.op_type]:
            if here.is_folded and not rule.folded:
                continue
            try:
                message = rule.check(here)
            except NotKnown as reason:
                unknown.append(f"{rule.id} at {node.op_type} {here.label}: {reason}")
                continue
            except ILL_FORMED:
                unknown.append(f"{rule.id} at {node.op_type} {here.label}: it is not as ONNX defines it")
                continue
            if message is not None:
                findings.append(
                    Finding(rule=rule.id, severity=rule.severity, message=message, node=here.label)
                )


def _ask_circuit(view: GraphView, circuit: Circuit) -> Iterator[Finding]:
    rules = all_rules()
    for rule in rules.circuits:
        for node, message in rule.check(circuit):
            yield Finding(rule=rule.id, severity=rule.severity, message=message, node=node)
    for about_model in rules.models:
        for node, message in about_model.check(view, circuit):
            yield Finding(rule=about_model.id, severity=about_model.severity, message=message, node=node)
