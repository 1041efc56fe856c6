"""Pad (tract `onnx/src/ops/array/pad.rs`)."""

from __future__ import annotations

from auditor.lowering.errors import Rejected
from auditor.lowering.graph.graph import Outlet
from auditor.lowering.graph.tensor import Tensor
from auditor.lowering.translate.attributes import constant_integers, naturals, real, text
from auditor.lowering.translate.expectations import expect_inputs
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.pad import Pad


@translates("Pad")
def pad(call: Call) -> list[Outlet]:
    """Padding by attributes before opset 11, by inputs since; ``axes`` are not read."""
    if call.opset < 2:
        raise Rejected(f"EZKL does not read Pad of opset {call.opset}")
    mode, fill = _mode(call)
    if call.opset < 11:
        expect_inputs(call, 1)
        amounts: tuple[int, ...] | list[int] | None = naturals(call, "pads")
        if amounts is None:
            raise Rejected("attribute pads is missing")
    else:
        mode, fill = _constant_input(call, mode, fill)
        amounts = constant_integers(call, 1, "the padding", "i64")
        if call.fact(call.present[1]).rank != 1 or len(amounts) != 2 * call.fact(call.present[0]).rank:
            raise Rejected(f"{len(amounts)} paddings for rank {call.fact(call.present[0]).rank}")
    rank = len(amounts) // 2
    pads = tuple((amounts[axis], amounts[axis + rank]) for axis in range(rank))
    return [call.wire(Pad(pads=pads, mode=mode, fill=fill), call.present[0])]


def _mode(call: Call) -> tuple[str, Tensor | None]:
    mode = text(call, "mode") or "constant"
    value = real(call, "value", 0.0)
    if mode not in ("constant", "reflect", "edge"):
        raise Rejected(f"mode {mode}")
    return mode, Tensor.scalar(value, "f32") if mode == "constant" else None


def _constant_input(call: Call, mode: str, fill: Tensor | None) -> tuple[str, Tensor | None]:
    """A third input is the fill, and makes the mode constant whatever the attribute says."""
    if len(call.node.inputs) != 3:
        expect_inputs(call, 2)
        return mode, fill
    expect_inputs(call, 3)
    data, value = call.fact(call.present[0]), call.fact(call.present[2])
    if value.dt != data.dt or value.rank != 0:
        raise Rejected(f"the fill is {value.dt} of rank {value.rank} where {data.dt} of rank 0 is expected")
    if value.konst is None:
        raise Rejected("the fill depends on the model's input", "make the fill a constant")
    return "constant", value.konst
