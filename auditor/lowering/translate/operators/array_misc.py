"""Operators whose result tract must know beforehand: EyeLike, NonZero, Compress, NonMaxSuppression."""

from __future__ import annotations

import numpy as np

from auditor.lowering.errors import Rejected, Uncertain
from auditor.lowering.graph.graph import Outlet
from auditor.lowering.graph.tensor import NUMPY_TYPES, Tensor
from auditor.lowering.translate.attributes import integer
from auditor.lowering.translate.expectations import (
    datum_type_attribute,
    expect_inputs,
    expect_shape,
    expect_type,
)
from auditor.lowering.translate.operators.gather import from_the_end
from auditor.lowering.translate.readers import refuse_open_size
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.array_misc import Compress, NonZero


@translates("EyeLike")
def eye_like(call: Call) -> list[Outlet]:
    """A constant, as only the shape of the input matters (tract `hir/src/ops/array/constant_like.rs`)."""
    expect_inputs(call, 1)
    data = call.present[0]
    expect_shape(call, data, (None, None), "the input")
    rows, columns = call.fact(data).shape
    dt = datum_type_attribute(call, "dtype") or call.fact(data).dt
    if dt in ("bool", "string", "tdim"):
        raise Rejected(f"EZKL's ONNX reader makes no identity matrix of {dt}")
    diagonal = integer(call, "k", 0)

    def matrix() -> np.ndarray:
        return np.eye(rows, columns, diagonal, dtype=NUMPY_TYPES[dt])

    return [call.graph.add_const(f"{call.name}.0", Tensor(dt, (rows, columns), matrix))]


@translates("NonZero")
def non_zero(call: Call) -> list[Outlet]:
    """Folded on constants; otherwise the size of the output depends on the values."""
    expect_inputs(call, 1)
    data = call.present[0]
    if call.constant(0) is None:
        refuse_open_size(call, "how many elements are not zero depends on the input")
    if call.fact(data).dt in ("tdim", "string"):
        raise Rejected(f"EZKL's ONNX reader does not compare {call.fact(data).dt} with zero")
    return [call.wire(NonZero(), data)]


@translates("Compress")
def compress(call: Call) -> list[Outlet]:
    """tract evaluates it, but has no typed operation for it (`onnx/src/ops/array/compress.rs`)."""
    expect_inputs(call, 2)
    data, condition = call.present
    expect_type(call, condition, "bool", "the condition")
    expect_shape(call, condition, (None,), "the condition")
    if call.constant(0) is None or call.constant(1) is None:
        raise Rejected("EZKL's ONNX reader compresses constants only")
    axis = None
    if "axis" in call.node.attributes:
        axis = from_the_end(integer(call, "axis"), call.fact(data).rank)
    return [call.wire(Compress(axis=axis), data, condition)]


@translates("NonMaxSuppression")
def non_max_suppression(call: Call) -> list[Outlet]:
    """Its output has as many rows as boxes are kept, which a circuit cannot have."""
    if any(call.fact(outlet).konst is None for outlet in call.present):
        refuse_open_size(call, "how many boxes are kept depends on the input")
    raise Uncertain("EZKL suppresses constant boxes while it reads the model")
