"""The nouns of a report: what an audit found, as plain frozen values, before any format is chosen.

Field names are those of the JSON report (``auditor/schemas/report-1.schema.json``). ``None`` always
means "not known", and never zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from auditor.findings import Finding

Lookup = str | Mapping[str, Mapping[str, float | None]]
"""A table as EZKL's settings.json writes it: a name, or a name with its parameters."""

WHOLE_MODEL = "(model)"
"""The operator of a reason that concerns the file, or that EZKL does not pin on a node."""

Status = Literal["feasible", "infeasible", "undetermined"]


class Value(Struct, frozen=True, kw_only=True):
    """A declared input or output. A dimension is a size, a symbol's name, or None when undeclared."""

    name: str
    dtype: str | None
    shape: tuple[int | str | None, ...] | None


class ModelFacts(Struct, frozen=True, kw_only=True):
    """What the file holds. ``macs`` are multiply-accumulates of one inference."""

    opset: int
    ir_version: int
    producer: str
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    parameters: int
    macs: int | None
    operators: Mapping[str, int]
    bound_dimensions: Mapping[str, int]


class UnsupportedOperator(Struct, frozen=True, kw_only=True):
    """An operator that EZKL rejects, or that we do not model exactly, for one reason."""

    operator: str
    count: int
    reason: str
    nodes: tuple[str, ...]
    way_out: str


class Layer(Struct, frozen=True, kw_only=True):
    """What one ONNX node adds to the circuit: rows and cells (``total_assignments``)."""

    node: str
    operator: str
    num_rows: int
    total_assignments: int


class PlanFacts(Struct, frozen=True, kw_only=True):
    """Run args that were chosen for ``rows`` inputs, and what they keep of the model's answers to those.

    Where none could be chosen ``reason`` says why, the rest is None, and the run args are EZKL's defaults.
    ``relative_error`` is in units of the output's range; ``headroom`` is how many times as large the values
    may become.
    """

    inputs: str | None
    rows: int | None
    relative_error: float | None
    tolerance: float | None
    agreement: float | None
    headroom: float | None
    reason: str | None


class CircuitFacts(Struct, frozen=True, kw_only=True):
    """The circuit, under EZKL's own names. Sizes are None when the circuit was not laid out.

    ``supported``: does EZKL accept the model. ``faithful``: does its circuit compute what ONNX says.
    ``logrows`` is the k the sizes of the artifacts are for; ``run_args`` are the ones that were audited, by
    a ``plan`` where the user set none.
    """

    front_end: str
    supported: bool | None
    faithful: bool | None
    exact: bool
    run_args: Mapping[str, object]
    plan: PlanFacts | None = None
    logrows: int | None = None
    num_rows: int | None = None
    total_assignments: int | None = None
    total_const_size: int | None = None
    total_dynamic_col_size: int | None = None
    max_dynamic_input_len: int | None = None
    num_dynamic_lookups: int | None = None
    num_shuffles: int | None = None
    total_shuffle_col_size: int | None = None
    total_einsum_col_size: int | None = None
    required_lookups: tuple[Lookup, ...] | None = None
    required_range_checks: tuple[tuple[int, int], ...] | None = None
    num_advice_columns: int | None = None
    num_fixed_columns: int | None = None
    num_selectors: int | None = None
    num_instances: int | None = None
    degree: int | None = None
    unsupported: tuple[UnsupportedOperator, ...] = ()
    layers: tuple[Layer, ...] = ()


class Interval(Struct, frozen=True, kw_only=True):
    """A number that is known within ``low`` and ``high``; ``mid`` is expected."""

    low: int
    mid: int
    high: int
    evidence: str


class ArtifactFacts(Struct, frozen=True, kw_only=True):
    """Bytes of what a setup and a proof leave behind: exact, or an interval with its evidence."""

    proving_key_bytes: int | Interval
    verifying_key_bytes: int | Interval
    proof_bytes: int | Interval
    srs_bytes: int | Interval
    calldata_bytes: int | Interval
    verifier_bytecode_bytes: int | Interval


class Span(Struct, frozen=True, kw_only=True):
    """A predicted amount: expected at ``mid``, nine times in ten from ``low`` to ``high``."""

    low: float
    mid: float
    high: float


class HardwareFacts(Struct, frozen=True, kw_only=True):
    """The circuit on one machine: wall times, memory at its peak over all steps, and whether it fits.

    ``evidence`` is the weakest behind the numbers (measured, published, derived, assumed), ``measured_range``
    says what was measured and how this circuit lies beyond it. Money is None where no price is known.
    ``replicas`` inferences take as long there as one proof, by an assumption about inference; None where the
    model's multiply-accumulates are not known.
    """

    profile: str
    status: Status
    binding: str | None
    reasons: tuple[str, ...]
    setup_seconds: Span
    prove_seconds: Span
    verify_seconds: Span
    peak_memory_bytes: Span
    disk_bytes: int
    usd_per_proof: Span | None
    usd_per_thousand_proofs: Span | None
    replicas: Span | None
    evidence: str
    measured_range: str
    warnings: tuple[str, ...]


class ReusableFacts(Struct, frozen=True, kw_only=True):
    """The same with EZKL's reusable verifier: one contract for all circuits, where each is registered once.

    ``register_gas`` is None where the chain prices storage otherwise than it was measured.
    """

    status: Status
    binding: str | None
    verify_gas: Span
    register_gas: Span | None
    deploy_gas: Span
    contract_bytes: int
    calldata_bytes: int
    usd_per_verification: Span | None


class ChainFacts(Struct, frozen=True, kw_only=True):
    """A verification on one chain, and whether the chain takes the contract and the call.

    Gas is None where the chain does not count as Ethereum does, money where a price is not known.
    """

    profile: str
    fork: str | None
    status: Status
    binding: str | None
    reasons: tuple[str, ...]
    verify_gas: Span | None
    deploy_gas: Span | None
    contract_bytes: Span
    calldata_bytes: int
    usd_per_verification: Span | None
    reusable: ReusableFacts | None
    evidence: str
    warnings: tuple[str, ...]


class Verdict(Struct, frozen=True, kw_only=True):
    """The answer. ``binding`` names the one limit that decides it, and is None when feasible."""

    status: Status
    binding: str | None
    reasons: tuple[str, ...]
    next: tuple[str, ...]
    exit_code: int


class NotRun(Struct, frozen=True, kw_only=True):
    """A rule that could not be asked, and what it lacked: its silence says nothing."""

    rule: str
    reason: str


class ModelAudit(Struct, frozen=True, kw_only=True):
    """Everything found about one file; what could not be read or lowered is None."""

    path: str
    sha256: str | None
    bytes: int | None
    model: ModelFacts | None
    circuit: CircuitFacts | None
    artifacts: ArtifactFacts | None
    findings: tuple[Finding, ...]
    verdict: Verdict
    hardware: tuple[HardwareFacts, ...] = ()
    chains: tuple[ChainFacts, ...] = ()
    not_run: tuple[NotRun, ...] = ()


class Audit(Struct, frozen=True, kw_only=True):
    """One run over one or more models. ``rules`` is the digest of the rules that were used.

    ``command`` and ``layers_shown`` (0: all) only choose what a format for people shows.
    """

    command: Literal["inspect", "estimate"]
    version: str
    rules: str
    models: tuple[ModelAudit, ...]
    status: Status
    exit_code: int
    layers_shown: int
