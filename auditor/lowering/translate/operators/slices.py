"""Slice: by attributes before opset 10, by inputs since (tract `onnx/src/ops/array/slice.rs`)."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.lowering.errors import Rejected, Uncertain
from auditor.lowering.graph.graph import Outlet
from auditor.lowering.translate.attributes import naturals, required_integers
from auditor.lowering.translate.expectations import expect_inputs
from auditor.lowering.translate.readers import refuse_open_size
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.slice import Slice
from auditor.lowering.typed.strided_slice import StridedSlice


@translates("Slice")
def slice_(call: Call) -> list[Outlet]:
    """A part of the input."""
    return _by_attributes(call) if 1 <= call.opset < 10 else _by_inputs(call)


def _by_attributes(call: Call) -> list[Outlet]:
    expect_inputs(call, 1)
    wire = call.input(0)
    shape = call.fact(wire).shape
    axes = naturals(call, "axes")
    starts, ends = required_integers(call, "starts"), required_integers(call, "ends")
    if axes is None and not len(starts) == len(ends) == len(shape):
        raise Rejected(f"slices {len(starts)} of {len(shape)} axes without naming them")
    places: Sequence[int] = range(len(starts)) if axes is None else axes
    if len(places) < min(len(starts), len(ends)) or any(axis >= len(shape) for axis in places):
        raise Rejected(f"slices axes {list(places)} of rank {len(shape)}")
    for axis, start, end in zip(places, starts, ends, strict=False):
        size = shape[axis]
        first = min(start, size) if start >= 0 else size + start
        last = min(end, size) if end >= 0 else size + end
        if first != 0 or last < size:
            wire = call.wire(Slice(axis=axis, start=first, end=last), wire, suffix=f"axis-{axis}")
    return [wire]


def _by_inputs(call: Call) -> list[Outlet]:
    facts = [call.fact(outlet) for outlet in call.present]
    places = {slot: place for place, slot in enumerate(_present_slots(call))}
    axes, steps = places.get(3), places.get(4)
    if {0, 1, 2} - places.keys() or len(facts) != 3 + (axes is not None) + (steps is not None):
        raise Rejected(f"has {len(facts)} inputs")
    bounds = facts[1:]
    if any(fact.rank != 1 or fact.shape != bounds[0].shape for fact in bounds):
        raise Rejected("starts, ends, axes and steps differ in length")
    _check_constant(call, steps)
    op = StridedSlice(optional_axes_input=axes, optional_steps_input=steps)
    return [call.wire(op, *call.present)]


def _present_slots(call: Call) -> list[int]:
    return [slot for slot, outlet in enumerate(call.inputs) if outlet is not None]


def _check_constant(call: Call, steps: int | None) -> None:
    """Bounds known only at run time make sizes EZKL cannot resolve; with steps tract drops the slice."""
    known = [call.fact(outlet).konst is not None for outlet in call.present]
    if all(known[1:]):
        return
    if not all(known[3:]):
        raise Rejected("axes or steps depend on the model's input")
    if steps is not None:
        raise Uncertain("starts or ends depend on the model's input")
    refuse_open_size(call, "starts or ends depend on the model's input", "make the bounds constant")
