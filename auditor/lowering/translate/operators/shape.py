"""Shape and Size: constants once the sizes of their input are known (tract `onnx/src/ops/array/shape.rs`)."""

from __future__ import annotations

from auditor.lowering.errors import Rejected
from auditor.lowering.graph.dim import sizes_array
from auditor.lowering.graph.graph import Outlet
from auditor.lowering.graph.shapes import volume
from auditor.lowering.graph.tensor import Tensor
from auditor.lowering.translate.attributes import integer
from auditor.lowering.translate.expectations import expect_inputs
from auditor.lowering.translate.registry import Call, translates


@translates("Shape")
def shape(call: Call) -> list[Outlet]:
    """The sizes of the input from ``start`` to ``end``, as dimensions."""
    expect_inputs(call, 1)
    sizes = call.fact(call.input(0)).shape
    start = integer(call, "start", 0)
    end = integer(call, "end", len(sizes))
    if start < 0:
        start = max(start + len(sizes), 0)
    if end < 0:
        end += len(sizes)
    end = min(max(end, 0), len(sizes))
    if start > end:
        raise Rejected(f"asks for the sizes of axes {start} to {end}")
    return [_constant(call, Tensor.of(sizes_array(sizes[start:end]), "tdim"))]


@translates("Size")
def size(call: Call) -> list[Outlet]:
    """The number of elements of the input, as a dimension."""
    expect_inputs(call, 1)
    return [_constant(call, Tensor.scalar(volume(call.fact(call.input(0)).shape), "tdim"))]


def _constant(call: Call, sizes: Tensor) -> Outlet:
    return call.graph.add_const(call.name, sizes)
