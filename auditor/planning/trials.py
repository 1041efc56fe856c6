"""Trying scales: the circuit they make, run on sample inputs, beside what the model says to the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from auditor.circuit import Circuit, CircuitNode, RunArgs, SubCircuit, ops
from auditor.circuit.graph import Graph
from auditor.forward import Forward, Overflow, Unmodelled, forward
from auditor.lowering import TypedModel, Unsupported
from auditor.lowering import Unmodelled as NotLowered
from auditor.planning.accuracy import accuracy, real_values
from auditor.planning.nouns import Room, Scaling, Trial

Rows = tuple[np.ndarray, ...]
"""For each input of the model an array of real values, whose leading axis holds the rows."""

Box = tuple[Rows, Rows]
"""For each input the least and the greatest of each element, in the shape of the circuit's input."""

Veto = Callable[[Circuit], tuple[str, ...]]
"""Why a circuit must not be proved although it can be: what it computes is something else than the model."""

FINE_SCALES = (20, 16, 13)
"""Where the circuit's answers stand for the model's: a millionth, or what its integers still hold."""

_MOST_CELLS = 1 << 24
"""How many cells are computed at a time."""


class CannotPlan(Exception):
    """There is nothing to compare scales by; ``reason`` is one line."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Laboratory(Struct, kw_only=True):
    """The model under trial, its sample rows, and every trial made so far.

    The first ``given`` rows are the user's, and room is for those, or for a ``box`` where there is one. The
    run args in ``pinned`` stay as they are in ``run_args``. ``reference`` holds the model's answers,
    outputs by rows, and ``whole`` says which of them are whole numbers. Trials are made once; ``count`` is
    how many, ``refusals`` why some could not be.
    """

    typed: TypedModel
    run_args: RunArgs
    pinned: frozenset[str]
    rows: Rows
    given: int
    box: Box | None
    reference: tuple[np.ndarray, ...]
    whole: tuple[bool, ...]
    veto: Veto
    refusals: list[str]
    _circuits: dict[Scaling, Circuit | None]
    _trials: dict[Scaling, Trial | None]
    _alike: dict[tuple[Scaling, bool], bool]

    @property
    def count(self) -> int:
        """How many scalings were run."""
        return len(self._trials)

    @property
    def trials(self) -> tuple[Trial | None, ...]:
        """All that were made, in their order."""
        return tuple(self._trials.values())

    def with_rows(self, count: int) -> Laboratory:
        """A laboratory with some of the rows, where nothing was tried yet."""
        return replace(
            self,
            rows=tuple(array[:count] for array in self.rows),
            given=min(self.given, count),
            reference=tuple(output[:count] for output in self.reference),
            _circuits={},
            _trials={},
            _alike={},
        )

    def of_sample(self) -> Laboratory:
        """A laboratory with the user's rows and nothing else."""
        return replace(self.with_rows(self.given), box=None)

    def scaling(self, inputs: int, params: int, multiplier: int, *, bounded_log: bool) -> Scaling:
        """A scaling, except for what is pinned."""
        wanted = {
            "input_scale": inputs,
            "param_scale": params,
            "scale_rebase_multiplier": multiplier,
            "bounded_log_lookup": bounded_log,
        }
        own = {name: getattr(self.run_args, name) for name in self.pinned & set(wanted)}
        return Scaling(**(wanted | own))

    def circuit(self, scaling: Scaling) -> Circuit | None:
        """The circuit of a scaling; None where EZKL rejects it at these scales."""
        if scaling not in self._circuits:
            self._circuits[scaling] = _circuit(self.typed, scaling.of(self.run_args))
        return self._circuits[scaling]

    def trial(self, scaling: Scaling) -> Trial | None:
        """The scaling on all rows; None where there is no circuit, or its integers leave 63 bits."""
        if scaling not in self._trials:
            self._trials[scaling] = self._run(scaling)
        return self._trials[scaling]

    def is_alike(self, trial: Trial, run_args: RunArgs) -> bool:
        """Whether other run args of the same scales give the answers of a trial."""
        key = trial.scaling, run_args.disable_freivalds
        if key not in self._alike:
            self._alike[key] = gives(trial.circuit, run_args, self.rows, trial.answers)
        return self._alike[key]

    def _run(self, scaling: Scaling) -> Trial | None:
        circuit = self.circuit(scaling)
        if circuit is None:
            return None
        try:
            ran = run(circuit, self.rows)
            room = room_of(ran, self.given) if self.box is None else room_in(circuit, self.box)
        except (Overflow, Unmodelled) as error:
            self.refusals.append(f"{error.node}: {error.reason}")
            return None
        answers = [real_values(output, scale) for output, scale in zip(ran.outputs, ran.scales, strict=True)]
        return Trial(
            scaling=scaling,
            circuit=circuit,
            room=room,
            answers=tuple(answers),
            accuracy=accuracy(answers, self.reference, self.whole),
            faults=(*(f"{fault.node}: {fault.reason}" for fault in ran.needs.faults), *self.veto(circuit)),
        )


def laboratory(
    typed: TypedModel,
    run_args: RunArgs,
    rows: Rows,
    *,
    given: int,
    box: Box | None = None,
    veto: Veto,
    pinned: frozenset[str] = frozenset(),
) -> Laboratory:
    """A laboratory for a model. The circuit itself at a fine scale stands for the model.

    What that is away from the model does not shrink with the scale, and is for fidelity to judge.

    Raises:
        CannotPlan: the circuit cannot be computed here.
    """
    truth, whole = fine_answers(typed, run_args, rows)
    return Laboratory(
        typed=typed,
        run_args=run_args,
        pinned=pinned,
        rows=rows,
        given=given,
        box=box,
        reference=truth,
        whole=whole,
        veto=veto,
        refusals=[],
        _circuits={},
        _trials={},
        _alike={},
    )


def fine_answers(
    typed: TypedModel, run_args: RunArgs, rows: Rows
) -> tuple[tuple[np.ndarray, ...], tuple[bool, ...]]:
    """The circuit's answers where rounding is next to nothing, as real values, and which are whole numbers.

    Raises:
        CannotPlan: it cannot be computed here, at any fine scale.
    """
    reason = "EZKL rejects it at fine scales"
    for scale in FINE_SCALES:
        scaling = Scaling(input_scale=scale, param_scale=scale, scale_rebase_multiplier=1)
        circuit = _circuit(typed, scaling.of(run_args))
        if circuit is None:
            continue
        try:
            ran = run(circuit, rows)
        except (Overflow, Unmodelled) as error:
            reason = f"{error.node}: {error.reason}"
            if isinstance(error, Unmodelled):
                break
            continue
        answers = tuple(real_values(output, at) for output, at in zip(ran.outputs, ran.scales, strict=True))
        return answers, tuple(at <= 0 for at in ran.scales)
    raise CannotPlan(reason)


def run(circuit: Circuit, rows: Rows) -> Forward:
    """The circuit on all rows, as many at a time as memory allows."""
    count = len(rows[0]) if rows else 1
    step = max(1, _MOST_CELLS // max(1, largest_value(circuit.graph)))
    if step >= count:
        return forward(circuit, rows)
    parts = [forward(circuit, [array[at : at + step] for array in rows]) for at in range(0, count, step)]
    return _joined(parts, step)


def gives(circuit: Circuit, run_args: RunArgs, rows: Rows, answers: Sequence[np.ndarray]) -> bool:
    """Whether a circuit gives these answers under other run args than it was lowered with."""
    try:
        ran = run(replace(circuit, run_args=run_args), rows)
    except (Overflow, Unmodelled):
        return False
    found = (real_values(output, scale) for output, scale in zip(ran.outputs, ran.scales, strict=True))
    return all(np.array_equal(one, other) for one, other in zip(found, answers, strict=True))


def room_of(ran: Forward, count: int) -> Room:
    """Room for everything that occurred in the first rows of a run."""
    needs = ran.needs
    return Room(
        decomposed=int(needs.decomposed[:count].max(initial=0)),
        lookup_low=int(needs.lookup_low[:count].min(initial=0)),
        lookup_high=int(needs.lookup_high[:count].max(initial=0)),
        rounded=tuple(sorted(needs.rounded.items())),
    )


def room_in(circuit: Circuit, box: Box) -> Room:
    """Room for every input in a box.

    Raises:
        Unmodelled, Overflow: no bound is known.
    """
    from auditor.forward.sound import bounds

    found = bounds(circuit, *box)
    return Room(
        decomposed=found.decomposed,
        lookup_low=min(0, found.lookup_low),
        lookup_high=max(0, found.lookup_high),
        rounded=tuple(sorted(found.rounded.items())),
    )


def largest_value(graph: Graph) -> int:
    """Elements of the largest tensor that is computed."""
    sizes = [1]
    for node in graph.nodes:
        if isinstance(node, SubCircuit):
            sizes.append(largest_value(node.body))
        elif not isinstance(node.op, ops.Constant):
            sizes.append(int(np.prod(node.shape, dtype=np.int64)))
    return max(sizes)


def rebases(graph: Graph) -> bool:
    """Whether any value is divided down to another scale: without it a larger multiplier changes nothing."""
    return any(
        rebases(node.body) if isinstance(node, SubCircuit) else _is_rebased(node) for node in graph.nodes
    )


def _is_rebased(node: CircuitNode) -> bool:
    return isinstance(node.op, ops.RebaseScale)


def _circuit(typed: TypedModel, run_args: RunArgs) -> Circuit | None:
    try:
        return typed.circuit(run_args)
    except (Unsupported, NotLowered):
        return None


def _joined(parts: Sequence[Forward], step: int) -> Forward:
    """Runs of ``step`` rows each as one."""
    rounded: dict[int, int] = {}
    for part in parts:
        for base, magnitude in part.needs.rounded.items():
            rounded[base] = max(rounded.get(base, 0), magnitude)
    faults = tuple(
        replace(fault, rows=tuple(row + index * step for row in fault.rows))
        for index, part in enumerate(parts)
        for fault in part.needs.faults
    )
    first = parts[0]
    return Forward(
        outputs=tuple(np.concatenate(slot) for slot in zip(*(part.outputs for part in parts), strict=True)),
        scales=first.scales,
        needs=replace(
            first.needs,
            decomposed=np.concatenate([part.needs.decomposed for part in parts]),
            lookup_low=np.concatenate([part.needs.lookup_low for part in parts]),
            lookup_high=np.concatenate([part.needs.lookup_high for part in parts]),
            rounded=rounded,
            faults=faults,
        ),
    )
