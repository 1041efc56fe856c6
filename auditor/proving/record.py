"""From the finished steps of a proof to the manifest of its bundle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from auditor.circuit.run_args import RunArgs
from auditor.proving.comparison import Comparison, Subject
from auditor.proving.inputs import Inputs
from auditor.proving.instances import element_of, instance_groups, split
from auditor.proving.manifest import (
    CircuitRecord,
    FidelityRecord,
    InputRecord,
    MachineRecord,
    Manifest,
    ModelFile,
    Overhead,
    Public,
    Reference,
    ReferenceOutput,
    SrsRecord,
    StepRecord,
    public_record,
)
from auditor.proving.srs import Srs

UNSAFE_SRS = (
    "made with a locally generated SRS: whoever generated it can prove anything, so this proof is worth "
    "nothing to anybody else"
)


class Evidence(Struct, frozen=True, kw_only=True):
    """All that a run of the steps has brought to light."""

    model: ModelFile
    run_args: RunArgs
    circuit: CircuitRecord
    settings: Mapping[str, Any]
    proof: Mapping[str, Any]
    srs: Srs
    inputs: Inputs
    subject: Subject
    comparison: Comparison
    forced: bool
    findings: tuple[str, ...]
    steps: tuple[StepRecord, ...]
    proving_seconds: float
    machine: MachineRecord


def manifest_of(evidence: Evidence) -> Manifest:
    """The manifest, but for the hashes of the files. Nothing private is in it."""
    public = public_of(evidence)
    return Manifest(
        model=evidence.model,
        run_args=evidence.run_args,
        circuit=evidence.circuit,
        srs=SrsRecord(
            kind=evidence.srs.kind,
            logrows=evidence.srs.logrows,
            sha256=evidence.srs.sha256,
            warning=UNSAFE_SRS if evidence.srs.unsafe else None,
        ),
        public=public,
        input=_input(evidence, is_public=bool(public.inputs)),
        reference=_reference(evidence.comparison, tell_values=bool(public.inputs and public.outputs)),
        fidelity=FidelityRecord(
            status=evidence.comparison.status,
            forced=evidence.forced,
            inputs_compared=evidence.comparison.inputs_compared,
            findings=evidence.findings,
        ),
        steps=evidence.steps,
        overhead=_overhead(evidence),
        machine=evidence.machine,
        files={},
    )


def public_of(evidence: Evidence) -> Public:
    """What the proof's instances say, and nothing but those."""
    instances = [element_of(text) for column in evidence.proof["instances"] for text in column]
    values = split(instances, instance_groups(evidence.settings))
    outputs = tuple(form.name for form in evidence.subject.forms)
    return public_record(values, evidence.inputs.names, outputs)


def _input(evidence: Evidence, *, is_public: bool) -> InputRecord:
    inputs = evidence.inputs
    return InputRecord(source=inputs.source, seed=inputs.seed, sha256=inputs.sha256 if is_public else None)


def _reference(comparison: Comparison, *, tell_values: bool) -> Reference | None:
    inference = comparison.inference
    if inference is None:
        return None
    outputs = []
    for agreement, values in zip(comparison.agreements, inference.outputs, strict=True):
        told = tuple(float(value) for value in values.ravel()) if tell_values else None
        outputs.append(
            ReferenceOutput(
                name=agreement.name,
                values=told,
                max_abs_difference=agreement.max_abs_difference,
                tolerance=agreement.tolerance,
                argmax_agrees=agreement.argmax_agrees,
            )
        )
    return Reference(runtime=inference.runtime, outputs=tuple(outputs))


def _overhead(evidence: Evidence) -> Overhead | None:
    inference = evidence.comparison.inference
    if inference is None or not inference.seconds:
        return None
    return Overhead(
        inference_seconds=inference.seconds,
        proving_seconds=evidence.proving_seconds,
        ratio=evidence.proving_seconds / inference.seconds,
    )
