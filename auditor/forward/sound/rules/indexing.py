"""Gathering and scattering. An index that is not known picks anything it may reach."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auditor.circuit import ops
from auditor.forward.gadgets import as_flag
from auditor.forward.ledger import Ledger
from auditor.forward.rules import apply_rule, arity
from auditor.forward.sound.intervals import between, high, low, note
from auditor.forward.sound.rules import bound_rule

Gathering = ops.Gather | ops.GatherElements | ops.GatherND
Scattering = ops.ScatterElements | ops.ScatterND


@bound_rule(ops.Gather, ops.GatherElements, ops.GatherND)
def gather(op: Gathering, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``gather``, ``gather_elements`` and ``gather_nd``.

    Inside of its axis the index of a ``gather`` picks among the elements along it; others may reach into any
    slice, and outside of the table, where the executor has 0.
    """
    if op.index is not None or len(inputs) != 2 or len(inputs[1]) == 1:
        return apply_rule(op, inputs, ledger)
    table, index = inputs
    least, greatest = low(table), high(table)
    if isinstance(op, ops.Gather) and _is_inside(index, table.shape[op.dim + 1]):
        # One index stands for all of them once all elements along the axis are alike.
        least = np.broadcast_to(least.min(axis=op.dim + 1, keepdims=True), least.shape)
        greatest = np.broadcast_to(greatest.max(axis=op.dim + 1, keepdims=True), greatest.shape)
        return apply_rule(op, [between(least, greatest), np.zeros_like(low(index))], ledger)
    shape = apply_rule(op, [least, np.zeros_like(low(index))], Ledger(1)).shape
    return between(np.full(shape, min(0, int(least.min()))), np.full(shape, max(0, int(greatest.max()))))


def _is_inside(index: np.ndarray, length: int) -> bool:
    return index.size == 0 or (int(index.min()) >= 0 and int(index.max()) < length)


@bound_rule(ops.ScatterElements, ops.ScatterND)
def scatter(op: Scattering, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``scatter_elements`` and ``scatter_nd``: each element is as before, or any of the updates.

    Of the places left over the sort decomposes differences: two that are neighbours are as far apart as all
    others between them allow.
    """
    if op.index is not None:
        return apply_rule(op, inputs, ledger)
    arity(op, inputs, 3)
    table, index, updates = inputs
    if len(index) == 1:
        return apply_rule(op, inputs, ledger)
    apply_rule(op, [low(table), low(index), low(updates)], Ledger(1))  # raises what it does for such shapes
    written = table[0].size if isinstance(op, ops.ScatterND) else index[0].size
    note(ledger, min(table[0].size, written + 2))
    return between(
        np.minimum(low(table), int(low(updates).min())),
        np.maximum(high(table), int(high(updates).max())),
    )


@bound_rule(ops.OneHot)
def one_hot(op: ops.OneHot, inputs: Sequence[np.ndarray], ledger: Ledger) -> np.ndarray:
    """EZKL ``one_hot_axis``: 1 for certain where the index is known, and possible where it may be."""
    arity(op, inputs, 1)
    shape = [1] * (inputs[0].ndim + 1)
    shape[op.dim + 1] = op.num_classes
    classes = np.arange(op.num_classes).reshape(shape)
    index = np.expand_dims(inputs[0], op.dim + 1)
    certain = (low(index) == classes) & (high(index) == classes)
    possible = (low(index) <= classes) & (classes <= high(index))
    return as_flag(between(certain, possible))
