"""A proof bundle against the model that it is said to be about: its file, its circuit, its answers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from msgspec import Struct

from auditor._version import EZKL_VERSION
from auditor.circuit import Circuit, RunArgs
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
from auditor.proving.forms import OutputForm, input_forms, output_forms
from auditor.proving.inference import InferenceFailed, infer
from auditor.proving.inputs import input_specs
from auditor.proving.instances import element_of
from auditor.proving.manifest import Manifest
from auditor.safe import safe
from auditor.study import Study, study
from auditor.verdict import Limits as Allowed

_DTYPES = {"float": "float32", "double": "float64"}
"""ONNX's element types whose names are not numpy's."""


Output = tuple[tuple[int, ...], tuple[int, ...], int]
"""Shape, signed integers and scale of an output of a circuit."""

Numbers = dict[str, str | int | float | bool | None]


class Subject(Struct, frozen=True, kw_only=True):
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
    subject = Subject(path=path, source=source, studied=studied, as_compiled=(inlined or path).absolute())
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
        input_scales=tuple(form.scale for form in input_forms(laid_out.circuit)),
        output_scales=tuple(form.scale for form in _output_forms(subject, laid_out.circuit)),
    )
    return model_size.same_size(settings, own)


def same_outputs(
    subject: Subject, manifest: Manifest, *, tolerance: float | None, limits: StepLimits, workspace: Path
) -> Passed[None]:
    """The proved outputs are what ONNX Runtime computes on the proved inputs, as far as fixed point can.

    Where they are further away, the same model at a finer scale tells whether rounding is why. A
    ``tolerance`` that was asked for holds as it is.
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

    def compare(outputs: Sequence[Output]) -> tuple[OutputAgreement, ...]:
        return compare_outputs(
            outputs, reference.outputs, reference.names, run_args=manifest.run_args, tolerance=tolerance
        )

    agreements = compare(proved)
    worst = max((item.max_abs_difference or 0.0 for item in agreements), default=0.0)
    detail: Numbers = {"max_abs_difference": worst, "runtime": reference.runtime}
    judgement = judge(agreements, None)
    if judgement == "unknown":
        # Rounding can explain what the model's own circuit computes, and nothing else.
        own = _outputs_of(subject, manifest.run_args, arrays, limits, workspace)
        if own != proved:
            raise _another_function(agreements, detail)
        fine = _outputs_of(subject, fine_run_args(manifest.run_args), arrays, limits, workspace)
        judgement = judge(agreements, compare(fine))
    if judgement == "coarse" and tolerance is not None:
        allowed = max((item.tolerance or 0.0 for item in agreements), default=0.0)
        raise Failed(f"off by {worst:g} from ONNX Runtime's, and {allowed:g} is tolerated", **detail)
    if judgement not in ("same", "coarse"):
        raise _another_function(agreements, detail)
    how = "within the tolerance" if judgement == "same" else "but for coarse fixed point"
    reason = f"what ONNX Runtime computes on the proved inputs, {how}: off by up to {worst:g}"
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


def _outputs_of(
    subject: Subject,
    run_args: RunArgs,
    arrays: Sequence[np.ndarray],
    limits: StepLimits,
    workspace: Path,
) -> list[Output]:
    """The outputs of the circuit that EZKL makes of the model with these run args."""
    path = workspace / "compared.ezkl"
    data = [array.astype(np.float64).ravel().tolist() for array in arrays]

    def ask(function: str, request: dict[str, object]) -> bytes:
        stage = "computing the outputs again"
        return call(function, request, stage=stage, limits=limits("fidelity"), workspace=workspace).value

    try:
        circuit = study(subject.path, subject.source, _request(run_args), alone=True).laid_out.circuit
        if circuit is None:
            raise NotRun("the outputs are beyond the tolerance, and there is no circuit to tell why")
        settings = settings_for_compiling(run_args, EZKL_VERSION)
        path.write_bytes(ask("compile_circuit", {"model": str(subject.as_compiled), "settings": settings}))
        witness = ask("gen_witness", {"input": {"input_data": data}, "circuit": str(path)})
    except (Rejected, AuditorError) as error:
        raise NotRun(f"the outputs are beyond the tolerance, and nothing tells why: {error}") from error
    finally:
        path.unlink(missing_ok=True)
    integers = [
        tuple(signed(element_of(text)) for text in output) for output in strict_json.parse(witness)["outputs"]
    ]
    forms = zip(_output_forms(subject, circuit), integers, strict=True)
    return [(form.shape, values, form.scale) for form, values in forms]


def _another_function(agreements: Sequence[OutputAgreement], detail: Numbers) -> Failed:
    wrong = next(item for item in agreements if item.status != "same")
    how = "" if wrong.max_abs_difference is None else f", it is off by up to {wrong.max_abs_difference:g}"
    return Failed(
        f"the proof is of a different function: output '{safe(wrong.name)}' is not what ONNX Runtime "
        f"computes on the proved inputs{how}",
        **detail,
    )


# --- the model with the run args of the bundle ---------------------------------------------


def _request(run_args: RunArgs) -> Request:
    """An audit of exactly these run args."""
    return Request(
        run_args=run_args,
        given=frozenset(RunArgs.__struct_fields__),
        dims={},
        front_end="auto",
        limits=Allowed(),
        layers_shown=0,
        quiet=True,
        verbose=False,
    )


def _output_forms(subject: Subject, circuit: Circuit) -> tuple[OutputForm, ...]:
    return output_forms(circuit, [info.name for info in subject.studied.model.graph.outputs])
