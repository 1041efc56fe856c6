"""Windows, which are constants, and transforms, which EZKL has no circuit for (tract `ops/fft.rs`)."""

from __future__ import annotations

import numpy as np

from auditor.lowering.errors import Rejected, TooManyValues
from auditor.lowering.graph.graph import Outlet
from auditor.lowering.graph.tensor import MAX_VOLUME, NUMPY_TYPES, Tensor
from auditor.lowering.translate.expectations import datum_type_attribute, expect_inputs, refuse
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.cast import whole

_COSINES: dict[str, tuple[float, float, float]] = {
    "HannWindow": (0.5, -0.5, 0.0),
    "HammingWindow": (25 / 46, -21 / 46, 0.0),
    "BlackmanWindow": (0.42, -0.5, 0.08),
}
"""What a window is made of: a constant, a cosine, and a cosine of twice the frequency."""


@translates("HannWindow", "HammingWindow", "BlackmanWindow")
def window(call: Call) -> list[Outlet]:
    """A window of constant size, in tract's single precision."""
    expect_inputs(call, 1)
    size = call.constant(0)
    if size is None:
        raise Rejected("its size is computed", "make the size a constant (EZKL needs to know it)")
    if size.shape:
        raise Rejected("its size is not a scalar")
    length = whole(size.array)
    if length > MAX_VOLUME:
        raise TooManyValues(f"a window of {length:,} elements")
    dt = datum_type_attribute(call, "output_datatype") or "f32"
    periodic = call.attribute("periodic", 1) == 1
    values = _window(call.node.op_type, length, periodic)
    return [call.graph.add_const(call.name, Tensor.of(values.astype(NUMPY_TYPES[dt]), dt))]


def _window(kind: str, size: int, periodic: bool) -> np.ndarray:
    constant, once, twice = (np.float32(part) for part in _COSINES[kind])
    with np.errstate(all="ignore"):
        step = np.float32(1) / np.float32(size - 1 + periodic)
        index = np.arange(size, dtype=np.float32)
        pi = np.float32(np.pi)
        values = constant + once * np.cos(np.float32(2) * pi * index * step)
        if twice:
            values = values + twice * np.cos(np.float32(4) * pi * index * step)
    return np.asarray(values, dtype=np.float32)


@translates("DFT", "STFT", "MelWeightMatrix")
def transform(call: Call) -> list[Outlet]:
    """Refused, unless tract would compute it while it reads the file."""
    if call.node.op_type == "DFT" and len(call.node.inputs) > 1:
        raise Rejected("EZKL does not read the length of a transform", "leave the input dft_length away")
    return refuse(call)
