"""Resize (tract `onnx/src/ops/resize.rs`); tract has no Upsample."""

from __future__ import annotations

from auditor.lowering.errors import Rejected, Uncertain
from auditor.lowering.graph.graph import Outlet
from auditor.lowering.translate.attributes import integers, text
from auditor.lowering.translate.expectations import expect_shape, expect_type
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.resize import Resize

_COORDINATES = {"half_pixel": "HalfPixel", "align_corners": "AlignCorners", "asymmetric": "Asymmetric"}
_MODES = {"nearest": "Nearest", "linear": "Linear"}
_NEAREST_MODES = {
    "floor": "Floor", "ceil": "Ceil",
    "round_prefer_floor": "RoundPreferFloor", "round_prefer_ceil": "RoundPreferCeil",
}  # fmt: skip


@translates("Resize")
def resize(call: Call) -> list[Outlet]:
    """tract does not heed axes, antialias, the aspect ratio policy or the region of interest."""
    roi, scales, sizes = _slots(call)
    op = Resize(
        axes=integers(call, "axes") if call.opset >= 18 else None,
        coord_transformer=_choice(call, "coordinate_transformation_mode", "half_pixel", _COORDINATES),
        interpolator=_choice(call, "mode", "nearest", _MODES),
        nearest=_choice(call, "nearest_mode", "round_prefer_floor", _NEAREST_MODES),
        optional_roi_input=roi,
        optional_scales_input=scales,
        optional_sizes_input=sizes,
    )
    _check(call, scales, sizes)
    return [call.wire(op, *call.present)]


def _slots(call: Call) -> tuple[int | None, int | None, int | None]:
    """Where tract looks for region, scales and sizes among the inputs that are not omitted.

    Opsets 10 to 12 have fixed places, so that tract misreads nodes that omit an input there.
    """
    if call.opset < 10:
        raise Rejected(f"EZKL's ONNX reader has no Resize for opset {call.opset}")
    slots: list[int | None] = []
    for outlet in (*call.inputs, None, None, None, None)[:4]:
        slots.append(None if outlet is None else sum(slot is not None for slot in slots))
    if call.opset == 10:
        return None, 1, None
    if call.opset < 13:
        return 1, 2, slots[3]
    return slots[1], slots[2], slots[3]


def _choice(call: Call, attribute: str, default: str, known: dict[str, str]) -> str:
    value = text(call, attribute)
    value = default if value is None else value
    if value not in known:
        raise Rejected(f"EZKL's ONNX reader has no {attribute} {value!r}", f"use {', '.join(sorted(known))}")
    return known[value]


def _check(call: Call, scales: int | None, sizes: int | None) -> None:
    """tract's rules: scales unless they are empty, else sizes; either has one entry for each axis."""
    present = call.present
    rank = call.fact(call.input(0)).rank
    if scales is not None:
        if scales >= len(present):
            raise Rejected(
                f"opset {call.opset} of EZKL's ONNX reader wants the scales at input {scales}",
                "convert the model to opset 13 or later",
            )
        shape = call.fact(present[scales]).shape
        if not shape:
            raise Uncertain("the scales have no axis")
        if shape[0] != 0:
            expect_type(call, present[scales], "f32", "the scales")
            expect_shape(call, present[scales], (rank,), "the scales")
            return
    if sizes is None:
        raise Rejected("there are neither scales nor sizes")
    expect_shape(call, present[sizes], (rank,), "the sizes")
