"""Between the stages: the model as EZKL's reader takes it, and what is said about its fidelity."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from auditor.fidelity import FidelityReport, ValueFact, find
from auditor.fidelity.view import NotKnown
from auditor.findings import Finding
from auditor.front_end import Lowered
from auditor.lowering import Unmodelled, Unsupported
from auditor.lowering.errors import ValuesAbsent
from auditor.lowering.graph.concretize import bound
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.tensor import Tensor
from auditor.lowering.translate.driver import translate
from auditor.lowering.translate.registry import translator
from auditor.model import Model, Refusal, SourceModel, all_nodes
from auditor.safe import safe
from auditor.verdict import BLOCKING_SEVERITIES, FIDELITY, Open

FUNCTION_RULE = "AUD-FID-029"
"""The fidelity rule that is about the file and not about its graph."""

_ONNX_DOMAINS = ("", "ai.onnx", "ai.onnx.ml")


class AsRead(Struct, frozen=True, kw_only=True):
    """The model EZKL's reader makes of a file, what it refuses, and what it misreads."""

    model: Model
    refusals: tuple[Refusal, ...]
    findings: tuple[Finding, ...]


def as_ezkl_reads(source: SourceModel) -> AsRead:
    """The file as EZKL reads it: it runs a standard operator for a function of the same name.

    Where it refuses something else as well there is no circuit, and the model is the one the file means.
    """
    misread = [item for item in source.refusals if item.operator and _is_ezkls(item.operator)]
    refusals = tuple(item for item in source.refusals if item not in misread)
    findings = tuple(_misread(item.operator) for item in misread)
    model = source.inlined if refusals or not misread else replace(source.model, functions=())
    return AsRead(model=model, refusals=refusals, findings=findings)


def find_unfaithful(model: Model, lowered: Lowered) -> FidelityReport:
    """What the fidelity rules say about a model and its circuit.

    A circuit from EZKL tells nothing about the model's values: those are found here as far as they can be.
    """
    report = find(model, _value_facts(lowered.facts or _translated(model)), lowered.circuit)
    return replace(report, unknown=(*report.unknown, *_foreign_operators(model)))


def faithful(lowered: Lowered, findings: Sequence[Finding], report: FidelityReport) -> bool | None:
    """Whether the circuit computes what ONNX says; None when there is none or a rule could not be judged."""
    if lowered.unsupported and not lowered.unknown:
        return None
    grave = (item for item in findings if item.severity in BLOCKING_SEVERITIES)
    if any(item.rule.startswith(FIDELITY) for item in grave):
        return False
    return report.faithful


def fidelity_unknowns(lowered: Lowered, report: FidelityReport) -> tuple[Open, ...]:
    """What keeps the fidelity of a circuit open."""
    if lowered.circuit is None:
        return ()
    return tuple(
        Open(
            binding="fidelity",
            reason=f"whether the circuit is faithful is not known: {safe(reason, limit=300)}",
        )
        for reason in report.unknown
    )


def _misread(operator: str) -> Finding:
    return Finding(
        rule=FUNCTION_RULE,
        severity="high",
        message=f"EZKL runs ONNX's {operator} in place of the model's function {operator}",
        node=operator,
    )


_ONNX_TYPES = {
    "f16": "float16", "f32": "float", "f64": "double", "bool": "bool", "string": "string", "tdim": "int64",
    "i8": "int8", "i16": "int16", "i32": "int32", "i64": "int64",
    "u8": "uint8", "u16": "uint16", "u32": "uint32", "u64": "uint64",
}  # fmt: skip
"""ONNX's element type of each datum type of tract."""


def _is_ezkls(operator: str) -> bool:
    """Whether EZKL's reader knows an operator of this name, in whatever domain."""
    return translator(operator) is not None


def _foreign_operators(model: Model) -> tuple[str, ...]:
    """Operators of a foreign domain that EZKL takes for ONNX's: what they should compute is not known."""
    foreign = {
        (node.op_type, node.domain)
        for node in all_nodes(model.graph.nodes)
        if node.domain not in _ONNX_DOMAINS and _is_ezkls(node.op_type)
    }
    return tuple(
        f"EZKL takes {name} of domain {domain} for ONNX's {name}: what it should compute is not known"
        for name, domain in sorted(foreign)
    )


def _translated(model: Model) -> dict[str, Fact]:
    """What translation alone finds out about the values; nothing where a node stops it."""
    try:
        translation = translate(model)
    except (Unmodelled, Unsupported):
        return {}
    return {name: bound(translation.graph.fact(outlet)) for name, outlet in translation.wires.items()}


def _value_facts(facts: Mapping[str, Fact]) -> dict[str, ValueFact]:
    """The facts of the lowering in the words of the fidelity rules."""
    found = {}
    for name, fact in facts.items():
        constant = fact.konst
        found[name] = ValueFact(
            dtype=_ONNX_TYPES.get(fact.dt),
            shape=tuple(fact.shape),
            is_constant=constant is not None,
            load=_load(constant) if constant is not None and constant.has_values else None,
        )
    return found


def _load(constant: Tensor) -> Callable[[], np.ndarray]:
    def load() -> np.ndarray:
        try:
            return constant.array
        except ValuesAbsent as absent:
            raise NotKnown(str(absent) or "the file does not hold the values of a constant") from absent

    return load
