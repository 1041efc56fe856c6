"""Cumulative sums, which tract makes a loop of (tract `onnx/src/ops/cumsum.rs`)."""

from __future__ import annotations

from auditor.lowering.errors import Rejected
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Graph, Outlet
from auditor.lowering.graph.tensor import Tensor
from auditor.lowering.translate.expectations import expect_inputs
from auditor.lowering.translate.operators.reduce import resolve_axis
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.binary import Binary
from auditor.lowering.typed.broadcast import MultiBroadcastTo
from auditor.lowering.typed.cast import whole
from auditor.lowering.typed.scan import STATE, InputMapping, OutputMapping, Scan, ScanInfo


@translates("CumSum")
def cumulative_sum(call: Call) -> list[Outlet]:
    """A loop whose state is the sum so far."""
    expect_inputs(call, 2)
    axis_value = call.constant(1)
    if call.fact(call.input(1)).rank != 0:
        raise Rejected("its axis is not a scalar", "give the axis as a constant without axes")
    if axis_value is None:
        raise Rejected("its axis is computed", "make the axis a constant (EZKL needs to know it)")
    data = call.fact(call.input(0))
    if data.dt in ("bool", "string"):
        raise Rejected(f"it sums {data.dt}")
    axis = resolve_axis(whole(axis_value.array), data.rank)
    shape = tuple(1 if a == axis else dim for a, dim in enumerate(data.shape))
    zero = call.const(Tensor.scalar(0, data.dt), "zero")
    start = call.wire(MultiBroadcastTo(shape=shape), zero, suffix="init")
    info = ScanInfo(axis=axis, chunk=-1 if call.attribute("reverse", 0) == 1 else 1)
    loop = Scan(
        body=_body(Fact(data.dt, shape)),
        input_mapping=(InputMapping.scanned(axis, info.chunk), InputMapping(kind=STATE)),
        output_mapping=(OutputMapping(scan=(0, info), state=True), OutputMapping(scan=(1, info))),
    )
    wires = call.graph.wire_node(call.name, loop, [call.input(0), start])
    return [wires[1 if call.attribute("exclusive", 0) == 1 else 0]]


def _body(fact: Fact) -> Graph:
    body = Graph()
    term = body.add_source("scan_input", fact)
    so_far = body.add_source("acc_input", fact.without_value())
    total = body.wire_node("add", Binary(kind="Add"), [term, so_far])[0]
    body.outputs = [total, so_far]
    return body
