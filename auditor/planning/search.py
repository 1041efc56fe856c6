"""The search as a whole: scales, layouts, the best of them, and what else there would be to choose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from auditor.planning.baseline import calibrated
from auditor.planning.layouts import INNER_COLUMNS, exact_candidate, lay_out_cheaply, ranked
from auditor.planning.nouns import Candidate, Goal, Price, Trial
from auditor.planning.scalings import Demand, cells, demand, is_good, worthwhile
from auditor.planning.trials import Laboratory

Progress = Callable[[str], None]

_TIMES_COARSER = (2, 5)


class Effort(Struct, frozen=True, kw_only=True):
    """How much may be tried: scalings to run, scalings to lay out, and which numbers of inner columns."""

    trials: int = 120
    laid_out: int = 8
    columns: tuple[int, ...] = INNER_COLUMNS


class Search(Struct, frozen=True, kw_only=True):
    """What was found. ``candidates`` are within the goal, best first; none where nothing is good enough, and
    then ``reason`` says what stands in the way, and ``leanest`` takes the least memory, where that is
    missing.

    ``calibrated`` is EZKL's own choice, None where it was not looked for or EZKL finds none. ``fine`` are the
    answers of a circuit that rounds next to nothing, outputs by rows. ``coarser`` are the best candidates
    where more error is tolerated, beside how much.
    """

    candidates: tuple[Candidate, ...]
    leanest: Candidate | None
    calibrated: Candidate | None
    wanted: Demand
    fine: tuple[np.ndarray, ...]
    coarser: tuple[tuple[float, Candidate], ...]
    trials: int
    reason: str = ""


def search(
    laboratory: Laboratory,
    thorough: Laboratory,
    goal: Goal,
    price: Price,
    effort: Effort,
    *,
    compare: bool,
    coarser: bool,
    progress: Progress = lambda _: None,
) -> Search:
    """The best candidates for a goal.

    Scales are looked for in ``laboratory``, which may have some of the rows only; those that are laid out
    were confirmed in ``thorough``, which has all. EZKL's own calibration is imitated where ``compare`` asks
    for it, and where the usual accuracy cannot be had: then it says what can. ``coarser`` looks for what
    more error would save.
    """

    def told(count: int) -> None:
        progress(f"{count} scalings tried")

    def confirmed(wanted: Demand) -> list[Trial]:
        found: list[Trial] = []
        for trial in worthwhile(laboratory, wanted, effort.trials, told):
            again = thorough.trial(trial.scaling)
            if again is not None and is_good(again, wanted):
                found.append(again)
            if len(found) == effort.laid_out:
                break
        return found

    wanted = demand(goal, None)
    trials = confirmed(wanted)
    own = calibrated(thorough.of_sample()) if compare or not trials else None
    if not trials and own is not None:
        wanted = demand(goal, own[1].accuracy)
        trials = confirmed(wanted)
        trials += [own[1]] if is_good(own[1], wanted) else []

    def laid_out(trials: Sequence[Trial], goal: Goal = goal) -> list[Candidate]:
        found: list[Candidate] = []
        for done, trial in enumerate(trials):
            progress(f"laying out {done + 1} of {len(trials)} scalings")
            found += lay_out_cheaply(
                laboratory.typed,
                trial,
                goal,
                price,
                is_alike=partial(thorough.is_alike, trial),
                columns=effort.columns,
            )
        return ranked(found, goal.minimize)

    found = laid_out(trials)
    lean: list[Candidate] = []
    if not found and goal.max_memory_bytes is not None:
        lean = laid_out(trials, replace(goal, minimize="memory", max_memory_bytes=None))
    more = []
    for times in _TIMES_COARSER if coarser and found else ():
        looser = replace(wanted, tolerance=times * wanted.tolerance)
        cheaper = laid_out(confirmed(looser))
        more += [(looser.tolerance, cheaper[0])] if cheaper else []
    return Search(
        candidates=tuple(found),
        leanest=lean[0] if lean else None,
        calibrated=None if own is None else exact_candidate(laboratory.typed, own[1], own[0], price),
        wanted=wanted,
        fine=thorough.reference,
        coarser=tuple(more),
        trials=laboratory.count,
        reason="" if found else _reason(laboratory, trials, wanted, goal),
    )


def _reason(laboratory: Laboratory, trials: Sequence[Trial], wanted: Demand, goal: Goal) -> str:
    """Why there is no candidate."""
    if trials and goal.ranges == "sound":
        return (
            "no run args keep the limits and have room for every input: their bound may be far from the truth"
        )
    if trials:
        return "no run args keep the limits"
    run = [trial for trial in laboratory.trials if trial is not None]
    if not run:
        refusals = laboratory.refusals or ["its integers leave 63 bits"]
        return f"the circuit cannot be computed at any scale: {refusals[-1]}"
    sound = [trial for trial in run if not trial.faults]
    if not sound:
        return f"at no scale would a proof of these inputs show what the model says: {run[0].faults[0]}"
    best = min(sound, key=lambda trial: (trial.accuracy.relative_error, cells(trial)))
    agreement = best.accuracy.agreement
    kept = "" if agreement is None else f", and keep {agreement:.0%} of the classes"
    return (
        f"the most exact scales are {best.accuracy.relative_error:.2%} of the output's range off{kept}; "
        f"{wanted.tolerance:.2%} and {wanted.min_agreement:.0%} are wanted"
    )


def front(candidates: Sequence[Candidate], most: int = 8) -> tuple[Candidate, ...]:
    """Those that no other is better than in time, memory, proof and error alike, the best first.

    Of many, the first and those that are best at something.
    """
    amounts = [_amounts(candidate) for candidate in candidates]
    kept = [at for at in range(len(amounts)) if not _is_beaten(at, amounts)]
    best = [min(kept, key=lambda at: amounts[at][quality]) for quality in range(4)] if kept else []
    chosen = list(dict.fromkeys([*kept[:1], *best, *kept]))[:most]
    return tuple(candidates[at] for at in sorted(chosen))


def _is_beaten(at: int, amounts: Sequence[tuple[float, ...]]) -> bool:
    """Whether another is at least as good in every way; of equals the first stays."""
    return any(
        all(a <= b for a, b in zip(other, amounts[at], strict=True)) and (other != amounts[at] or place < at)
        for place, other in enumerate(amounts)
        if place != at
    )


def _amounts(candidate: Candidate) -> tuple[float, ...]:
    """In two figures: what differs by less is alike."""
    cost = candidate.cost
    amounts = (
        cost.setup_seconds + cost.prove_seconds,
        cost.peak_memory_bytes,
        float(cost.proof_bytes),
        candidate.accuracy.relative_error,
    )
    return tuple(float(f"{amount:.1e}") for amount in amounts)
