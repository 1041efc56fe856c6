"""Who turns the model into a circuit: our own lowering where it is certain, EZKL where it is not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from auditor import rules
from auditor._version import EZKL_VERSION
from auditor.circuit import Circuit, RunArgs
from auditor.circuit.size import CircuitSize
from auditor.layout import LayoutError, lay_out, least_logrows
from auditor.lowering import TooLarge, Unmodelled, Unsupported, lower, unknown_operators
from auditor.lowering.graph.fact import Fact
from auditor.model import Model, Refusal
from auditor.report import WHOLE_MODEL, UnsupportedOperator
from auditor.safe import safe
from auditor.sizing.logrows import MAX_LOGROWS
from auditor.verdict import Open


class Lowered(Struct, frozen=True, kw_only=True):
    """A circuit, and its size once it is laid out; or why there is none.

    ``unsupported`` is what EZKL certainly rejects, unless ``unknown`` says why nothing is certain.
    ``facts`` is what our own lowering knows about the ONNX values; EZKL tells nothing about those.
    """

    front_end: str
    circuit: Circuit | None = None
    size: CircuitSize | None = None
    unsupported: tuple[UnsupportedOperator, ...] = ()
    unknown: tuple[Open, ...] = ()
    notes: tuple[str, ...] = ()
    facts: Mapping[str, Fact] = field(default_factory=dict)


def lower_model(
    path: Path, model: Model, refusals: tuple[Refusal, ...], run_args: RunArgs, choice: str
) -> Lowered:
    """The circuit of a model, by the front end of ``choice`` (auto, onnx or ezkl).

    A file that EZKL's reader refuses still has a size, that of the same model in a form it reads.

    Raises:
        UsageError, Undetermined, InternalFailure: EZKL was to lower it and is not there, has another
            version, or died.
    """
    if refusals:
        return _despite(refusals, model, run_args)
    if choice == "ezkl":
        return _by_ezkl(path, run_args)
    try:
        return _by_us(model, run_args)
    except TooLarge as error:
        step = error.way_out or "use smaller constants: EZKL holds every element of them in memory"
        return _unmodelled(error, step)
    except Unmodelled as error:
        if not _has_ezkl():
            step = f"pip install 'auditor[prove]': EZKL {EZKL_VERSION} then lowers this model itself"
            return _unmodelled(error, step)
        if choice == "onnx":
            return _unmodelled(error, f"--front-end auto: EZKL {EZKL_VERSION} then lowers this model itself")
        return _by_ezkl_instead(path, run_args, error)


def lay_out_or_reject(lowered: Lowered, operators: Mapping[str, str], *, longer: bool = False) -> Lowered:
    """The same with its size; without one when EZKL rejects the circuit while laying it out.

    ``operators`` are those of the ONNX nodes, by the names of these. Where ``longer`` columns are allowed and
    suffice, the circuit comes with the least ``logrows`` at which it can be laid out.
    """
    if lowered.circuit is None:
        return lowered
    try:
        return replace(lowered, size=lay_out(lowered.circuit))
    except LayoutError as error:
        logrows = least_logrows(lowered.circuit, error, most=MAX_LOGROWS) if longer else None
        if logrows is not None:
            run_args = lowered.circuit.run_args.with_changes(logrows=logrows)
            circuit = replace(lowered.circuit, run_args=run_args)
            return replace(lowered, circuit=circuit, size=lay_out(circuit))
        reason, way_out = _longer_columns(lowered.circuit, error)
        rejection = _unsupported(operators.get(error.node, ""), error.node, reason, way_out)
        return replace(lowered, unsupported=(*lowered.unsupported, rejection))


def _longer_columns(circuit: Circuit, error: LayoutError) -> tuple[str, str]:
    """Why the layout failed, and the advice to take longer columns where that is what the circuit lacks."""
    if not error.rows_needed:
        return error.reason, ""
    logrows = least_logrows(circuit, error, most=MAX_LOGROWS)
    if logrows is None:
        return f"{error.reason}, and no logrows up to {MAX_LOGROWS} is enough", ""
    return error.reason, f"columns of 2^{logrows} rows are long enough: --set logrows={logrows}"


def _by_us(model: Model, run_args: RunArgs) -> Lowered:
    try:
        lowering = lower(model, run_args)
    except Unsupported as error:
        return Lowered(front_end="onnx", unsupported=_refusals(model, error))
    return Lowered(front_end="onnx", circuit=lowering.circuit, facts=lowering.facts)


def _despite(refusals: tuple[Refusal, ...], model: Model, run_args: RunArgs) -> Lowered:
    """What a file that EZKL's reader refuses would be if it were stored in another way."""
    refused = tuple(_refused(refusal) for refusal in refusals)
    try:
        lowered = _by_us(model, run_args)
    except Unmodelled:
        return Lowered(front_end="onnx", unsupported=refused)
    return replace(lowered, unsupported=(*refused, *lowered.unsupported))


def _refusals(model: Model, first: Unsupported) -> tuple[UnsupportedOperator, ...]:
    """What EZKL stops at, and every other operator it would stop at for not having it."""
    errors = {(error.operator, error.node): error for error in [first, *unknown_operators(model)]}
    return tuple(_unsupported(e.operator, e.node, e.reason, e.way_out) for e in errors.values())


def _has_ezkl() -> bool:
    from auditor.ezkl import ezkl_version

    return ezkl_version() == EZKL_VERSION


def _by_ezkl_instead(path: Path, run_args: RunArgs, error: Unmodelled) -> Lowered:
    """EZKL's answer to what we do not model; where it dies over it or takes too long, nobody knows one."""
    from auditor.ezkl import WorkerDied

    try:
        return _by_ezkl(path, run_args, instead=True)
    except WorkerDied as died:
        if died.kind == "disk":  # that is about this machine, and not about the model
            raise
        step = "--front-end ezkl: EZKL has more time then" if died.kind == "timeout" else ""
        return _unmodelled(error, step, f"; and {died.message}")


def _by_ezkl(path: Path, run_args: RunArgs, *, instead: bool = False) -> Lowered:
    # Loaded where it is used: few models need it, and it brings what starts and watches processes.
    from auditor.ezkl import Rejected
    from auditor.front_ends.ezkl import lower_with_ezkl

    notes: list[str] = []
    try:
        circuit = lower_with_ezkl(path, run_args, instead=instead, note=notes.append)
    except Rejected as error:
        return Lowered(front_end="ezkl", unsupported=(_unsupported("", "", error.reason),))
    return Lowered(front_end="ezkl", circuit=circuit, notes=tuple(notes))


def _unmodelled(error: Unmodelled, step: str, also: str = "") -> Lowered:
    reason = f"not modelled exactly: {error.reason}{also}"
    item = _unsupported(error.operator, error.node, reason, error.way_out)
    steps = tuple(filter(None, (error.way_out, step)))
    unknown = Open(binding="support", reason=f"{item.operator} is {item.reason}", next=steps)
    return Lowered(front_end="onnx", unsupported=(item,), unknown=(unknown,))


def _refused(refusal: Refusal) -> UnsupportedOperator:
    return _unsupported("", refusal.subject, f"holds {refusal.reason}", refusal.way_out)


def _unsupported(operator: str, node: str, reason: str, way_out: str = "") -> UnsupportedOperator:
    """One node; texts from a model are made harmless. Without an operator it is the file that is rejected."""
    if operator and not way_out and rules.operator(operator) is not None:
        way_out = f"auditor explain {operator}"
    return UnsupportedOperator(
        operator=safe(operator) or WHOLE_MODEL,
        count=1,
        reason=safe(reason, limit=400),
        nodes=(safe(node),) if node else (),
        way_out=safe(way_out, limit=400),
    )
