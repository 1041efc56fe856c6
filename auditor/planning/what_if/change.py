"""A change of a model that might make its circuit cheaper."""

from __future__ import annotations

from dataclasses import dataclass, field

from auditor.model.graph import Model

RETRAIN = "another function: retrain the model, or check how much accuracy it loses"
SAME = "same function"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A changed model, its dimensions bound. ``caution`` says what the change does to the function."""

    title: str
    caution: str
    model: Model = field(repr=False)
