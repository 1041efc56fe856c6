"""Split, as one slice for each part (tract `hir/src/ops/array/split.rs`, `onnx/src/ops/array/split.rs`)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

from auditor.lowering.errors import Rejected, Uncertain
from auditor.lowering.graph.graph import Outlet
from auditor.lowering.translate.attributes import constant_integers, integer, naturals
from auditor.lowering.translate.expectations import expect_inputs
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.slice import Slice


@translates("Split")
def split(call: Call) -> list[Outlet]:
    """The parts of one axis; tract counts the outputs and does not read ``num_outputs``."""
    fact = call.fact(call.input(0))
    axis = integer(call, "axis", 0)
    axis += fact.rank if axis < 0 else 0
    if not 0 <= axis < fact.rank:
        raise Rejected(f"splits axis {axis} of rank {fact.rank}")
    sizes = _sizes(call, fact.shape[axis])
    bounds = accumulate(sizes, initial=0)
    wires = []
    for index, (start, end) in enumerate(pairwise(bounds)):
        part = Slice(axis=axis, start=start, end=end)
        wires.append(call.wire(part, call.input(0), suffix=f"axis{axis}_slice{index}_{start}..{end}"))
    return wires


def _sizes(call: Call, size: int) -> Sequence[int]:
    count = len(call.node.outputs)
    if call.opset < 13 or len(call.node.inputs) == 1:
        expect_inputs(call, 1)
        sizes: Sequence[int] = naturals(call, "split") or _equal(size, count)
    else:
        expect_inputs(call, 2)
        sizes = constant_integers(call, 1, "the sizes of the parts", "i64")
        if len(sizes) < count:
            raise Uncertain(f"splits into {len(sizes)} parts for {count} outputs")
    if len(sizes) != count:
        raise Rejected(f"splits into {len(sizes)} parts for {count} outputs")
    return sizes


def _equal(size: int, count: int) -> list[int]:
    """Equal parts, rounded up; the last takes what is left, which must not be less than nothing."""
    each = -(-size // count)
    return [each] * (count - 1) + [size - each * (count - 1)]
