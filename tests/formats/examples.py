"""Reports made by hand, so that formats are tested without any model."""

from __future__ import annotations

from msgspec.structs import replace

from auditor.circuit.run_args import RunArgs
from auditor.findings import Finding
from auditor.options import as_settings
from auditor.report import (
    ArtifactFacts,
    Audit,
    ChainFacts,
    CircuitFacts,
    HardwareFacts,
    Interval,
    Layer,
    ModelAudit,
    ModelFacts,
    Span,
    UnsupportedOperator,
    Value,
    Verdict,
)
from auditor.views.audit import AuditView

LAYERS = tuple(
    Layer(
        node=f"/layer{i}", operator="Conv" if i % 2 else "Relu", num_rows=100 * i, total_assignments=200 * i
    )
    for i in range(1, 13)
)

CIRCUIT = CircuitFacts(
    front_end="onnx",
    supported=True,
    faithful=None,
    exact=True,
    run_args=as_settings(RunArgs()),
    logrows=15,
    num_rows=7800,
    total_assignments=15600,
    total_const_size=42,
    total_dynamic_col_size=0,
    max_dynamic_input_len=0,
    num_dynamic_lookups=0,
    num_shuffles=0,
    total_shuffle_col_size=0,
    total_einsum_col_size=0,
    required_lookups=({"Sigmoid": {"scale": 128.0}},),
    required_range_checks=((-1, 1), (0, 16383)),
    num_advice_columns=6,
    num_fixed_columns=10,
    num_selectors=12,
    num_instances=74,
    degree=4,
    layers=LAYERS,
)

FEASIBLE = ModelAudit(
    path="samples/digits.onnx",
    sha256="0" * 64,
    bytes=29_345,
    model=ModelFacts(
        opset=17,
        ir_version=8,
        producer="pytorch 2.8",
        inputs=(Value(name="image", dtype="float", shape=("N", 1, 8, 8)),),
        outputs=(Value(name="scores", dtype=None, shape=None),),
        parameters=6632,
        macs=49_366,
        operators={"Conv": 6, "Relu": 6},
        bound_dimensions={"N": 1},
    ),
    circuit=CIRCUIT,
    artifacts=ArtifactFacts(
        proving_key_bytes=17_825_792,
        verifying_key_bytes=9_000,
        proof_bytes=2912,
        srs_bytes=4_194_628,
        calldata_bytes=3_300,
        verifier_bytecode_bytes=Interval(low=11_000, mid=13_000, high=15_000, evidence="fitted"),
    ),
    findings=(),
    verdict=Verdict(
        status="feasible",
        binding=None,
        reasons=("7,800 rows fit a circuit of 2^15 rows",),
        next=("Conv /layer11 takes 14 % of the rows. Use a larger stride.",),
        exit_code=0,
    ),
)


def hardware(profile: str, times: float, **fields: object) -> HardwareFacts:
    """A machine that takes ``times`` as long as the first one."""
    facts = HardwareFacts(
        profile=profile,
        status="feasible",
        binding=None,
        reasons=(),
        setup_seconds=Span(low=0.7 * times, mid=2 * times, high=11 * times),
        prove_seconds=Span(low=1.1 * times, mid=3 * times, high=15 * times),
        verify_seconds=Span(low=0.01, mid=0.02, high=0.05),
        peak_memory_bytes=Span(low=7e8, mid=8e8, high=1e9),
        disk_bytes=300_000_000,
        usd_per_proof=None,
        usd_per_thousand_proofs=Span(low=0.02, mid=0.05, high=0.2),
        replicas=None,
        evidence="assumed",
        measured_range="",
        warnings=(),
    )
    return replace(facts, **fields)


CHAIN = ChainFacts(
    profile="ethereum-mainnet",
    fork="osaka",
    status="infeasible",
    binding="contract size",
    reasons=("the contract has 43 KiB, the chain takes 24",),
    verify_gas=Span(low=1.6e6, mid=1.7e6, high=1.8e6),
    deploy_gas=Span(low=9e6, mid=1e7, high=1.1e7),
    contract_bytes=Span(low=44_000, mid=45_000, high=47_000),
    calldata_bytes=3_300,
    usd_per_verification=Span(low=1.5, mid=2.0, high=3.8),
    reusable=None,
    evidence="assumed",
    warnings=(),
)

PRICED = replace(
    FEASIBLE,
    path="samples/priced.onnx",
    hardware=(
        hardware("laptop-8c-16g", 1.0),
        hardware("rpi5-8g", 9.0, status="undetermined", reasons=("nobody has seen EZKL run on it",)),
    ),
    chains=(CHAIN, replace(CHAIN, profile="zksync-era", verify_gas=None, usd_per_verification=None)),
)

REJECTED = replace(
    FEASIBLE,
    path="samples/dilated.onnx",
    artifacts=None,
    circuit=CircuitFacts(
        front_end="onnx",
        supported=False,
        faithful=None,
        exact=False,
        run_args=as_settings(RunArgs()),
        unsupported=(
            UnsupportedOperator(
                operator="Conv",
                count=5,
                reason="EZKL's front end accepts no dilated convolution, in any number of dimensions",
                nodes=tuple(f"/backbone/stage{i}/conv" for i in range(5)),
                way_out="Replace it by a larger stride.",
            ),
        ),
    ),
    findings=(
        Finding(rule="AUD-SEC-019", severity="medium", message="a name holds control characters", node="/a"),
    ),
    verdict=Verdict(
        status="infeasible",
        binding="support",
        reasons=("EZKL rejects Conv (5 times): no dilated convolution",),
        next=("Replace it by a larger stride.",),
        exit_code=1,
    ),
)

UNREADABLE = ModelAudit(
    path="samples/pointer.onnx",
    sha256=None,
    bytes=None,
    model=None,
    circuit=None,
    artifacts=None,
    findings=(),
    verdict=Verdict(
        status="undetermined",
        binding="input",
        reasons=("a Git-LFS pointer",),
        next=("git lfs pull",),
        exit_code=3,
    ),
)


def audit(*models: ModelAudit, command: str = "estimate", layers_shown: int = 10) -> AuditView:
    """The view of a report over ``models``."""
    worst = max(models, key=lambda model: (model.verdict.exit_code == 1, model.verdict.exit_code))
    report = Audit(
        command=command,
        version="0.1.0",
        rules="0123456789ab",
        models=models,
        status=worst.verdict.status,
        exit_code=worst.verdict.exit_code,
        layers_shown=layers_shown,
    )
    return AuditView(report)
