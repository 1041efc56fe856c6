"""Range (tract `hir/src/ops/array/range.rs`)."""

from __future__ import annotations

from auditor.lowering.errors import Rejected
from auditor.lowering.graph.dim import is_open
from auditor.lowering.graph.graph import Outlet
from auditor.lowering.graph.tensor import Tensor
from auditor.lowering.translate.expectations import expect_inputs, expect_shape
from auditor.lowering.translate.readers import refuse_open_size
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.binary import super_type
from auditor.lowering.typed.cast import cast_array, wire_cast
from auditor.lowering.typed.range import Range, open_length


@translates("Range")
def number_range(call: Call) -> list[Outlet]:
    """Folded on the spot, as its bounds are constant or EZKL refuses the model."""
    expect_inputs(call, 3)
    bounds = call.present
    dt = super_type([call.fact(outlet).dt for outlet in bounds])
    konsts = []
    for outlet in bounds:
        expect_shape(call, outlet, (), "a bound")
        konst = call.fact(outlet).konst
        if konst is None:
            refuse_open_size(call, "the bounds of a range are not constant", "make them initializers")
        konsts.append(konst)
    wire = call.wire(Range(), *wire_cast(call.graph, call.name, bounds, dt))
    inferred, length = _inferred_length(*konsts), call.fact(wire).volume
    if inferred != length:
        raise Rejected(
            f"EZKL's ONNX reader infers {inferred} elements where the range has {length}",
            "use whole numbers that rise by one",
        )
    return [wire]


def _inferred_length(start: Tensor, end: Tensor, step: Tensor) -> int:
    """The length by tract's rules: whole numbers, divided as Rust divides them, rounded up for rising ones.

    Raises:
        Rejected: the whole part of the step is zero, and tract divides by it.
    """
    first, last = (cast_array(tensor.array, "tdim").reshape(-1)[0] for tensor in (start, end))
    if is_open(first) or is_open(last):
        return open_length(first, last, cast_array(step.array, "tdim").reshape(-1)[0])
    first, last = int(first), int(last)
    by = int(cast_array(step.array, "i64").reshape(()))
    if by == 0:
        raise Rejected("EZKL's ONNX reader divides by the whole part of the step, which is zero")
    total = last - first + by - 1
    quotient = abs(total) // abs(by)
    return quotient if (total < 0) == (by < 0) else -quotient
