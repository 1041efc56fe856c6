"""Folding: running a typed operation on constants."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from auditor.lowering.errors import TooManyValues, ValuesAbsent
from auditor.lowering.graph.allowance import Allowance, current
from auditor.lowering.graph.dim import OpenSize, is_open
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.tensor import EAGER_VOLUME, NUMPY_TYPES, Tensor

if TYPE_CHECKING:
    from auditor.lowering.graph.op import TypedOp


_MOST_ELEMENTS = 1 << 36

EAGER_RESULT_VOLUME = 1 << 20
"""Up to this many elements the result of small constants is computed at once."""


class CannotEvaluate(Exception):
    """The operation is not folded, by tract either."""


def evaluate(op: TypedOp, inputs: list[Tensor]) -> list[Tensor]:
    """The outputs of an operation on constants: at once when small, else when they are needed.

    Raises:
        CannotEvaluate: the operation does not fold.
        ShapeMismatch: it does not accept these inputs.
        TooManyValues: the model has had all that it may compute.
    """
    facts = op.output_facts([Fact.of(t) for t in inputs])
    if any(is_open(size) for fact in facts for size in fact.shape):
        raise CannotEvaluate("its size is not a number yet")
    largest = max((fact.volume for fact in facts), default=0)
    if largest > _MOST_ELEMENTS:
        raise TooManyValues(f"a constant of {largest:,} elements, which EZKL would hold in memory")
    if not all(t.has_values for t in inputs):
        return [Tensor(fact.dt, fact.shape, None) for fact in facts]
    small = all(t.volume <= EAGER_VOLUME for t in inputs)
    small = small and all(fact.volume <= EAGER_RESULT_VOLUME for fact in facts)
    if small or not _evaluates(op):
        return _now(op, inputs, facts)
    return _later(op, inputs, facts)


def _evaluates(op: TypedOp) -> bool:
    from auditor.lowering.graph.op import TypedOp as Base

    return type(op).eval is not Base.eval


def _now(op: TypedOp, inputs: list[Tensor], facts: list[Fact]) -> list[Tensor]:
    if any(t.volume == 0 for t in inputs) and all(fact.volume == 0 for fact in facts) and _evaluates(op):
        return [Tensor.empty(fact.dt, fact.shape) for fact in facts]
    _spend(current(), op, inputs, facts)
    try:
        arrays = op.eval([t.array for t in inputs])
    except TooManyValues:  # tract computes them, and we cannot know what
        raise
    except ValuesAbsent as absent:
        raise CannotEvaluate("values absent") from absent
    except OpenSize as open_size:
        raise CannotEvaluate(str(open_size)) from open_size
    return [Tensor.of(array, fact.dt) for array, fact in zip(arrays, facts, strict=True)]


def _later(op: TypedOp, inputs: list[Tensor], facts: list[Fact]) -> list[Tensor]:
    results: list[np.ndarray] = []
    allowed = current()

    def loader(slot: int) -> Callable[[], np.ndarray]:
        def load() -> np.ndarray:
            if not results:
                _spend(allowed, op, inputs, facts)
                results.extend(op.eval([t.array for t in inputs]))
            return results[slot]

        return load

    return [Tensor(fact.dt, fact.shape, loader(slot)) for slot, fact in enumerate(facts)]


def _spend(allowed: Allowance | None, op: TypedOp, inputs: list[Tensor], facts: list[Fact]) -> None:
    if allowed is not None:
        work = op.work([Fact(t.dt, t.shape) for t in inputs], facts)
        allowed.spend(work, sum(fact.volume * _BYTES.get(fact.dt, 8) for fact in facts))


_BYTES = {name: np.dtype(kind).itemsize for name, kind in NUMPY_TYPES.items()}
