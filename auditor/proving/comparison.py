"""Does the circuit compute what the model says? Asked of both, on the same inputs, before any key is made."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from msgspec import Struct

from auditor._version import EZKL_VERSION
from auditor.circuit.field import signed
from auditor.circuit.run_args import RunArgs
from auditor.errors import InternalFailure
from auditor.ezkl import Rejected
from auditor.ezkl.settings import settings_for_compiling
from auditor.proving.agreement import (
    Judgement,
    OutputAgreement,
    compare_outputs,
    fine_run_args,
    is_finite,
    judge,
    judge_outputs,
    nudged,
    sensitivity,
)
from auditor.proving.forms import OutputForm
from auditor.proving.inference import Inference, InferenceFailed, infer_all
from auditor.proving.inputs import Inputs, as_circuit_reads, as_input_json
from auditor.proving.instances import element_of
from auditor.proving.steps import CIRCUIT, WITNESS, Step, Workshop

Integers = list[list[int]]
"""The signed integers of each output."""


class Subject(Struct, frozen=True, kw_only=True):
    """What is compared: the model as EZKL reads it, and the circuit compiled from it.

    ``forms_at`` tells the outputs and the scales of the inputs of the circuit that other run args would make.
    """

    model: Path
    model_sha256: str
    circuit: Step
    run_args: RunArgs
    input_scales: tuple[int, ...]
    forms: tuple[OutputForm, ...]
    forms_at: Callable[[RunArgs], tuple[tuple[OutputForm, ...], tuple[int, ...]]]
    tolerance: float | None


class Comparison(Struct, frozen=True, kw_only=True):
    """``agreements`` are those of the input that is proved, ``inference`` what the model says to it.

    ``decisive`` are the agreements of the input that decided the status, which may be a probe.
    Without a reference (``inference`` is None) ``reason`` says why.
    """

    status: Judgement
    agreements: tuple[OutputAgreement, ...]
    decisive: tuple[OutputAgreement, ...]
    inference: Inference | None
    inputs_compared: int
    reason: str


def compare(
    shop: Workshop, subject: Subject, witness: Step, inputs: Inputs, probes: Sequence[Inputs]
) -> Comparison:
    """Compares on the input that is proved, whose witness is there already, and on ``probes``.

    The model is asked for the inputs as the circuit reads them, which are what a proof is about. A probe is
    passed over when it has no witness (a value leaves what the run args can hold), or no finite answer.
    """
    with shop.teller.step("fidelity"):
        asked = [(inputs, outputs_in(witness.path(WITNESS).read_bytes())), *_witnessed(shop, subject, probes)]
        try:
            inferences = _infer(
                shop, subject, [as_circuit_reads(item, subject.input_scales) for item, _ in asked]
            )
            cases = [
                _case(shop, subject, item, integers, inference)
                for (item, integers), inference in zip(asked, inferences, strict=True)
                if item is inputs or is_finite(inference.outputs)
            ]
        except InferenceFailed as failure:
            return Comparison(
                status="unknown",
                agreements=(),
                decisive=(),
                inference=None,
                inputs_compared=0,
                reason=failure.reason,
            )
    status, decisive = max(cases, key=lambda case: _SEVERITY.index(case[0]))
    return Comparison(
        status=status,
        agreements=cases[0][1],
        decisive=decisive,
        inference=inferences[0],
        inputs_compared=len(cases),
        reason="",
    )


_SEVERITY: tuple[Judgement, ...] = ("same", "coarse", "unknown", "different")
"""From harmless to grave."""

_FINE_CIRCUIT = "fine.ezkl"

_NUDGE_SEED = 0


def _witnessed(shop: Workshop, subject: Subject, probes: Sequence[Inputs]) -> list[tuple[Inputs, Integers]]:
    """The probes that have a witness, with the circuit's outputs."""
    found = []
    for probe in probes:
        with suppress(Rejected):
            found.append((probe, _outputs_for(shop, subject.circuit.path(CIRCUIT), probe)))
    return found


def _case(
    shop: Workshop, subject: Subject, inputs: Inputs, integers: Integers, reference: Inference
) -> tuple[Judgement, tuple[OutputAgreement, ...]]:
    """One input: what it says about the circuit, output by output.

    A difference beyond the tolerance is judged by whether it shrinks where numbers are finer, and by how far
    the model's own answer moves when its input does.
    """
    found = _agreements(subject, subject.forms, integers, reference)
    if all(item.status == "same" for item in found):
        return "same", found
    fine, moved = _finer(shop, subject, inputs), None
    if fine is not None and subject.tolerance is None:
        exact = as_circuit_reads(inputs, subject.input_scales)
        near = _infer(shop, subject, nudged(exact, subject.input_scales, _NUDGE_SEED), timed=False)
        moved = sensitivity(reference.outputs, [item.outputs for item in near])
    return judge(found, fine, moved), judge_outputs(found, fine, moved)


def _finer(shop: Workshop, subject: Subject, inputs: Inputs) -> tuple[OutputAgreement, ...] | None:
    """The same input at a finer scale; None where there is no witness for it."""
    run_args = fine_run_args(subject.run_args)
    request = {"model": str(subject.model), "settings": settings_for_compiling(run_args, EZKL_VERSION)}
    circuit = shop.workspace / _FINE_CIRCUIT
    try:
        forms, scales = subject.forms_at(run_args)
        circuit.write_bytes(shop.ask("fidelity", "compile_circuit", request).value)
        integers = _outputs_for(shop, circuit, inputs)
    except (Rejected, InternalFailure):
        return None
    (reference,) = _infer(shop, subject, [as_circuit_reads(inputs, scales)], timed=False)
    return _agreements(subject, forms, integers, reference)


def _agreements(
    subject: Subject, forms: tuple[OutputForm, ...], integers: Integers, reference: Inference
) -> tuple[OutputAgreement, ...]:
    circuit = tuple((form.shape, values, form.scale) for form, values in zip(forms, integers, strict=True))
    names = [form.name for form in forms]
    return compare_outputs(
        circuit, reference.outputs, names, run_args=subject.run_args, tolerance=subject.tolerance
    )


def _infer(
    shop: Workshop, subject: Subject, sets: Sequence[tuple[np.ndarray, ...]], *, timed: bool = True
) -> tuple[Inference, ...]:
    """What the model says; ``timed`` is for the first set, whose time is reported."""
    limits = shop.limits("fidelity")
    return infer_all(subject.model, sets, limits=limits, workspace=shop.workspace, repeats=timed)


def _outputs_for(shop: Workshop, circuit: Path, inputs: Inputs) -> Integers:
    """A witness that is only looked at: it may hold private values, and is not kept."""
    request = {"input": as_input_json(inputs), "circuit": str(circuit)}
    return outputs_in(shop.ask("fidelity", "gen_witness", request).value)


def outputs_in(witness: bytes) -> Integers:
    """The integers of each output in a witness.json, in EZKL's order."""
    outputs = json.loads(witness)["outputs"]
    return [[signed(element_of(text)) for text in output] for output in outputs]
