"""The reports about proofs, in every format, from values made by hand."""

from __future__ import annotations

import json
from importlib import resources

import jsonschema
import pytest
import referencing
from msgspec.structs import replace

from auditor import formats
from auditor.circuit.run_args import RunArgs
from auditor.proving import manifest as m
from auditor.proving.checks import Check
from auditor.proving.report import PlannedStep, ProofReport
from auditor.proving.store import Entry
from auditor.verify import Verification
from auditor.views.cache import CacheView
from auditor.views.page import View
from auditor.views.proof import ProofView
from auditor.views.verification import VerificationView

HASH = "0" * 64

PREDICTED = m.Predicted(
    cpu_seconds=m.Range(low=3.5, mid=9.0, high=28.0),
    peak_memory_bytes=m.Range(low=4e8, mid=4.2e8, high=4.6e8),
    bytes=287_000_000,
)

OUTPUT = m.PublicTensor(name="scores", shape=(1, 12), scale=7, integers=("-3",) * 12, values=(-3 / 128,) * 12)

MANIFEST = m.Manifest(
    model=m.ModelFile(file_name="digits.onnx", sha256=HASH, bytes=3661, inlined_sha256=HASH),
    run_args=RunArgs(),
    circuit=m.CircuitRecord(logrows=15, num_rows=14_628, degree=6, num_instances=12),
    srs=m.SrsRecord(kind="unsafe-local", logrows=15, sha256=HASH, warning="worth nothing to anybody else"),
    public=m.Public(outputs=(OUTPUT,)),
    input=m.InputRecord(source="file"),
    reference=m.Reference(
        runtime="onnxruntime 1.31.1",
        outputs=(
            m.ReferenceOutput(
                name="scores", values=None, max_abs_difference=0.01, tolerance=0.03, argmax_agrees=True
            ),
        ),
    ),
    fidelity=m.FidelityRecord(status="same", forced=False, inputs_compared=4, findings=()),
    steps=(
        m.StepRecord(
            step="keys",
            reused=True,
            predicted=PREDICTED,
            measured=m.Measured(
                wall_seconds=7.7, cpu_seconds=9.1, peak_memory_bytes=415 << 20, bytes=287_469_322
            ),
        ),
        m.StepRecord(step="proof", reused=False, predicted=m.Predicted(), measured=None),
    ),
    overhead=m.Overhead(inference_seconds=1e-5, proving_seconds=8.4, ratio=840_000.0),
    machine=m.MachineRecord(cores=2, memory_bytes=24 << 30, cpu=None),
    files={name: m.FileRecord(sha256=HASH, bytes=33_091) for name in m.FILES},
)

PROVED = ProofReport(
    version="0.1.0",
    model="digits.onnx",
    status="proved",
    exit_code=0,
    bundle="digits.bundle",
    manifest=MANIFEST,
    warnings=("UNSAFE SRS: worth nothing to anybody else",),
)

REFUSED = ProofReport(
    version="0.1.0",
    model="::error::x.onnx",
    status="refused",
    exit_code=1,
    plan=(PlannedStep(step="keys", predicted=PREDICTED, wall_seconds=5.2),),
    binding="memory",
    reasons=tuple(f"reason {number}" for number in range(12)),
    next=("a larger machine",),
)

CHECKS = (
    Check(name="bundle", status="pass", reason="5 files"),
    Check(name="proof", status="fail", reason="EZKL does not verify it"),
    Check(name="evm", status="pass", reason="712,605 gas", detail={"verify_gas": 712_605}),
    Check(name="model", status="not run", reason="not asked for: --model", asked=False),
)

VERIFIED = Verification(
    ok=True, checks=(CHECKS[0], CHECKS[2], CHECKS[3]), manifest=MANIFEST, warnings=("unsafe",)
)
FAILED = Verification(ok=False, checks=CHECKS, manifest=None, warnings=())

ENTRY = Entry(kind="keys", digest=HASH, bytes=287_469_322, last_used=1.0, about={}, in_use=True)

VIEWS: dict[str, View] = {
    "proved": ProofView(PROVED),
    "refused": ProofView(REFUSED),
    "verified": VerificationView("digits.bundle", VERIFIED),
    "failed": VerificationView("[red]\n::error::.bundle", FAILED),
    "cache": CacheView("cache", (ENTRY,), 7300.0),
    "empty cache": CacheView("cache", (), 7300.0),
}


def schema(name: str) -> dict[str, object]:
    path = resources.files("auditor") / "schemas" / f"{name}-1.schema.json"
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_documents_follow_their_schemas(view: View) -> None:
    document = json.loads(formats.load("json").render(view))
    bundle = schema("bundle")
    registry = referencing.Registry().with_resource(
        str(bundle["$id"]), referencing.Resource.from_contents(bundle)
    )
    name = document["schema"].removeprefix("auditor.").removesuffix("/1")
    jsonschema.Draft202012Validator(schema(name), registry=registry).validate(document)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema(name), registry=registry).validate(document | {"x": 1})


@pytest.mark.parametrize("name", formats.reports())
@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_every_format_ends_its_last_line_and_gives_no_commands(view: View, name: str) -> None:
    text = formats.load(name).render(view)
    assert text.endswith("\n") or text == ""
    commands = [line for line in text.splitlines() if line.lstrip().startswith("::")]
    assert all(line.startswith(("::error file=", "::warning file=")) for line in commands)
    assert not commands or name == "github"
    if name == "terminal":
        assert max(len(line) for line in text.splitlines()) <= 80
    if name != "json":
        assert formats.load(name).render(view, formats.Medium(unicode=False)).isascii()


def test_an_unsafe_srs_is_called_so_everywhere() -> None:
    for name in formats.reports():
        for view in (VIEWS["proved"], VIEWS["verified"]):
            assert "unsafe" in formats.load(name).render(view).lower()


def test_a_proof_of_another_function_is_called_so() -> None:
    fidelity = replace(MANIFEST.fidelity, status="different", forced=True)
    report = replace(PROVED, manifest=replace(MANIFEST, fidelity=fidelity))
    assert "ANOTHER FUNCTION" in formats.load("terminal").render(ProofView(report))


def test_a_refusal_says_why_and_what_it_would_take() -> None:
    text = formats.load("terminal").render(VIEWS["refused"])
    assert "binding: memory" in text
    assert "and 4 more reasons" in text
    assert "3.5-28 s" in text
    assert "a larger machine" in text


def test_a_failed_check_is_named_in_one_line() -> None:
    lines = formats.load("concise").render(VIEWS["failed"]).splitlines()
    assert len(lines) == 2
    assert "fail proof: EZKL does not verify it" in lines[1]
    assert VerificationView("b", FAILED).exit_code == 1
    assert VerificationView("b", VERIFIED).exit_code == 0
