"""Sequences of evenly spaced numbers (tract `ops/array/range.rs`)."""

from __future__ import annotations

import math

import numpy as np

from auditor.lowering.graph.dim import OpenSize, UnknownForm, holds_open, is_open
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.op import TypedOp
from auditor.lowering.graph.shapes import ShapeMismatch

MAX_LENGTH = 1 << 40
"""Longer sequences fit in no memory; tract aborts."""


class Range(TypedOp, frozen=True, kw_only=True):
    """Numbers from the first input to the second (excluded), by the third. The inputs must be constant."""

    def output_facts(self, inputs: list[Fact]) -> list[Fact]:
        tensors = [fact.konst for fact in inputs if fact.konst is not None]
        if len(tensors) != 3:
            raise ShapeMismatch("the bounds of a range are not constant")
        if len({fact.dt for fact in inputs}) != 1 or any(fact.volume != 1 for fact in inputs):
            raise ShapeMismatch(f"a range of {[(fact.dt, fact.shape) for fact in inputs]}")
        if inputs[0].dt in ("bool", "string"):
            raise ShapeMismatch(f"a range of {inputs[0].dt}")
        start, end, step = (tensor.array.reshape(-1)[0] for tensor in tensors)
        if is_open(start) or is_open(end) or is_open(step):
            return [Fact(inputs[0].dt, (open_length(start, end, step),))]
        return [Fact(inputs[0].dt, (_length(start, end, step, inputs[0].dt),))]

    def eval(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        start, end, step = (array.reshape(-1)[0] for array in inputs)
        if any(holds_open(array) for array in inputs):
            raise OpenSize("a range of sizes that are not numbers yet")
        if inputs[0].dtype.kind not in "iuf":
            raise ShapeMismatch(f"a range of {inputs[0].dtype}")
        # tract adds the step again and again, in the type of the numbers
        terms = np.full(_length(start, end, step, "number"), step, dtype=inputs[0].dtype)
        terms[:1] = start
        return [np.add.accumulate(terms, dtype=inputs[0].dtype)]


def open_length(start: int, end: int, step: int) -> int:
    """The length of a range of dimensions some of which are still symbols.

    Raises:
        UnknownForm: it does not rise by a number.
    """
    if is_open(step) or step < 1:
        raise UnknownForm(f"a range by steps of {step}")
    return (end - start + int(step) - 1) // int(step)


def _length(start: np.generic, end: np.generic, step: np.generic, dt: str) -> int:
    """tract's `len_for_numbers`; a length that is not a number is zero, as Rust casts it.

    Raises:
        ShapeMismatch: the sequence does not end.
    """
    difference, by = float(end) - float(start), float(step)
    if by == 0 and (dt == "tdim" or difference != 0):
        raise ShapeMismatch("a range by steps of zero")
    length = 0.0 if by == 0 else difference / by
    if math.isnan(length) or length <= 0:
        return 0
    if length > MAX_LENGTH:
        raise ShapeMismatch("a range without end")
    return math.ceil(length)
