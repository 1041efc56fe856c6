"""What a run of a circuit on integers yields."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from msgspec import Struct


class Fault(Struct, frozen=True, kw_only=True):
    """Some rows have no proof at ``node``: EZKL makes no witness of them, or one that no proof holds for."""

    node: str
    reason: str
    rows: tuple[int, ...]


class Needs(Struct, frozen=True, kw_only=True):
    """What values the run args must have room for; arrays are int64 of shape (rows,).

    ``decomposed`` is the largest magnitude that a row decomposes in base ``decomp_base``: EZKL needs
    ``decomp_base ** decomp_legs - 1`` to be as large. ``lookup_low`` and ``lookup_high`` are the least and
    the largest number looked up in a table, 0 among them. A rounding decomposes in a base of its own, with
    ``decomp_legs`` digits too: ``rounded`` has the largest magnitude for each such base, over all rows.
    """

    decomposed: np.ndarray
    lookup_low: np.ndarray
    lookup_high: np.ndarray
    rounded: Mapping[int, int]
    faults: tuple[Fault, ...]


class Forward(Struct, frozen=True, kw_only=True):
    """Outputs in EZKL's order, each int64 of shape (rows, ...): the real number is ``integer / 2**scale``."""

    outputs: tuple[np.ndarray, ...]
    scales: tuple[int, ...]
    needs: Needs
