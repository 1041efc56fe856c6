"""From the values of the stages to the nouns of the report. Here every name becomes harmless."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace

from auditor.circuit import Circuit, RunArgs
from auditor.circuit.size import LayerSize
from auditor.findings import Finding
from auditor.front_end import Lowered
from auditor.macs import macs
from auditor.model import Model, ValueInfo, free_inputs, operators, parameters
from auditor.options import as_settings
from auditor.pricing.chain.gas import contract_bytes
from auditor.report import (
    ArtifactFacts,
    CircuitFacts,
    Interval,
    Layer,
    ModelFacts,
    PlanFacts,
    UnsupportedOperator,
    Value,
)
from auditor.safe import safe
from auditor.size_up import Sized

if TYPE_CHECKING:
    from auditor.plans.planner import Outcome


def model_facts(model: Model, bound_dimensions: Mapping[str, int], circuit: Circuit | None) -> ModelFacts:
    """What the file holds; ``macs`` are counted in the circuit, and None without one."""
    return ModelFacts(
        opset=model.opset,
        ir_version=model.ir_version,
        producer=safe(model.producer),
        inputs=tuple(_value(info) for info in free_inputs(model.graph)),
        outputs=tuple(_value(info) for info in model.graph.outputs),
        parameters=parameters(model),
        macs=None if circuit is None else macs(circuit.graph),
        operators={safe(name): count for name, count in operators(model).items()},
        bound_dimensions={safe(name): size for name, size in sorted(bound_dimensions.items())},
    )


def circuit_facts(
    lowered: Lowered,
    sized: Sized,
    run_args: RunArgs,
    onnx_operators: Mapping[str, str],
    *,
    faithful: bool | None,
) -> CircuitFacts:
    """The circuit under EZKL's names; sizes are None where there is no layout.

    ``onnx_operators`` are those of the ONNX nodes, by the names of these.
    """
    facts = CircuitFacts(
        front_end=lowered.front_end,
        supported=_supported(lowered),
        faithful=faithful,
        exact=lowered.size is not None and lowered.size.total_const_size is not None,
        run_args=as_settings(run_args),
        unsupported=_grouped(lowered.unsupported),
    )
    size, system = lowered.size, sized.system
    if size is not None:
        facts = replace(
            facts,
            num_rows=size.num_rows,
            total_assignments=size.total_assignments,
            total_const_size=size.total_const_size,
            total_dynamic_col_size=size.total_dynamic_col_size,
            max_dynamic_input_len=size.max_dynamic_input_len,
            num_dynamic_lookups=size.num_dynamic_lookups,
            num_shuffles=size.num_shuffles,
            total_shuffle_col_size=size.total_shuffle_col_size,
            total_einsum_col_size=size.total_einsum_col_size,
            required_lookups=tuple(lookup.as_settings() for lookup in size.required_lookups),
            required_range_checks=size.required_range_checks,
            logrows=sized.logrows,
            layers=_layers(size.layers, onnx_operators),
        )
    if system is not None:
        facts = replace(
            facts,
            num_advice_columns=system.num_advice_columns,
            num_fixed_columns=system.num_fixed_columns if system.exact else None,
            num_selectors=system.num_selectors,
            num_instances=system.num_instances,
            degree=system.degree,
        )
    return facts


def plan_facts(outcome: Outcome) -> PlanFacts:
    """What was planned, in four figures, or why nothing was."""
    planned = outcome.planned
    best = None if planned is None else planned.best
    if planned is None or best is None:
        reason = safe(outcome.reason, limit=400)
        return PlanFacts(
            inputs=None, rows=None, relative_error=None, tolerance=None, agreement=None, headroom=None,
            reason=reason,
        )  # fmt: skip
    agreement = best.accuracy.agreement
    return PlanFacts(
        inputs=planned.sample.source,
        rows=planned.sample.count,
        relative_error=figures(best.accuracy.relative_error),
        tolerance=figures(planned.found.wanted.tolerance),
        agreement=None if agreement is None else figures(agreement),
        headroom=figures(planned.headroom),
        reason=None,
    )


def figures(number: float) -> float:
    """In four figures: more would be noise."""
    return float(f"{number:.4g}")


_CONTRACTS = "fitted to contracts of EZKL 23.0.5 that solc 0.8.20 compiled; nine in ten lie within"


def artifact_facts(sized: Sized) -> ArtifactFacts | None:
    """Bytes of keys, proof, SRS and verifier; an interval where the number of fixed columns is one."""
    made, system = sized.artifacts, sized.system
    if made is None or system is None:
        return None
    why = made.inexact_reason or ""
    proof_low, proof_high = made.proof_bounds
    calldata_header = made.calldata_bytes - made.proof_bytes
    contract = contract_bytes(system)
    return ArtifactFacts(
        proving_key_bytes=_bytes(made.proving_key_bytes, made.proving_key_bounds, why),
        verifying_key_bytes=_bytes(made.verifying_key_bytes, made.verifying_key_bounds, why),
        proof_bytes=_bytes(made.proof_bytes, made.proof_bounds, why),
        srs_bytes=made.srs_bytes,
        calldata_bytes=_bytes(
            made.calldata_bytes, (proof_low + calldata_header, proof_high + calldata_header), why
        ),
        verifier_bytecode_bytes=Interval(
            low=int(contract.low), mid=round(contract.mid), high=math.ceil(contract.high), evidence=_CONTRACTS
        ),
    )


def _bytes(expected: int, bounds: tuple[int, int], evidence: str) -> int | Interval:
    low, high = bounds
    return expected if low == high else Interval(low=low, mid=expected, high=high, evidence=evidence)


def _supported(lowered: Lowered) -> bool | None:
    if lowered.unknown:
        return None
    return not lowered.unsupported


def _grouped(items: Iterable[UnsupportedOperator]) -> tuple[UnsupportedOperator, ...]:
    """One entry for each operator and reason, with all its nodes, in order of appearance."""
    groups: dict[tuple[str, str], UnsupportedOperator] = {}
    for item in items:
        key = (item.operator, item.reason)
        known = groups.get(key)
        merged = replace(known, count=known.count + 1, nodes=known.nodes + item.nodes) if known else item
        groups[key] = merged
    return tuple(groups.values())


def safe_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings with harmless texts."""
    return tuple(
        replace(finding, message=safe(finding.message, limit=400), node=safe(finding.node))
        for finding in findings
    )


def _layers(sizes: Iterable[LayerSize], onnx_operators: Mapping[str, str]) -> tuple[Layer, ...]:
    """One layer for each ONNX node that adds a cell; a node may become several operations of the circuit."""
    merged: dict[str, Layer] = {}
    for size in sizes:
        if not size.total_assignments and not size.total_einsum_col_size:
            continue
        layer = merged.get(size.node)
        merged[size.node] = Layer(
            node=safe(size.node),
            operator=layer.operator if layer else safe(onnx_operators.get(size.node, size.operator)),
            num_rows=size.num_rows + (layer.num_rows if layer else 0),
            total_assignments=size.total_assignments + (layer.total_assignments if layer else 0),
        )
    return tuple(merged.values())


def _value(info: ValueInfo) -> Value:
    shape = None
    if info.shape is not None:
        shape = tuple(safe(size) if isinstance(size, str) else size for size in info.shape)
    return Value(name=safe(info.name), dtype=info.dtype, shape=shape)
