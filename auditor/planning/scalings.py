"""Which scales are worth laying out: the coarsest that are accurate enough, in every direction that may pay.

The error shrinks as either scale grows, nearly always, and what a circuit needs grows with them; a larger
multiplier saves divisions and needs more room. So for each multiplier the search walks along the border
between accurate enough and not, and what it finds there is filtered: scales that are worse than others in
every way are dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from auditor.layout import LayoutError, lay_out
from auditor.planning.nouns import USUAL_AGREEMENT, USUAL_TOLERANCE, Accuracy, Goal, Scaling, Trial
from auditor.planning.trials import Laboratory, rebases

COARSEST, FINEST = 1, 15
MULTIPLIERS = (1, 2, 3, 4, 5, 6, 8, 10)

_KNOWN_COLUMNS, _KNOWN_LEGS, _KNOWN_LOGROWS = 2, 3, 20
"""The layout by which scales are compared before the best one is known."""


class Demand(Struct, frozen=True, kw_only=True):
    """What is accurate enough: the largest error in units of the range, the least share of kept classes.

    Other inputs than the sample have other errors, so ``margin`` times that of the sample must be tolerated.
    """

    tolerance: float
    min_agreement: float
    margin: float

    def met_by(self, found: Accuracy) -> bool:
        """Whether an accuracy will do."""
        agrees = found.agreement is None or found.agreement >= self.min_agreement
        return self.margin * found.relative_error <= self.tolerance and agrees


def demand(goal: Goal, calibrated: Accuracy | None) -> Demand:
    """What the user asked for; where nothing was asked, the usual, or twice EZKL's own error if that is more.

    ``calibrated`` is what EZKL's calibration reaches; None before that is needed.
    """
    tolerance, agreement = goal.tolerance, goal.min_agreement
    if tolerance is None:
        own_error = calibrated.relative_error if calibrated else 0.0
        tolerance = max(USUAL_TOLERANCE, max(2.0, goal.margin) * own_error)
    if agreement is None:
        own = calibrated.agreement if calibrated else None
        agreement = USUAL_AGREEMENT if own is None else min(USUAL_AGREEMENT, own)
    return Demand(tolerance=tolerance, min_agreement=agreement, margin=goal.margin)


def is_good(trial: Trial | None, wanted: Demand) -> bool:
    """Whether a trial may be planned with."""
    return trial is not None and not trial.faults and wanted.met_by(trial.accuracy)


def worthwhile(
    laboratory: Laboratory, wanted: Demand, effort: int, progress: Callable[[int], None]
) -> list[Trial]:
    """Good trials of which none is worse than another in every way, at most ``effort`` new ones run.

    ``progress`` is told how many were run.
    """
    good: dict[Scaling, Trial] = {}
    budget = _Budget(laboratory, wanted, laboratory.count + effort, progress, good)
    for bounded_log in _log_lookups(laboratory):
        coarsest = _on_the_diagonal(budget, bounded_log)
        if coarsest is None:
            continue
        start = coarsest
        for multiplier in MULTIPLIERS:
            start = _along_the_border(budget, start, multiplier, bounded_log)
            if budget.is_spent or not _rebases(laboratory, start, multiplier, bounded_log):
                break
    return _undominated(list(good.values()))


class _Budget(Struct):
    """Trials until the effort is spent; good ones are kept."""

    laboratory: Laboratory
    wanted: Demand
    most: int
    progress: Callable[[int], None]
    good: dict[Scaling, Trial]

    @property
    def is_spent(self) -> bool:
        return self.laboratory.count >= self.most

    def is_good(self, inputs: int, params: int, multiplier: int, bounded_log: bool) -> bool:
        """Runs a trial; false once the effort is spent."""
        if self.is_spent or not (COARSEST <= inputs <= FINEST and COARSEST <= params <= FINEST):
            return False
        scaling = self.laboratory.scaling(inputs, params, multiplier, bounded_log=bounded_log)
        trial = self.laboratory.trial(scaling)
        self.progress(self.laboratory.count)
        if trial is None or not is_good(trial, self.wanted):
            return False
        self.good[scaling] = trial
        return True


def _log_lookups(laboratory: Laboratory) -> tuple[bool, ...]:
    """A logarithm is a table, or bounded by powers of two: only circuits that have one can choose."""
    given = laboratory.run_args.bounded_log_lookup
    one, other = (
        laboratory.circuit(laboratory.scaling(7, 7, 1, bounded_log=way)) for way in (given, not given)
    )
    is_same = one is not None and other is not None and one.graph == other.graph
    return (given,) if is_same else (given, not given)


def _on_the_diagonal(budget: _Budget, bounded_log: bool) -> int | None:
    """The coarsest common scale that will do, by halving; None where even the finest does not."""
    low, high = COARSEST, FINEST
    if not budget.is_good(high, high, 1, bounded_log):
        # Fine scales can leave 63 bits: the finest that runs is looked for from above.
        found = next(
            (s for s in range(FINEST - 1, COARSEST - 1, -1) if budget.is_good(s, s, 1, bounded_log)), None
        )
        if found is None:
            return None
        high = found
    while low < high:
        middle = (low + high) // 2
        if budget.is_good(middle, middle, 1, bounded_log):
            high = middle
        else:
            low = middle + 1
    return high


def _along_the_border(budget: _Budget, start: int, multiplier: int, bounded_log: bool) -> int:
    """Walks the staircase of coarsest pairs of scales; returns the coarsest common scale that will do."""
    common = start
    while not budget.is_good(common, common, multiplier, bounded_log):
        common += 1
        if common > min(FINEST, start + 3) or budget.is_spent:
            return start
    while budget.is_good(common - 1, common - 1, multiplier, bounded_log):
        common -= 1
    _descend(budget, common, multiplier, bounded_log, of_inputs=True)
    _descend(budget, common, multiplier, bounded_log, of_inputs=False)
    return common


_STAIRS = 3


def _descend(budget: _Budget, common: int, multiplier: int, bounded_log: bool, *, of_inputs: bool) -> None:
    """Down the stairs on one side of the diagonal: one scale a step finer, the other as coarse as will do."""
    coarse = common
    for fine in range(common, common + _STAIRS + 1):
        while True:
            pair = (coarse - 1, fine) if of_inputs else (fine, coarse - 1)
            if not budget.is_good(*pair, multiplier, bounded_log):
                break
            coarse -= 1


def _rebases(laboratory: Laboratory, common: int, multiplier: int, bounded_log: bool) -> bool:
    circuit = laboratory.circuit(laboratory.scaling(common, common, multiplier, bounded_log=bounded_log))
    return circuit is not None and rebases(circuit.graph)


# --- which are worth laying out ------------------------------------------------------------


def _undominated(trials: Sequence[Trial]) -> list[Trial]:
    """Those than which no other is at least as good in cells, room and tables, smallest circuits first."""
    measured = sorted(
        ((_measures(trial), trial) for trial in trials), key=lambda pair: (pair[0], pair[1].scaling)
    )
    kept: list[tuple[tuple[int, ...], Trial]] = []
    for amounts, trial in measured:
        if not any(all(a <= b for a, b in zip(other, amounts, strict=True)) for other, _ in kept):
            kept.append((amounts, trial))
    return [trial for _, trial in kept]


def _measures(trial: Trial) -> tuple[int, ...]:
    room = trial.room
    rounding = max((magnitude for _, magnitude in room.rounded), default=0)
    return cells(trial), room.decomposed.bit_length(), room.lookup_high - room.lookup_low, rounding


def cells(trial: Trial) -> int:
    """Cells of the circuit in a layout that is the same for all scales."""
    run_args = trial.circuit.run_args.with_changes(
        num_inner_cols=_KNOWN_COLUMNS, decomp_legs=_KNOWN_LEGS, logrows=_KNOWN_LOGROWS
    )
    try:
        size = lay_out(replace(trial.circuit, run_args=run_args))
    except LayoutError:
        return 1 << 62
    return size.total_assignments + size.total_einsum_col_size
