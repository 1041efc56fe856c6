"""A change of a model that might make its circuit cheaper."""

from __future__ import annotations

from msgspec import Struct

from auditor.model.graph import Model

RETRAIN = "another function: retrain the model, or check how much accuracy it loses"
SAME = "same function"


class Change(Struct, frozen=True, kw_only=True):
    """A changed model, its dimensions bound. ``caution`` says what the change does to the function."""

    title: str
    caution: str
    model: Model
