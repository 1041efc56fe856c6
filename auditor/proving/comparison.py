"""Does the circuit compute what the model says? Asked of both, on the same inputs, before any key is made."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from auditor._version import EZKL_VERSION
from auditor.circuit.field import signed
from auditor.circuit.run_args import RunArgs
from auditor.errors import InternalFailure
from auditor.ezkl import Rejected
from auditor.ezkl.settings import settings_for_compiling
from auditor.proving.agreement import Judgement, OutputAgreement, compare_outputs, fine_run_args, judge
from auditor.proving.forms import OutputForm
from auditor.proving.inference import Inference, InferenceFailed, infer_all
from auditor.proving.inputs import Inputs, as_circuit_reads, as_input_json
from auditor.proving.instances import element_of
from auditor.proving.steps import CIRCUIT, WITNESS, Step, Workshop

Integers = list[list[int]]
"""The signed integers of each output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is compared: the model as EZKL reads it, and the circuit compiled from it.

    ``forms_at`` tells the outputs of the circuit that other run args would make.
    """

    model: Path
    model_sha256: str
    circuit: Step
    run_args: RunArgs
    input_scales: tuple[int, ...]
    forms: tuple[OutputForm, ...]
    forms_at: Callable[[RunArgs], tuple[OutputForm, ...]]
    tolerance: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """``agreements`` are those of the input that is proved, ``inference`` what the model says to it.

    Without a reference (``inference`` is None) ``reason`` says why.
    """

    status: Judgement
    agreements: tuple[OutputAgreement, ...]
    inference: Inference | None
    inputs_compared: int
    reason: str


def compare(
    shop: Workshop, subject: Subject, witness: Step, inputs: Inputs, others: Sequence[Inputs]
) -> Comparison:
    """Compares on the input that is proved, whose witness is there already, and on ``others``.

    An input that has no witness (a value leaves what the run args can hold) is passed over among the others.
    """
    with shop.teller.step("fidelity"):
        answers = [outputs_in(witness.path(WITNESS).read_bytes()), *_other_outputs(shop, subject, others)]
        compared = [inputs, *others[: len(answers) - 1]]
        exact = [item.arrays for item in compared]
        # Rounding an input is no fault of the circuit, so it may answer to either.
        rounded = [as_circuit_reads(item, subject.input_scales) for item in compared]
        try:
            inferences = infer_all(
                subject.model, [*exact, *rounded], limits=shop.limits("fidelity"), workspace=shop.workspace
            )
        except InferenceFailed as failure:
            return Comparison(
                status="unknown", agreements=(), inference=None, inputs_compared=0, reason=failure.reason
            )
        statuses, first = [], None
        for index, item in enumerate(answers):
            pair = (inferences[index], inferences[len(answers) + index])
            agreements = _nearest(subject, subject.forms, item, pair)
            first = first or agreements
            statuses.append(_judge(shop, subject, agreements, compared[index], pair))
    return Comparison(
        status=max(statuses, key=_SEVERITY.index),
        agreements=first or (),
        inference=inferences[0],
        inputs_compared=len(statuses),
        reason="",
    )


_SEVERITY: tuple[Judgement, ...] = ("same", "coarse", "unknown", "different")
"""From harmless to grave."""

_FINE_CIRCUIT = "fine.ezkl"


def _other_outputs(shop: Workshop, subject: Subject, others: Sequence[Inputs]) -> list[Integers]:
    made = []
    for item in others:
        try:
            made.append(_outputs_for(shop, subject.circuit.path(CIRCUIT), item))
        except Rejected:
            return made
    return made


def _judge(
    shop: Workshop,
    subject: Subject,
    agreements: tuple[OutputAgreement, ...],
    inputs: Inputs,
    references: tuple[Inference, Inference],
) -> Judgement:
    """A difference is judged by whether it shrinks where numbers are finer."""
    if all(item.status == "same" for item in agreements):
        return "same"
    run_args = fine_run_args(subject.run_args)
    request = {"model": str(subject.model), "settings": settings_for_compiling(run_args, EZKL_VERSION)}
    circuit = shop.workspace / _FINE_CIRCUIT
    try:
        forms = subject.forms_at(run_args)
        circuit.write_bytes(shop.ask("fidelity", "compile_circuit", request).value)
        integers = _outputs_for(shop, circuit, inputs)
    except (Rejected, InternalFailure):
        return judge(agreements, None)
    return judge(agreements, _nearest(subject, forms, integers, references))


def _outputs_for(shop: Workshop, circuit: Path, inputs: Inputs) -> Integers:
    """A witness that is only looked at: it may hold private values, and is not kept."""
    request = {"input": as_input_json(inputs), "circuit": str(circuit)}
    return outputs_in(shop.ask("fidelity", "gen_witness", request).value)


def _nearest(
    subject: Subject,
    forms: tuple[OutputForm, ...],
    integers: Integers,
    references: tuple[Inference, Inference],
) -> tuple[OutputAgreement, ...]:
    """For each output the agreement with the reference that is nearer."""
    circuit = tuple((form.shape, values, form.scale) for form, values in zip(forms, integers, strict=True))
    names = [form.name for form in forms]
    both = [
        compare_outputs(
            circuit, reference.outputs, names, run_args=subject.run_args, tolerance=subject.tolerance
        )
        for reference in references
    ]
    return tuple(min(pair, key=_distance) for pair in zip(*both, strict=True))


def _distance(agreement: OutputAgreement) -> float:
    difference = agreement.max_abs_difference
    return np.inf if difference is None else difference


def outputs_in(witness: bytes) -> Integers:
    """The integers of each output in a witness.json, in EZKL's order."""
    outputs = json.loads(witness)["outputs"]
    return [[signed(element_of(text)) for text in output] for output in outputs]
