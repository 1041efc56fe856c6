"""The attributes that convolutions and pools share (tract `onnx/src/ops/nn/mod.rs`)."""

from __future__ import annotations

from auditor.lowering.errors import Rejected, Uncertain
from auditor.lowering.graph.graph import Outlet
from auditor.lowering.translate.attributes import integer, naturals, text
from auditor.lowering.translate.registry import Call
from auditor.lowering.typed.padding_spec import PaddingSpec

_AUTOMATIC = {"VALID": "Valid", "SAME_UPPER": "SameUpper", "SAME_LOWER": "SameLower"}


def padding_spec(call: Call, *, of_pool: bool) -> PaddingSpec:
    """The padding of a node: ``pads`` if it has them, else ``auto_pad``, else none.

    Raises:
        Rejected: an attribute is of the wrong kind, negative or unknown.
    """
    kind = "ExplicitOnnxPool" if of_pool else "Explicit"
    ceil_mode = of_pool and integer(call, "ceil_mode", 0) == 1
    kernel, pads = naturals(call, "kernel_shape"), naturals(call, "pads")
    if pads is not None:
        half = len(pads) // 2
        return PaddingSpec(kind=kind, before=pads[:half], after=pads[half:], ceil_mode=ceil_mode)
    automatic = text(call, "auto_pad")
    if automatic in _AUTOMATIC:
        return PaddingSpec(kind=_AUTOMATIC[automatic])
    if automatic not in (None, "NOTSET"):
        raise Rejected(f"auto_pad {automatic} is unknown", "use NOTSET, VALID, SAME_UPPER or SAME_LOWER")
    if kernel is None:
        return PaddingSpec(kind="Valid")
    zeros = (0,) * len(kernel)
    return PaddingSpec(kind=kind, before=zeros, after=zeros, ceil_mode=ceil_mode)


def expect_windows(call: Call, data: Outlet, result: Outlet) -> None:
    """Doubts a result without elements: EZKL may end with a segmentation fault on it.

    Raises:
        Uncertain: no window fits into the data.
    """
    if 0 not in call.fact(data).shape and 0 in call.fact(result).shape:
        raise Uncertain(f"no window fits into a tensor of shape {list(call.fact(data).shape)}")
