"""A proof bundle against the model that it is said to be about: its file, its circuit, its answers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from auditor._version import EZKL_VERSION
from auditor.circuit import Circuit, CircuitNode, RunArgs, SubCircuit
from auditor.circuit.field import signed
from auditor.errors import AuditorError, UsageError
from auditor.ezkl import Rejected, call, inlined_copy
from auditor.ezkl.settings import settings_for_compiling
from auditor.model import SourceModel, read_source
from auditor.options import Request
from auditor.proving import strict_json
from auditor.proving.agreement import OutputAgreement, compare_outputs, fine_run_args, judge
from auditor.proving.checks import Failed, NotRun, Passed, model_size
from auditor.proving.checks.model_key import StepLimits
from auditor.proving.checks.model_size import OwnCircuit
from auditor.proving.checks.settings_file import Settings
from auditor.proving.inference import InferenceFailed, infer
from auditor.proving.inputs import input_specs
from auditor.proving.instances import element_of
from auditor.proving.manifest import Manifest
from auditor.safe import safe
from auditor.study import Study, study
from auditor.verdict import Limits as Allowed

_DTYPES = {"float": "float32", "double": "float64"}
"""ONNX's element types whose names are not numpy's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The model: where it lies, what is known of it, and the file that EZKL compiles (weights inside)."""

    path: Path
    source: SourceModel
    studied: Study
    as_compiled: Path


def same_model(path: Path, manifest: Manifest, *, limits: StepLimits, workspace: Path) -> Passed[Subject]:
    """The file is the one the manifest names.

    Raises:
        UsageError: there is no such file.
    """
    try:
        source = read_source(path)
        # The hash first: nobody need lay out another model, least of all one of a stranger.
        if source.model.sha256 != manifest.model.sha256:
            raise Failed(
                "the proof is about another model: the file has another SHA-256 than the manifest says"
            )
        inlined = inlined_copy(path, workspace, limits("compile"))
        studied = study(path, source, _request(manifest.run_args), alone=True)
    except UsageError:
        raise
    except Rejected as error:
        raise NotRun(f"the model cannot be read: {error.reason}") from error
    except AuditorError as error:
        raise NotRun(f"the model cannot be read: {safe(str(error), limit=400)}") from error
    sha256 = hashlib.sha256(inlined.read_bytes()).hexdigest() if inlined else source.model.sha256
    said = model_size.same_model(manifest.model, source.model.sha256, sha256)
    subject = Subject(path=path, source=source, studied=studied, as_compiled=inlined or path)
    return Passed(value=subject, reason=said.reason)


def same_circuit(subject: Subject, settings: Settings) -> Passed[None]:
    """The settings are those of the model's circuit, by our own layout."""
    laid_out = subject.studied.laid_out
    if laid_out.unknown:
        raise NotRun(f"the size of the model's circuit is not known: {laid_out.unknown[0].reason}")
    if laid_out.circuit is None or laid_out.size is None:
        raise Failed("EZKL makes no circuit of this model")
    own = OwnCircuit(
        size=laid_out.size,
        input_scales=_input_scales(laid_out.circuit),
        output_scales=_output_scales(laid_out.circuit),
    )
    return model_size.same_size(settings, own)


def same_outputs(
    subject: Subject, manifest: Manifest, *, tolerance: float | None, limits: StepLimits, workspace: Path
) -> Passed[None]:
    """The proved outputs are what ONNX Runtime computes on the proved inputs, as far as fixed point can.

    Where they are further away, the same model at a finer scale tells whether rounding is why.
    """
    public = manifest.public
    arrays = _arrays(subject, manifest)
    try:
        reference = infer(subject.path, arrays, limits=limits("fidelity"), workspace=workspace, repeats=False)
    except InferenceFailed as error:
        raise NotRun(error.reason) from error
    except AuditorError as error:
        raise NotRun(str(error)) from error
    proved = [(item.shape, tuple(map(int, item.integers)), item.scale) for item in public.outputs]

    def compare(outputs: Sequence[tuple[Sequence[int], Sequence[int], int]]) -> tuple[OutputAgreement, ...]:
        return compare_outputs(
            outputs, reference.outputs, reference.names, run_args=manifest.run_args, tolerance=tolerance
        )

    agreements = compare(proved)
    judgement = judge(agreements, None)
    if judgement == "unknown":
        judgement = judge(
            agreements, compare(_at_a_finer_scale(subject, arrays, manifest, limits, workspace))
        )
    worst = max((item.max_abs_difference or 0.0 for item in agreements), default=0.0)
    detail: dict[str, str | int | float | bool | None] = {
        "max_abs_difference": worst,
        "runtime": reference.runtime,
    }
    if judgement not in ("same", "coarse"):
        wrong = next(item for item in agreements if item.status != "same")
        raise Failed(
            f"the proof is of a different function: output '{safe(wrong.name)}' is not what ONNX Runtime "
            f"computes on the proved inputs, it is off by up to {worst:g}",
            **detail,
        )
    how = "within the tolerance" if judgement == "same" else "but for coarse fixed point"
    reason = (
        f"{len(agreements)} outputs are ONNX Runtime's on the proved inputs, {how}: off by up to {worst:g}"
    )
    return Passed(value=None, reason=reason, detail=detail)


def _arrays(subject: Subject, manifest: Manifest) -> list[np.ndarray]:
    """The proved inputs in the types and shapes of the model's."""
    try:
        specs = input_specs(subject.studied.model)
        pairs = zip(manifest.public.inputs, specs, strict=True)
        return [
            np.array(tensor.values, dtype=_DTYPES.get(spec.dtype, spec.dtype)).reshape(spec.shape)
            for tensor, spec in pairs
        ]
    except AuditorError as error:
        raise NotRun(str(error)) from error
    except (ValueError, OverflowError) as error:
        raise Failed(
            "the public inputs are not of the number and the shapes of the model's inputs"
        ) from error


def _at_a_finer_scale(
    subject: Subject, arrays: Sequence[np.ndarray], manifest: Manifest, limits: StepLimits, workspace: Path
) -> list[tuple[Sequence[int], Sequence[int], int]]:
    """The outputs of the circuit that finer run args make of the model, on the same inputs."""
    run_args = fine_run_args(manifest.run_args)
    circuit = workspace / "fine.ezkl"
    data = [array.astype(np.float64).ravel().tolist() for array in arrays]
    try:
        fine = study(subject.path, subject.source, _request(run_args), alone=True).laid_out.circuit
        if fine is None:
            raise NotRun("the outputs are beyond the tolerance, and there is no finer circuit to tell why")
        settings = settings_for_compiling(run_args, EZKL_VERSION)
        request: dict[str, object] = {"model": str(subject.as_compiled.absolute()), "settings": settings}
        stage = "computing at a finer scale"
        ways = {"stage": stage, "limits": limits("fidelity"), "workspace": workspace}
        circuit.write_bytes(call("compile_circuit", request, **ways).value)  # type: ignore[arg-type]
        request = {"input": {"input_data": data}, "circuit": str(circuit)}
        witness = strict_json.parse(call("gen_witness", request, **ways).value)  # type: ignore[arg-type]
    except (Rejected, AuditorError) as error:
        raise NotRun(
            f"the outputs are beyond the tolerance, and no finer scale tells why: {error}"
        ) from error
    integers = [[signed(element_of(text)) for text in output] for output in witness["outputs"]]
    outlets = zip(_outlets(fine), integers, strict=True)
    return [(shape, values, scale) for (shape, scale), values in outlets]


# --- the model with the run args of the bundle ---------------------------------------------


def _request(run_args: RunArgs) -> Request:
    """An audit of exactly these run args."""
    return Request(
        run_args=run_args,
        given=frozenset(item.name for item in fields(RunArgs)),
        dims={},
        front_end="auto",
        limits=Allowed(),
        layers_shown=0,
        quiet=True,
        verbose=False,
    )


def _input_scales(circuit: Circuit) -> tuple[int, ...]:
    scales = {node.id: node.scale for node in circuit.graph.nodes if isinstance(node, CircuitNode)}
    return tuple(scales[number] for number in circuit.graph.inputs)


def _output_scales(circuit: Circuit) -> tuple[int, ...]:
    return tuple(scale for _, scale in _outlets(circuit))


def _outlets(circuit: Circuit) -> list[tuple[tuple[int, ...], int]]:
    """Shape and scale of each output."""
    found = {}
    for node in circuit.graph.nodes:
        if isinstance(node, SubCircuit):
            found[node.id] = list(zip(node.out_shapes, node.out_scales, strict=True))
        else:
            found[node.id] = [(node.shape, node.scale)]
    return [found[number][slot] for number, slot in circuit.graph.outputs]
