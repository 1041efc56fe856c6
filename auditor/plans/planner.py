"""From a model to the run args it should have: sample inputs, a price and the search, joined."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from auditor.circuit import Circuit, CircuitNode, RunArgs, all_ops, ops
from auditor.circuit.size import CircuitSize
from auditor.faithful import find_unfaithful
from auditor.front_end import Lowered
from auditor.layout import LayoutError, lay_out
from auditor.lowering import TypedModel, Unmodelled, Unsupported, type_model
from auditor.macs import macs
from auditor.planning.layouts import INNER_COLUMNS
from auditor.planning.nouns import Candidate, Cost, Goal, Price
from auditor.planning.room import headroom
from auditor.planning.search import Effort, Progress, Search, search
from auditor.planning.trials import Box, CannotPlan, Rows, Veto, laboratory
from auditor.pricing.chain import gas
from auditor.pricing.profile_file import shipped
from auditor.pricing.prover import expected
from auditor.pricing.terms import Step, Workload
from auditor.proving.input_rows import read_rows
from auditor.proving.inputs import Inputs, input_specs, random_inputs
from auditor.sizing import Artifacts, ConstraintSystem
from auditor.verdict import BLOCKING_SEVERITIES

if TYPE_CHECKING:
    from auditor.model import Model
    from auditor.options import Request
    from auditor.pricing.bill import Rent
    from auditor.pricing.chain.profile import GasRules
    from auditor.pricing.profile import HardwareProfile
    from auditor.study import Plan

RANDOM_ROWS = 16
"""How many inputs are drawn where none are given."""

_ROW_WORK = 4_000_000
_TRIAL_WORK = 150_000_000
_NODE_WORK = 2_000
"""Cells and products that are computed in one trial, in all trials, and those that take as long as a node."""

_MOST_WORK = 20_000_000
"""Of one row: what is planned in passing, where somebody asked for something else."""

_MOST_HEADROOM = 2.0**64

_MOST_ROWS = 192
_NEARBY, _NEIGHBOUR_SEED = 0.05, 1
"""Where answers jump, so many rows are tried: some near the given ones, the same on every machine."""

_MOST_TRIALS, _LEAST_TRIALS = 150, 8
_LAYOUT_NODES = 6_000
"""Nodes laid out for each number of columns, over all scalings."""


class Sample(Struct, frozen=True, kw_only=True):
    """The inputs a plan stands on, whence they are, and the seed of random ones.

    ``given`` are arrays of (rows, shape...) as the model takes them, ``rows`` the same as the circuit does.
    """

    given: Rows
    rows: Rows
    source: Literal["file", "random"]
    seed: int | None

    @property
    def count(self) -> int:
        """How many rows."""
        return len(self.rows[0]) if self.rows else 0


class Planned(Struct, frozen=True, kw_only=True):
    """What was found, and the sample it stands on."""

    found: Search
    sample: Sample
    goal: Goal

    @property
    def best(self) -> Candidate | None:
        """What to take: the best within the goal, or what comes nearest to it."""
        found = self.found
        return found.candidates[0] if found.candidates else found.leanest

    @property
    def headroom(self) -> float:
        """How many times as large as the sample's the values of the best may become."""
        best = self.best
        assert best is not None
        return min(headroom(best.run_args, best.trial.room), _MOST_HEADROOM)


class Outcome(Struct, frozen=True, kw_only=True):
    """The run args to take, or None where there are none; ``reason`` says why none keeps the limits.

    ``planned`` is None where nothing was tried.
    """

    run_args: RunArgs | None
    reason: str
    planned: Planned | None = None


class Wish(Struct, frozen=True, kw_only=True):
    """What a plan is wanted for.

    ``input_range`` are the ends of a box for sound ranges. ``compare`` looks for EZKL's own choice too, and
    ``coarser`` for what more error would save. A circuit of which one inference takes more than ``most_work``
    cells and products is not tried.
    """

    goal: Goal
    price: Price
    input: Path | None = None
    input_range: tuple[float, float] | None = None
    seed: int = 0
    compare: bool = False
    coarser: bool = False
    most_work: int = 1 << 62


def plan_model(model: Model, run_args: RunArgs, wish: Wish, progress: Progress = lambda _: None) -> Outcome:
    """The cheapest run args for a model whose dimensions are bound.

    What the goal pins is taken from ``run_args``, and visibilities are never changed.

    Raises:
        UsageError: the input file does not hold inputs of this model.
    """
    try:
        typed = type_model(model)
        if wish.input is None:
            _check_drawn(model, wish)
        sample = take_sample(model, wish.input, wish.seed)
        planned = plan_run_args(typed, run_args, sample, wish, _veto(model, typed), progress)
    except (Unsupported, Unmodelled, CannotPlan) as error:
        return Outcome(run_args=None, reason=error.reason)
    best = planned.best
    return Outcome(run_args=best.run_args if best else None, reason=planned.found.reason, planned=planned)


def _check_drawn(model: Model, wish: Wish) -> None:
    """Raises CannotPlan for inputs that are too large to draw."""
    numbers = RANDOM_ROWS * sum(math.prod(spec.shape) for spec in input_specs(model))
    if numbers > wish.most_work:
        raise CannotPlan(f"{RANDOM_ROWS} inputs are {numbers:,} numbers, too many to try run args on")


def take_sample(model: Model, path: Path | None, seed: int) -> Sample:
    """The rows of a file; without one, random ones.

    Raises:
        UsageError: the file does not hold inputs of this model, or the model takes none that can be drawn.
    """
    specs = input_specs(model)
    if path is not None:
        return _stacked(read_rows(path, specs), "file", None)
    return _stacked([random_inputs(specs, seed + row) for row in range(RANDOM_ROWS)], "random", seed)


def plan_run_args(
    typed: TypedModel, run_args: RunArgs, sample: Sample, wish: Wish, veto: Veto, progress: Progress
) -> Planned:
    """The search, on as many rows and with as many trials as the circuit allows.

    How much is tried depends on the size of the circuit and on nothing else, so that the answer is the same
    on every run.

    Raises:
        CannotPlan: the circuit cannot be computed here.
    """
    goal = wish.goal
    circuit = _first_circuit(typed, run_args)
    sample = replace(sample, rows=_as_nodes(sample.rows, circuit))
    if not sample.rows:
        raise CannotPlan("the model takes no input to try run args on")
    work = _work(circuit)
    if max(work, _elements(circuit)) > wish.most_work:
        raise CannotPlan(f"one inference computes {work:,} cells and products, too many to try run args on")
    rows = sample.rows
    if _jumps(circuit):
        rows = _with_neighbours(sample, max(sample.count, min(_MOST_ROWS, _ROW_WORK // work)))
    all_rows = laboratory(
        typed, run_args, rows, given=sample.count, box=_box(wish, sample), veto=veto, pinned=goal.pinned
    )
    few = max(1, min(len(rows[0]), _ROW_WORK // work))
    some_rows = all_rows if few >= len(rows[0]) else all_rows.with_rows(few)
    effort = _effort(work * few, len(circuit.graph.nodes))
    found = search(
        some_rows,
        all_rows,
        goal,
        wish.price,
        effort,
        compare=wish.compare,
        coarser=wish.coarser,
        progress=progress,
    )
    return Planned(found=found, sample=sample, goal=goal)


def _veto(model: Model, typed: TypedModel) -> Veto:
    """What the fidelity rules say against a circuit."""

    def veto(circuit: Circuit) -> tuple[str, ...]:
        lowered = Lowered(front_end="onnx", circuit=circuit, facts=typed.facts)
        report = find_unfaithful(model, lowered)
        grave = [item for item in report.findings if item.severity in BLOCKING_SEVERITIES]
        return tuple(f"{item.rule}: {item.message}" for item in grave)

    return veto


def price_on(profile: HardwareProfile, rules: GasRules | None = None, rent: Rent | None = None) -> Price:
    """What a circuit costs on a machine, to rent it by the hour, and to verify under a chain's rules."""

    def price(system: ConstraintSystem, artifacts: Artifacts, size: CircuitSize, run_args: RunArgs) -> Cost:
        work = Workload(system=system, artifacts=artifacts, size=size)
        witness, keys, proof = (expected(step, "cpu_seconds", work, profile) for step in _TIMED)
        memory = max(expected(step, "peak_memory_bytes", work, profile) for step in _HEAVY)
        prove = witness + proof
        verify = None
        if rules is not None:
            verify = gas.verify_gas(system, gas.verify_calldata(system, artifacts), rules).mid
        return Cost(
            setup_seconds=keys,
            prove_seconds=prove,
            peak_memory_bytes=memory,
            proof_bytes=artifacts.proof_bytes,
            contract_bytes=gas.contract_bytes(system).high,
            verify_gas=verify,
            usd=None if rent is None else prove * rent.usd_per_hour / 3600,
        )

    return price


_TIMED: tuple[Step, ...] = ("witness", "keys", "proof")
_HEAVY: tuple[Step, ...] = ("keys", "proof")


def planner_for(request: Request, max_memory_bytes: float | None = None) -> Plan | None:
    """What chooses run args in passing, for a request that wants something else; None where it sets them.

    It prices on the reference machine, so that a model has the same plan wherever there is memory for it.
    """
    if request.plan is None:
        return None
    wish = Wish(
        goal=Goal(
            max_logrows=request.limits.max_logrows,
            max_rows=request.limits.max_rows,
            max_memory_bytes=max_memory_bytes,
            max_contract_bytes=_contract_limit(request),
        ),
        price=price_on(shipped()),
        input=request.plan.input,
        seed=request.plan.seed,
        most_work=_MOST_WORK,
    )
    return lambda model, run_args: plan_model(model, run_args, wish)


def _contract_limit(request: Request) -> int | None:
    """The least of the chains that were named: a verifier that none of them takes is of no use."""
    prices = request.prices
    if prices is None or not prices.chains:
        return None
    from auditor.billing import chains_of

    limits = [chain.contract_limit_bytes for chain in chains_of(prices)]
    return min((limit for limit in limits if limit is not None), default=None)


# --- how much is tried ---------------------------------------------------------------------


def _first_circuit(typed: TypedModel, run_args: RunArgs) -> Circuit:
    try:
        return typed.circuit(run_args)
    except (Unsupported, Unmodelled) as error:
        raise CannotPlan(error.reason) from error


def _work(circuit: Circuit) -> int:
    """What one row takes to compute: cells, products, and something for every node."""
    try:
        cells = lay_out(circuit).total_assignments
    except LayoutError:
        cells = 0
    return cells + macs(circuit.graph) + _NODE_WORK * len(circuit.graph.nodes)


def _elements(circuit: Circuit) -> int:
    """Of all results: a circuit that EZKL does not lay out has no cells, but its numbers take memory."""
    shapes = (node.shape for node in circuit.graph.nodes if isinstance(node, CircuitNode))
    return sum(math.prod(shape) for shape in shapes)


def _effort(work: int, nodes: int) -> Effort:
    """Less of everything for a large circuit."""
    layouts = _LAYOUT_NODES // max(1, nodes)
    return Effort(
        trials=max(_LEAST_TRIALS, min(_MOST_TRIALS, _TRIAL_WORK // work)),
        laid_out=max(1, min(8, layouts // 10)),
        columns=INNER_COLUMNS if layouts >= 20 else (1, 2, 3),
    )


_STEPS = (
    ops.Greater, ops.GreaterEqual, ops.Less, ops.LessEqual, ops.Equals, ops.Sign, ops.Floor, ops.Ceil,
    ops.Round, ops.RoundHalfToEven, ops.ReduceArgMax, ops.ReduceArgMin, ops.OneHot,
)  # fmt: skip
"""Operations whose answer jumps where their input moves by next to nothing."""


def _jumps(circuit: Circuit) -> bool:
    """Whether some operation does, as in trees and in classes."""
    return any(isinstance(op, _STEPS) for op in all_ops(circuit.graph))


def _box(wish: Wish, sample: Sample) -> Box | None:
    """All inputs from the least to the greatest of the sample, or between ends that were given."""
    if wish.goal.ranges != "sound":
        return None
    low, high = [], []
    for array in sample.rows:
        ends = (float(array.min()), float(array.max())) if array.size else (0.0, 0.0)
        if wish.input_range is not None and array.dtype.kind == "f":
            ends = wish.input_range
        low.append(np.full(array.shape[1:], ends[0]))
        high.append(np.full(array.shape[1:], ends[1]))
    return tuple(low), tuple(high)


def _with_neighbours(sample: Sample, count: int) -> Rows:
    """The rows, and up to ``count`` with others near them.

    Where answers jump, a few rows may stand on the right side however coarse the scales are; others near them
    tell. Numbers of floating point move by a twentieth of the span of their input; whole ones stay.
    """
    bits = np.random.PCG64(_NEIGHBOUR_SEED)
    grown = []
    for array in sample.rows:
        more = np.resize(array, (count, *array.shape[1:]))
        if array.dtype.kind == "f" and array.size:
            unit = (bits.random_raw(more.size) >> np.uint64(11)).reshape(more.shape) * 2.0**-52 - 1.0
            unit[: sample.count] = 0
            more = (more + _NEARBY * (array.max() - array.min()) * unit).astype(array.dtype)
        grown.append(more)
    return tuple(grown)


# --- rows ----------------------------------------------------------------------------------


def _stacked(rows: Sequence[Inputs], source: Literal["file", "random"], seed: int | None) -> Sample:
    slots = zip(*(one.arrays for one in rows), strict=True)
    stacked = tuple(np.stack(slot) for slot in slots)
    return Sample(given=stacked, rows=stacked, source=source, seed=seed)


def _as_nodes(rows: Rows, circuit: Circuit) -> Rows:
    """The rows in the shapes of the circuit's inputs, where a scalar has an axis of its own."""
    nodes = {node.id: node for node in circuit.graph.nodes}
    shaped = []
    for array, id_ in zip(rows, circuit.graph.inputs, strict=True):
        node = nodes[id_]
        assert isinstance(node, CircuitNode)
        assert math.prod(node.shape) * len(array) == array.size
        shaped.append(array.reshape(len(array), *node.shape))
    return tuple(shaped)
