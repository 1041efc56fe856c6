"""What the planner talks about: scales, what they need and how exact they are, what a circuit costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
from msgspec import Struct

from auditor.circuit import Circuit, RunArgs
from auditor.circuit.size import CircuitSize
from auditor.equality import compared_without
from auditor.errors import UsageError
from auditor.sizing import Artifacts, ConstraintSystem

Objective = Literal["prove", "memory", "proof-bytes", "verify-gas", "usd"]
Ranges = Literal["sample", "sound"]
"""Whose values find room: those of the sample, or of every input in a box."""

RANGES: tuple[Ranges, ...] = ("sample", "sound")

OBJECTIVES: tuple[Objective, ...] = ("prove", "memory", "proof-bytes", "verify-gas", "usd")


def objective(word: str) -> Objective:
    """What a word of the command line asks for.

    Raises:
        UsageError: it is none.
    """
    for known in OBJECTIVES:
        if word == known:
            return known
    raise UsageError.unknown(f"--minimize {word}: there is no such objective", word, OBJECTIVES)


def which_ranges(word: str) -> Ranges:
    """Whose values a word of the command line means.

    Raises:
        UsageError: it is none.
    """
    for known in RANGES:
        if word == known:
            return known
    raise UsageError.unknown(f"--ranges {word}: there are no such ranges", word, RANGES)


class Scaling(Struct, frozen=True, kw_only=True, order=True):
    """The run args that decide which integers stand for the numbers of a model, and nothing else."""

    input_scale: int
    param_scale: int
    scale_rebase_multiplier: int
    bounded_log_lookup: bool = False

    def of(self, run_args: RunArgs) -> RunArgs:
        """The run args with these scales."""
        return run_args.with_changes(
            input_scale=self.input_scale,
            param_scale=self.param_scale,
            scale_rebase_multiplier=self.scale_rebase_multiplier,
            bounded_log_lookup=self.bounded_log_lookup,
        )


class Room(Struct, frozen=True, kw_only=True):
    """The integers a circuit must have room for.

    ``decomposed`` is the largest magnitude that is cut into legs, ``lookup_low`` to ``lookup_high`` what is
    looked up in tables, ``rounded`` the largest magnitude cut into legs of another base: (base, magnitude).
    """

    decomposed: int
    lookup_low: int
    lookup_high: int
    rounded: tuple[tuple[int, int], ...] = ()


class Accuracy(Struct, frozen=True, kw_only=True):
    """How far the circuit's answers are from the model's, over all rows that were tried.

    ``max_abs_error`` and ``mean_abs_error`` are the worst over the outputs; ``relative_error`` is the
    largest error in units of its output's range, or the share of whole numbers that differ. ``agreement``
    is the share of rows whose largest output stands at the same place; None where no output looks like a
    classifier's.
    """

    max_abs_error: float
    mean_abs_error: float
    relative_error: float
    agreement: float | None


class Trial(Struct, frozen=True, kw_only=True):
    """A scaling that was tried on sample inputs, and the real ``answers`` it gave: outputs by rows.

    ``faults`` say why no proof of these inputs would hold.
    """

    scaling: Scaling
    circuit: Circuit
    room: Room
    answers: tuple[np.ndarray, ...]
    accuracy: Accuracy
    faults: tuple[str, ...] = ()

    __eq__, __hash__ = compared_without("answers")


class Cost(Struct, frozen=True, kw_only=True):
    """What is expected of a circuit on a machine; gas and money only where somebody asks for them.

    ``contract_bytes`` are those EZKL's verifier may take at most.
    """

    setup_seconds: float
    prove_seconds: float
    peak_memory_bytes: float
    proof_bytes: int
    contract_bytes: float
    verify_gas: float | None = None
    usd: float | None = None


class Candidate(Struct, frozen=True, kw_only=True):
    """A circuit that could be built: with which run args, how large, how exact, at what cost."""

    run_args: RunArgs
    size: CircuitSize
    system: ConstraintSystem
    artifacts: Artifacts
    trial: Trial
    cost: Cost

    @property
    def accuracy(self) -> Accuracy:
        """That of the scales, which nothing else in the run args changes."""
        return self.trial.accuracy


Price = Callable[[ConstraintSystem, Artifacts, CircuitSize, RunArgs], Cost]
"""What a circuit costs where it is to be proved and verified."""


class Goal(Struct, frozen=True, kw_only=True):
    """What is wanted of a plan.

    ``tolerance`` is the largest error in units of an output's range, ``min_agreement`` the least share of
    rows that must keep their class; None leaves both to what EZKL's own calibration reaches where the usual
    ones cannot be had. ``margin`` times the sample's values must find room, and ``margin`` times its errors
    be tolerated; with ``sound`` ranges all values of a box find room instead. The run args in ``pinned``
    stay as they are. The limits are None where there is none.
    """

    minimize: Objective = "prove"
    ranges: Ranges = "sample"
    tolerance: float | None = None
    min_agreement: float | None = None
    margin: float = 2.0
    pinned: frozenset[str] = frozenset()
    max_logrows: int | None = None
    max_rows: int | None = None
    max_memory_bytes: float | None = None
    max_prove_seconds: float | None = None
    max_proof_bytes: int | None = None
    max_verify_gas: float | None = None
    max_contract_bytes: float | None = None

    @property
    def room_margin(self) -> float:
        """What values are multiplied with before room is made; a bound that always holds needs no margin."""
        return 1.0 if self.ranges == "sound" else self.margin

    def allows(self, candidate: Candidate) -> bool:
        """Whether a candidate keeps all limits on its cost."""
        cost = candidate.cost
        return (
            _within(candidate.run_args.logrows, self.max_logrows)
            and _within(candidate.size.num_rows, self.max_rows)
            and _within(cost.peak_memory_bytes, self.max_memory_bytes)
            and _within(cost.prove_seconds, self.max_prove_seconds)
            and _within(cost.proof_bytes, self.max_proof_bytes)
            and _within(cost.contract_bytes, self.max_contract_bytes)
            and (self.max_verify_gas is None or _within(_known(cost.verify_gas), self.max_verify_gas))
        )


ALIKE: Mapping[Objective, float] = {
    "prove": 0.05, "memory": 0.05, "proof-bytes": 0.0, "verify-gas": 0.01, "usd": 0.05,
}  # fmt: skip
"""By what share two amounts may differ and still be the same, for all the cost model can tell."""


def amount(objective: Objective, cost: Cost) -> tuple[float, float]:
    """What is to be small, and what decides among those where it is alike: the proof, or the time."""
    seconds = cost.setup_seconds + cost.prove_seconds
    match objective:
        case "prove":
            return cost.prove_seconds, float(cost.proof_bytes)
        case "memory":
            return cost.peak_memory_bytes, seconds
        case "proof-bytes":
            return float(cost.proof_bytes), seconds
        case "verify-gas":
            return _known(cost.verify_gas), seconds
        case "usd":
            return _known(cost.usd), float(cost.proof_bytes)


USUAL_TOLERANCE = 0.01
"""Of an output's range."""

USUAL_AGREEMENT = 1.0


def _within(amount: float, most: float | None) -> bool:
    return most is None or amount <= most


def _known(amount: float | None) -> float:
    return float("inf") if amount is None else amount
