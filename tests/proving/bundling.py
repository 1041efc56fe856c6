"""Bundles of the real proofs of :mod:`tests.proving.real`: honest ones, and what a forger makes of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from auditor.guard import Limits
from auditor.proving import strict_json
from auditor.proving.bundle import canonical_proof, write_bundle
from auditor.proving.checks.srs_file import UNSAFE_WARNING
from auditor.proving.instances import (
    element_of,
    instance_groups,
    num_instances,
    pretty_public_inputs,
    split,
)
from auditor.proving.manifest import (
    PROOF,
    SETTINGS,
    VERIFIER_SRS,
    VERIFYING_KEY,
    CircuitRecord,
    FidelityRecord,
    InputRecord,
    MachineRecord,
    Manifest,
    Measured,
    ModelFile,
    Overhead,
    Predicted,
    Public,
    Range,
    Reference,
    ReferenceOutput,
    SrsRecord,
    StepRecord,
    encode,
    public_record,
)
from auditor.sizing import constraint_system
from auditor.verify import Means, Verification, VerifyOptions, verify_bundle
from tests.proving.real import LIMITS, Proved
from tests.sizing.settings import circuit_size_of


class Parts(Struct, frozen=True, kw_only=True, dict=True):
    """A bundle before it is written: change what you like."""

    manifest: Manifest
    settings: dict[str, Any]
    key: bytes
    proof: dict[str, Any]
    srs: bytes

    def files(self) -> dict[str, bytes]:
        return {
            SETTINGS: strict_json.dump_compact(self.settings) + b"\n",
            VERIFYING_KEY: self.key,
            PROOF: canonical_proof(json.dumps(self.proof).encode()),
            VERIFIER_SRS: self.srs,
        }

    def write(self, directory: Path) -> Path:
        """As an honest maker writes it: the manifest has the hashes of these very files."""
        write_bundle(directory, self.manifest, dict(self.files()))
        return directory

    def with_proof(self, **changes: Any) -> Parts:
        """Other content of proof.json; of nothing else."""
        return replace(self, proof=self.proof | changes)

    def with_instances(self, instances: list[str]) -> Parts:
        """Other instances, and whatever follows from them as a forger would redo it."""
        return self.with_proof(instances=[instances]).retold()

    def retold(self) -> Parts:
        """Claims that follow from settings and instances; the reference, which does not, is left out."""
        elements = [element_of(text) for text in self.proof["instances"][0]]
        groups = instance_groups(self.settings)
        values = split(elements, groups)
        circuit = replace(self.manifest.circuit, num_instances=num_instances(groups))
        manifest = replace(self.manifest, public=named(values), circuit=circuit, reference=None)
        return replace(self, manifest=manifest).with_proof(pretty_public_inputs=pretty_public_inputs(values))


def named(values: Any) -> Public:
    """The public record with made-up names."""
    names = [f"tensor {index}" for index in range(9)]
    return public_record(values, names, names)


def parts(proved: Proved) -> Parts:
    """An honest bundle of a proof."""
    proof = json.loads(canonical_proof(proved.proof))
    groups = instance_groups(proved.settings)
    values = split([element_of(text) for text in proof["instances"][0]], groups)
    return Parts(
        manifest=manifest_of(proved, named(values), num_instances(groups)),
        settings=proved.settings,
        key=proved.verifying_key.read_bytes(),
        proof=proof,
        srs=proved.verifier_srs,
    )


def manifest_of(proved: Proved, public: Public, count: int) -> Manifest:
    """Made-up measurements, and a reference that says what the circuit says."""
    model = sha256(proved.model)
    system = constraint_system(circuit_size_of(proved.settings), proved.run_args)
    told = bool(public.inputs and public.outputs)
    outputs = [
        ReferenceOutput(
            name=f"output {index}",
            values=public.outputs[index].values if told else None,
            max_abs_difference=0.0,
            tolerance=0.03125,
            argmax_agrees=True,
        )
        for index in range(len(proved.settings["model_output_scales"]))
    ]
    step = StepRecord(
        step="proof",
        reused=False,
        predicted=Predicted(cpu_seconds=Range(low=0.1, mid=0.2, high=1)),
        measured=Measured(wall_seconds=0.25, cpu_seconds=0.5, peak_memory_bytes=1 << 25, bytes=4321),
    )
    return Manifest(
        model=ModelFile(
            file_name=proved.model.name, sha256=model, bytes=proved.model.stat().st_size, inlined_sha256=model
        ),
        run_args=proved.run_args,
        circuit=CircuitRecord(
            logrows=proved.run_args.logrows,
            num_rows=proved.settings["num_rows"],
            degree=system.degree,
            num_instances=count,
        ),
        srs=SrsRecord(
            kind="unsafe-local",
            logrows=proved.run_args.logrows,
            sha256=sha256(proved.srs),
            warning=UNSAFE_WARNING,
        ),
        public=public,
        input=InputRecord(source="random", seed=0),
        reference=Reference(runtime="onnxruntime", outputs=tuple(outputs)),
        fidelity=FidelityRecord(status="same", forced=False, inputs_compared=3, findings=()),
        steps=(step,),
        overhead=Overhead(inference_seconds=0.001, proving_seconds=0.5, ratio=500),
        machine=MachineRecord(cores=2, memory_bytes=1 << 34, cpu=None),
        files={},
    )


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def overwrite(directory: Path, name: str, data: bytes) -> None:
    """Changes a file of a bundle, and tells nobody."""
    (directory / name).write_bytes(data)


def rehash(directory: Path, manifest: Manifest, files: Mapping[str, bytes]) -> None:
    """Writes any files at all with a manifest that has their hashes, as a forger can."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        overwrite(directory, name, data)
    overwrite(directory, "manifest.json", encode(manifest.with_files(files)))


class Clerk(Struct, dict=True):
    """Verifies bundles, and remembers how often EZKL was asked."""

    workspace: Path
    made_here: Callable[[bytes], bool] = field(default=lambda verifier: True)
    asked: list[str] = field(default_factory=list)

    def limits(self, step: str) -> Limits:
        self.asked.append(step)
        return LIMITS

    def verify(self, directory: Path, options: VerifyOptions | None = None, **means: Any) -> Verification:
        return verify_bundle(
            directory,
            options or VerifyOptions(),
            Means(
                limits=self.limits,
                workspace=self.workspace,
                made_here=self.made_here,
                step=lambda name: nullcontext(),
                **means,
            ),
        )


def outcome(verification: Verification, name: str) -> tuple[str, str]:
    """Status and reason of one check."""
    (check,) = (check for check in verification.checks if check.name == name)
    return check.status, check.reason


def failures(verification: Verification) -> list[str]:
    """The names of the checks that failed."""
    return [check.name for check in verification.checks if check.status == "fail"]
