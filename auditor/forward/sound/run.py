"""What a circuit needs for every input of a box, by running it on intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct

from auditor.circuit.graph import Circuit
from auditor.circuit.ops import Op
from auditor.forward.ledger import Ledger
from auditor.forward.sound.intervals import narrowed
from auditor.forward.sound.rules import apply_bound
from auditor.forward.walk import walk


class Bounds(Struct, frozen=True, kw_only=True):
    """What no input of a box needs more than; see :class:`auditor.forward.Needs` for the meaning of each."""

    decomposed: int
    lookup_low: int
    lookup_high: int
    rounded: Mapping[int, int]


def bounds(circuit: Circuit, low: Sequence[np.ndarray], high: Sequence[np.ndarray]) -> Bounds:
    """Bounds of what the circuit needs for every input between ``low`` and ``high``.

    Both hold real numbers in the shape of each input of the circuit. Raises Unmodelled for an operation
    without a sound rule, Overflow where a bound leaves 63 bits, ValueError where this is no box.
    """
    ledger = Ledger(2, disable_freivalds=circuit.run_args.disable_freivalds)
    walk(circuit, _box(low, high), ledger, _apply)
    needs = ledger.needs()
    return Bounds(
        decomposed=int(needs.decomposed.max()),
        lookup_low=int(needs.lookup_low.min()),
        lookup_high=int(needs.lookup_high.max()),
        rounded=needs.rounded,
    )


def _box(low: Sequence[np.ndarray], high: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Both ends as rows: quantising keeps the order of numbers."""
    pairs = [
        (np.asarray(least, dtype=np.float64), np.asarray(greatest, dtype=np.float64))
        for least, greatest in zip(low, high, strict=True)
    ]
    if not all(least.shape == greatest.shape and (least <= greatest).all() for least, greatest in pairs):
        raise ValueError("the low end of a box is above its high end, or of another shape")
    return [np.stack(pair) for pair in pairs]


def _apply(operation: Op, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """The bounds of one operation; where both are the same the value is known, and has one row."""
    return narrowed(apply_bound(operation, inputs, ledger))
