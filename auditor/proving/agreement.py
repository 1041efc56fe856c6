"""Is the circuit's answer the model's? EZKL computes another function for some models and does not say so.

A circuit computes in fixed point, so its answer is never the model's to the last digit. What is within a few
units in the last place is the same. What is not is told apart by the same model at a finer scale: rounding
shrinks with the scale, another function stays what it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Any, Literal, NamedTuple

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from auditor.circuit.run_args import RunArgs

Status = Literal["same", "beyond", "coarse", "different"]
"""``same``: within the tolerance. ``beyond``: outside it, and not told yet why. ``coarse``: outside it, and
the error shrinks at a finer scale. ``different``: another function, or nothing to compare with."""

Judgement = Literal["same", "coarse", "different", "unknown"]

ULPS = 4
"""Units in the last place of fixed point that rounding may move an answer relative to its range.

Measured: 869 of 901 faithful models stay within 4 at scale 10. Models that magnify a small step, as
LayerNorm and softmax do, do not: for those there is :func:`sensitivity`.
"""

SHRINKS = 2.5
"""How many times smaller rounding is at the finer scale, at least; 2 ** FINER_BITS is expected."""

FINER_BITS = 6

NUDGES = 8
"""How often the inputs are moved to see how far the model's answer follows."""

_MAX_BITS = 127
"""EZKL computes in i128, and refuses decompositions that reach further."""

_FINE_LOOKUP = 1 << 22
_FINE_LOGROWS = 20


class CircuitOutput(NamedTuple):
    """An output in the circuit's integers: each stands for ``integer / 2**scale``. A plain tuple will do."""

    shape: Sequence[int]
    integers: Iterable[int]
    scale: int


class OutputAgreement(Struct, frozen=True, kw_only=True):
    """One output of the circuit beside the same output of the model; ``name`` is as the file has it.

    ``reference_range`` is the model's largest magnitude. ``tolerance`` is the largest difference that
    still counts as the same. A shape is None for an output that one side does not have, the numbers are
    None where nothing can be compared. ``undefined`` counts the model's NaNs and infinities, which no
    circuit has. ``argmax_agrees``: whether the largest along the last axis stands at the same place
    everywhere; None for integers and for a last axis of one.
    """

    name: str
    circuit_shape: tuple[int, ...] | None
    reference_shape: tuple[int, ...] | None
    max_abs_difference: float | None
    reference_range: float | None
    tolerance: float | None
    undefined: int
    argmax_agrees: bool | None
    status: Status

    @property
    def relative_difference(self) -> float | None:
        """The difference in units of the range, or of 1 where the range is smaller."""
        if self.max_abs_difference is None or self.reference_range is None:
            return None
        return self.max_abs_difference / max(1.0, self.reference_range)


def compare_outputs(
    circuit: Sequence[CircuitOutput | tuple[Sequence[int], Iterable[int], int]],
    reference: Sequence[np.ndarray],
    names: Sequence[str],
    *,
    run_args: RunArgs,
    tolerance: float | None = None,
) -> tuple[OutputAgreement, ...]:
    """Every output of the circuit beside the model's, ``same``, ``beyond`` the tolerance or ``different``.

    ``reference`` is best computed from the inputs as the circuit reads them
    (:func:`auditor.proving.inputs.as_circuit_reads`). Shapes may differ in axes of 1, which EZKL adds and
    drops. ``tolerance`` is relative to the largest magnitude of the output, or to 1 where that is
    smaller; left out, it is :data:`ULPS` steps of the coarser scale, and none for integers and booleans.
    """
    rows = zip_longest(circuit, reference, names)
    return tuple(
        _compare(None if ours is None else CircuitOutput(*ours), theirs, name or "", run_args, tolerance)
        for ours, theirs, name in rows
    )


def judge(
    coarse: Sequence[OutputAgreement],
    fine: Sequence[OutputAgreement] | None,
    sensitivities: Sequence[float] | None = None,
) -> Judgement:
    """What the circuit computes; the arguments are those of :func:`judge_outputs`.

    ``unknown`` when an output is beyond the tolerance and there is no ``fine`` to tell why.
    """
    found = {one.status for one in judge_outputs(coarse, fine, sensitivities)}
    if "different" in found:
        return "different"
    if "beyond" in found:
        return "unknown"
    return "coarse" if "coarse" in found else "same"


def judge_outputs(
    coarse: Sequence[OutputAgreement],
    fine: Sequence[OutputAgreement] | None,
    sensitivities: Sequence[float] | None = None,
) -> tuple[OutputAgreement, ...]:
    """The outputs at the scale of the proof, with every ``beyond`` told apart by those at a finer scale.

    An error that shrinks is rounding: ``coarse``, or ``same`` when it is no larger than the tolerance and
    the movement of :func:`sensitivity` together, because then no circuit of this scale does better. Leave
    ``sensitivities`` out where the user chose the tolerance. Where ``fine`` is None, ``beyond`` stays.
    """
    if fine is None:
        return tuple(coarse)
    moved = [0.0] * len(coarse) if sensitivities is None else sensitivities
    rows = zip(coarse, fine, moved, strict=True)
    return tuple(
        replace(one, status=_told_apart(one, finer, own)) if one.status == "beyond" else one
        for one, finer, own in rows
    )


def nudged(
    inputs: Sequence[np.ndarray], scales: Sequence[int], seed: int
) -> tuple[tuple[np.ndarray, ...], ...]:
    """:data:`NUDGES` copies of the inputs, each float half a step of its scale higher or lower by chance."""
    bits = np.random.PCG64(seed)
    return tuple(
        tuple(_moved(array, scale, bits) for array, scale in zip(inputs, scales, strict=True))
        for _ in range(NUDGES)
    )


def sensitivity(reference: Sequence[np.ndarray], moved: Sequence[Sequence[np.ndarray]]) -> tuple[float, ...]:
    """How far each of the model's own outputs goes when its inputs are :func:`nudged`.

    In units of the output's largest magnitude, or of 1. A circuit rounds like this at every step, so it
    cannot be held to less. Measured at scales 7 and 10: a transformer moves 8 units in the last place and
    its circuit is 8 and 9 off; a convolutional network moves 2 and is 1 off.
    """
    return tuple(
        max(_movement(output, outputs[index]) for outputs in moved) for index, output in enumerate(reference)
    )


def fine_run_args(run_args: RunArgs, bits: int = FINER_BITS) -> RunArgs:
    """The same model at scales ``bits`` higher, with room for its integers; for a witness, never for keys.

    Products stand at twice the scale until they are rebased, and divisions square once more: the legs grow
    for three times ``bits``. Inputs and outputs become public and nothing is hashed, which changes no number.
    """
    room = -(-3 * bits // max(1, run_args.decomp_base.bit_length() - 1))
    legs = run_args.decomp_legs + room
    while legs > run_args.decomp_legs and run_args.decomp_base**legs >= 1 << _MAX_BITS:
        legs -= 1
    low, high = run_args.lookup_range
    hides_params = run_args.param_visibility not in ("fixed", "public", "private")
    return replace(
        run_args,
        input_scale=run_args.input_scale + bits,
        param_scale=run_args.param_scale + bits,
        rebase_scale=None if run_args.rebase_scale is None else run_args.rebase_scale + bits,
        decomp_legs=legs,
        lookup_range=(min(low << bits, -_FINE_LOOKUP), max(high << bits, _FINE_LOOKUP)),
        logrows=max(run_args.logrows, _FINE_LOGROWS),
        input_visibility="public",
        output_visibility="public",
        param_visibility="private" if hides_params else run_args.param_visibility,
    )


def is_finite(outputs: Sequence[np.ndarray]) -> bool:
    """Whether the model's answer is one that a circuit could give at all: no NaN and no infinity."""
    return all(bool(np.isfinite(output).all()) for output in outputs)


def _told_apart(coarse: OutputAgreement, fine: OutputAgreement, sensitivity: float) -> Status:
    before, after = coarse.relative_difference, fine.relative_difference
    if fine.status == "different" or before is None or after is None or coarse.tolerance is None:
        return "different"
    if after * SHRINKS > before:
        return "different"
    reach = max(1.0, coarse.reference_range or 0.0)
    return "same" if before * reach <= coarse.tolerance + sensitivity * reach else "coarse"


def _moved(array: np.ndarray, scale: int, bits: np.random.PCG64) -> np.ndarray:
    if array.dtype.kind != "f":
        return array
    ups = bits.random_raw(array.size).reshape(array.shape) >> np.uint64(63)
    moved: np.ndarray = (array + (ups - 0.5) * 2.0**-scale).astype(array.dtype)
    return moved


def _movement(output: np.ndarray, moved: np.ndarray) -> float:
    if output.shape != moved.shape or output.size == 0 or not is_finite((output, moved)):
        return 0.0
    here, there = output.astype(np.float64), moved.astype(np.float64)
    return float(np.abs(there - here).max() / max(1.0, np.abs(here).max()))


def _compare(
    ours: CircuitOutput | None,
    theirs: np.ndarray | None,
    name: str,
    run_args: RunArgs,
    tolerance: float | None,
) -> OutputAgreement:
    integers = None if ours is None else [int(integer) for integer in np.ravel(_as_objects(ours.integers))]
    nothing = OutputAgreement(
        name=name,
        circuit_shape=None if ours is None else tuple(int(size) for size in ours.shape),
        reference_shape=None if theirs is None else theirs.shape,
        max_abs_difference=None,
        reference_range=None,
        tolerance=None,
        undefined=0 if theirs is None else int(np.count_nonzero(~np.isfinite(theirs))),
        argmax_agrees=None,
        status="different",
    )
    if (
        ours is None
        or theirs is None
        or integers is None
        or len(integers) != theirs.size
        or nothing.undefined
    ):
        return nothing
    difference, largest = _difference(integers, ours.scale, theirs)
    allowed = _tolerance(theirs, largest, run_args, tolerance)
    same_shape = _without_ones(ours.shape) == _without_ones(theirs.shape)
    status: Status = "same" if difference <= allowed else "beyond"
    return replace(
        nothing,
        max_abs_difference=difference,
        reference_range=largest,
        tolerance=allowed,
        argmax_agrees=_argmax_agrees(integers, theirs),
        status=status if same_shape else "different",
    )


def _difference(integers: list[int], scale: int, reference: np.ndarray) -> tuple[float, float]:
    """The largest difference, and the reference's largest magnitude."""
    truth: list[Any] = reference.ravel().tolist()
    largest = max((abs(float(value)) for value in truth), default=0.0)
    if reference.dtype.kind != "f" and scale == 0:  # int64 goes beyond what a float holds
        pairs = zip(integers, truth, strict=True)
        return float(max((abs(ours - theirs) for ours, theirs in pairs), default=0)), largest
    reals = (math.ldexp(float(integer), -scale) for integer in integers)
    pairs_of_reals = zip(reals, truth, strict=True)
    return max((abs(ours - theirs) for ours, theirs in pairs_of_reals), default=0.0), largest


def _tolerance(reference: np.ndarray, largest: float, run_args: RunArgs, given: float | None) -> float:
    if given is not None:
        return given * max(1.0, largest)
    if reference.dtype.kind != "f":
        return 0.0
    return ULPS * 2.0 ** -min(run_args.input_scale, run_args.param_scale) * max(1.0, largest)


def _argmax_agrees(integers: list[int], reference: np.ndarray) -> bool | None:
    if reference.dtype.kind != "f" or reference.ndim == 0 or reference.shape[-1] < 2 or reference.size == 0:
        return None
    ours = _as_objects(integers).reshape(reference.shape)
    return bool((ours.argmax(axis=-1) == reference.argmax(axis=-1)).all())


def _as_objects(integers: Iterable[int]) -> np.ndarray:
    """Python integers in an array: field elements have 254 bits."""
    return np.array(list(integers), dtype=object)


def _without_ones(shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(int(size) for size in shape if size != 1)
