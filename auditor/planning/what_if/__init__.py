"""What if the model were another? Changes of a model that might make its circuit cheaper.

Each is found by a module of ``substitutions/``. Whether it pays is not asked here: that is measured.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.circuit import RunArgs
from auditor.lowering import Unmodelled, Unsupported, lower
from auditor.model.graph import Model
from auditor.planning.what_if.change import Change
from auditor.planning.what_if.substitutions import all_substitutions
from auditor.planning.what_if.view import View

__all__ = ["Change", "changes"]


def changes(model: Model) -> Iterator[Change]:
    """Every change that can be made to a model whose dimensions are bound, always in the same order.

    One that applies to several nodes comes once for all of them, then for each alone where they are few.
    One that EZKL would refuse, or that cannot be lowered exactly, is left out. Takes the time of a lowering
    for each.
    """
    view = View(model)
    for substitution in all_substitutions():
        for change in substitution(view):
            if _can_be_lowered(change.model):
                yield change


def _can_be_lowered(model: Model) -> bool:
    try:
        lower(model, RunArgs())
    except (Unmodelled, Unsupported):
        return False
    return True
