"""What would make a planned circuit cheaper: changes of the model and of the goal, each measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from auditor.describe import figures
from auditor.lowering import Unmodelled, Unsupported, type_model
from auditor.model import Model
from auditor.planning.nouns import Candidate
from auditor.planning.savings import after_change
from auditor.planning.what_if import changes
from auditor.plans.planner import Planned, Wish
from auditor.plans.report import ChangeFacts
from auditor.safe import safe

_WORTH_SAYING = 0.98
"""A change that leaves more of the time than this is not worth a line."""


def savings(
    model: Model, planned: Planned, wish: Wish, progress: Callable[[str], None]
) -> tuple[ChangeFacts, ...]:
    """The changes that save time, most first. Each is laid out for real, at the scales of the plan."""
    best = planned.found.candidates[0]
    found = [*_of_the_model(model, best, planned, wish, progress), *_of_the_goal(best, planned)]
    worth = [item for item in found if sum(_seconds(item, 1)) < _WORTH_SAYING * sum(_seconds(item, 0))]
    return tuple(sorted(worth, key=lambda item: (sum(_seconds(item, 1)), item.title)))


def _seconds(change: ChangeFacts, at: int) -> tuple[float, float]:
    return change.setup_seconds[at], change.prove_seconds[at]


def _of_the_model(
    model: Model, best: Candidate, planned: Planned, wish: Wish, progress: Callable[[str], None]
) -> Iterator[ChangeFacts]:
    goal = replace(planned.goal, max_memory_bytes=None)
    for change in changes(model):
        progress(f"what if {change.title}")
        try:
            typed = type_model(change.model)
        except (Unmodelled, Unsupported):
            continue
        after = after_change(typed, best, planned.sample.rows, goal, wish.price)
        if after is not None:
            yield _facts(change.title, change.caution, best, after)


def _of_the_goal(best: Candidate, planned: Planned) -> Iterator[ChangeFacts]:
    """What a coarser answer would save."""
    for tolerance, candidate in planned.found.coarser:
        yield _facts(
            f"--tolerance {tolerance:g}",
            f"{candidate.accuracy.relative_error:.2%} of the output's range off instead of "
            f"{best.accuracy.relative_error:.2%}",
            best,
            candidate,
        )


def _facts(title: str, caution: str, before: Candidate, after: Candidate) -> ChangeFacts:
    return ChangeFacts(
        title=safe(title, limit=200),
        caution=safe(caution, limit=200),
        total_assignments=(before.size.total_assignments, after.size.total_assignments),
        prove_seconds=(figures(before.cost.prove_seconds), figures(after.cost.prove_seconds)),
        setup_seconds=(figures(before.cost.setup_seconds), figures(after.cost.setup_seconds)),
        proof_bytes=(before.cost.proof_bytes, after.cost.proof_bytes),
    )
