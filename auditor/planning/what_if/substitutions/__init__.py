"""One module for each family of changes; all modules of this package are searched.

A substitution is a function ``(view) -> changes`` marked with :func:`substitution`. What replaces nodes one
by one yields an :class:`Edit` for each place and is marked with :func:`swap`, which makes the changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from operator import itemgetter

from auditor.planning.what_if.change import Change
from auditor.planning.what_if.edit import Edit, edited
from auditor.planning.what_if.view import View
from auditor.registry import import_modules
from auditor.safe import safe

Substitution = Callable[[View], Iterable[Change]]
Swap = Callable[[View], Iterable[Edit]]

MAX_SINGLE = 8
"""More places than this are only changed all together."""

_SUBSTITUTIONS: list[tuple[str, Substitution]] = []


def substitution(function: Substitution) -> Substitution:
    """Marks a function that makes changes of a whole model."""
    _SUBSTITUTIONS.append((function.__module__, function))
    return function


def swap(caution: str) -> Callable[[Swap], Swap]:
    """Marks a function that finds places where nodes can become others, with what that does to the model."""

    def mark(find: Swap) -> Swap:
        _SUBSTITUTIONS.append((find.__module__, lambda view: _grouped(view, find(view), caution)))
        return find

    return mark


def all_substitutions() -> tuple[Substitution, ...]:
    """Every substitution of this package, by the name of its module, then in the module's order."""
    _load_modules()
    return tuple(function for _, function in sorted(_SUBSTITUTIONS, key=itemgetter(0)))


@cache
def _load_modules() -> None:
    import_modules(__name__)


def _grouped(view: View, edits: Iterable[Edit], caution: str) -> Iterator[Change]:
    """Edits that do the same: all together, then each alone where they are few."""
    groups: dict[str, list[Edit]] = {}
    for edit in edits:
        groups.setdefault(edit.what, []).append(edit)
    for what, group in groups.items():
        if len(group) > 1:
            yield Change(title=f"all {len(group)} {what}", caution=caution, model=edited(view.model, group))
        if len(group) <= MAX_SINGLE:
            for edit in group:
                title = f"{what} at {safe(edit.where)}"
                yield Change(title=title, caution=caution, model=edited(view.model, [edit]))
