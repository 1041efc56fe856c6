"""The columns and gates of Freivalds' argument, which checks a large einsum at random points.

EZKL gives it an area of its own: two inputs and one output in each of two phases (values known before and
after the challenges). EZKL ``circuit/ops/chip/einsum``: ``reduction_planner.rs`` `input_reductions`,
``analysis.rs`` `analyze_single_equation`, ``mod.rs`` `ContractionConfig`, `RLCConfig`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from msgspec import Struct

from auditor.circuit.size import EinsumEquation

Phase = int
"""0: before the challenges; 1: after them."""

TensorExpression = tuple[str, Phase]
"""Axes of a tensor, and the phase in which it is known."""


class Reduction(Struct, frozen=True, kw_only=True):
    """One step that removes an axis: a random linear combination, or a contraction.

    ``axis`` is None for a pairwise product, which removes nothing. ``phases`` are those of the inputs.
    """

    is_linear_combination: bool
    axis: str | None
    phases: tuple[Phase, ...]
    output_axes: str


class FreivaldsUse(Struct, frozen=True, kw_only=True):
    """What all equations of a circuit ask of the Freivalds area.

    ``reduction_length`` is in cells; it counts every equation, also those laid out by base gates, because
    EZKL does. ``gates`` names the gates that the Freivalds equations switch on, as
    (gate, phase of inputs, challenge).
    """

    reduction_length: int
    num_challenges: int
    gates: frozenset[tuple[str, str, int]]


def freivalds_use(equations: Iterable[EinsumEquation]) -> FreivaldsUse:
    """EZKL ``analysis.rs`` `analyze_einsum_usage`."""
    reduction_length = 0
    num_challenges = 0
    gates: set[tuple[str, str, int]] = set()
    for equation in equations:
        dims = dict(equation.dims)
        inputs, output = _without_trivial_axes(equation.equation, dims)
        reductions = plan_reductions(inputs, output)
        length = _output_reduction_length(output, dims)
        length += sum(_input_reduction_length(reduction, dims) for reduction in reductions)
        reduction_length += equation.count * length
        num_challenges = max(num_challenges, len(output))
        if _runs_freivalds(inputs, output, dims):
            gates |= _gates(reductions, output)
    return FreivaldsUse(
        reduction_length=reduction_length, num_challenges=num_challenges, gates=frozenset(gates)
    )


def _without_trivial_axes(equation: str, dims: Mapping[str, int]) -> tuple[tuple[str, ...], str]:
    left, _, right = equation.partition("->")
    inputs = tuple("".join(axis for axis in axes if dims[axis] > 1) for axes in left.split(","))
    return inputs, "".join(axis for axis in right if dims.get(axis, 1) > 1)


def plan_reductions(inputs: tuple[str, ...], output: str) -> tuple[Reduction, ...]:
    """The steps from the inputs to one value: output axes in order, then the rest in alphabetical order."""
    live: list[TensorExpression] = [(axes, 0) for axes in inputs]
    reductions = []
    for axis in output:
        # An axis of several tensors is first brought into one by a product, then combined away.
        while any(axis in axes for axes, _ in live):
            reduction, live = _reduce(live, axis, is_output_axis=True)
            reductions.append(reduction)
    for axis in sorted({axis for axes, _ in live for axis in axes}):
        reduction, live = _reduce(live, axis, is_output_axis=False)
        reductions.append(reduction)
    return tuple(reductions)


def _reduce(
    live: list[TensorExpression], axis: str, *, is_output_axis: bool
) -> tuple[Reduction, list[TensorExpression]]:
    chosen = [tensor for tensor in live if axis in tensor[0]]
    chosen_axes = [axes for axes, _ in chosen]
    is_linear_combination = is_output_axis and len(chosen) == 1
    is_product = is_output_axis and len(chosen) > 1
    kept = set("".join(chosen_axes)) if is_product else set("".join(chosen_axes)) - {axis}
    reduction = Reduction(
        is_linear_combination=is_linear_combination,
        axis=None if is_product else axis,
        phases=tuple(phase for _, phase in chosen),
        output_axes="".join(sorted(kept)),
    )
    phase = 1 if is_linear_combination else max(reduction.phases)
    # EZKL drops tensors by their axes; one with equal axes was chosen as well.
    rest = [tensor for tensor in live if tensor[0] not in chosen_axes]
    return reduction, [*rest, (reduction.output_axes, phase)]


def _output_reduction_length(output: str, dims: Mapping[str, int]) -> int:
    """Cells to combine the output itself, from its last axis to its first."""
    left = [dims[axis] for axis in reversed(output)]
    length = 0
    while left:
        combined = left.pop(0)
        length += combined * math.prod(left)
    return length


def _input_reduction_length(reduction: Reduction, dims: Mapping[str, int]) -> int:
    products = math.prod(dims[axis] for axis in reduction.output_axes)
    product_length = 1 if reduction.axis is None else dims[reduction.axis]
    num_inputs = len(reduction.phases)
    # More than two inputs are multiplied pair by pair, then summed.
    return products * product_length * (1 if num_inputs <= 2 else num_inputs)


def _runs_freivalds(inputs: tuple[str, ...], output: str, dims: Mapping[str, int]) -> bool:
    """EZKL ``analysis.rs`` `dispatch_to_einsum_with_base_ops`, negated."""
    common = {axis for axis in "".join(inputs) if "".join(inputs).count(axis) > 1}
    apart = [axis for axis, size in dims.items() if axis not in common and size > 1]
    return bool(output) and bool(common) and len(apart) > 1


_BY_PHASES = {(0,): "first", (1,): "second", (0, 0): "both first", (1, 1): "both second"}


def _gates(reductions: tuple[Reduction, ...], output: str) -> set[tuple[str, str, int]]:
    gates = set()
    for position, axis in enumerate(reversed(output)):
        phase = "first" if position == 0 else "second"
        gates |= {(name, phase, output.index(axis)) for name in ("rlc init", "rlc")}
    for reduction in reductions:
        phase = _BY_PHASES.get(reduction.phases[:2], "mixed")
        if reduction.is_linear_combination:
            assert reduction.axis is not None
            gates |= {(name, phase, output.index(reduction.axis)) for name in ("rlc init", "rlc")}
        elif reduction.axis is None:
            gates.add(("mult", phase, 0))
        elif len(reduction.phases) == 1:
            gates |= {(name, phase, 0) for name in ("sum init", "sum")}
        elif len(reduction.phases) == 2:
            gates |= {(name, phase, 0) for name in ("dot init", "dot")}
        else:
            last = "second" if any(reduction.phases) else "first"
            gates |= {(name, last, 0) for name in ("sum init", "sum")}
            gates |= {("mult", phases, 0) for phases in ("both first", "mixed", "both second")}
    return gates
