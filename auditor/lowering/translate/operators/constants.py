"""Operators whose result is constant (tract `onnx/src/ops/mod.rs`, `onnx/src/ops/array/mod.rs`)."""

from __future__ import annotations

import numpy as np

from auditor.lowering.errors import Rejected
from auditor.lowering.graph.graph import Outlet
from auditor.lowering.graph.shapes import volume
from auditor.lowering.graph.tensor import NUMPY_TYPES, Tensor
from auditor.lowering.translate.attributes import constant_integers, integer, naturals, real
from auditor.lowering.translate.declared import as_tensor
from auditor.lowering.translate.expectations import datum_type_attribute, expect_inputs
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.broadcast import MultiBroadcastTo
from auditor.model.graph import TensorData


@translates("Constant")
def constant(call: Call) -> list[Outlet]:
    """A tensor, an integer or a float held by the node; tract reads no other attribute."""
    attributes = call.node.attributes
    if "value" in attributes:
        tensor = _tensor_attribute(call)
    elif "value_int" in attributes:
        tensor = Tensor.scalar(integer(call, "value_int"), "i64")
    elif "value_float" in attributes:
        tensor = Tensor.scalar(real(call, "value_float", 0.0), "f32")
    else:
        raise Rejected(f"EZKL does not read a constant given as {', '.join(attributes) or 'nothing'}")
    return [call.graph.add_const(f"{call.name}.0", tensor)]


@translates("ConstantOfShape")
def constant_of_shape(call: Call) -> list[Outlet]:
    """One value repeated to fill a constant shape; a zero of 64 bits when none is given."""
    expect_inputs(call, 1)
    if call.fact(call.input(0)).rank != 1:
        raise Rejected(f"the shape has rank {call.fact(call.input(0)).rank}")
    scalar = Tensor.scalar(0.0, "f64")
    if "value" in call.node.attributes:
        given = _tensor_attribute(call)
        if volume(given.shape) != 1:
            raise Rejected(f"the value has {volume(given.shape)} elements")
        scalar = given.derive(lambda array: array.reshape(()), (), given.dt)
    shape = constant_integers(call, 0, "the shape")
    if any(size < 0 for size in shape):
        raise Rejected(f"a constant of shape {shape}")
    value = call.const(scalar, "scalar")
    return [call.wire(MultiBroadcastTo(shape=tuple(shape)), value)]


@translates("ConstantLike")
def constant_like(call: Call) -> list[Outlet]:
    """One value repeated to fill the shape of the input, or a given shape."""
    value = real(call, "value", 0.0)
    if call.node.inputs:
        expect_inputs(call, 1)
        fact = call.fact(call.input(0))
        dt, shape = fact.dt, fact.shape
    else:
        dt, given = datum_type_attribute(call, "dtype") or "f32", naturals(call, "shape")
        if given is None:
            raise Rejected("attribute shape is missing")
        shape = given
    tensor = Tensor(dt, shape, lambda: np.full(shape, np.float32(value)).astype(NUMPY_TYPES[dt]))
    return [call.graph.add_const(f"{call.name}.0", tensor)]


def _tensor_attribute(call: Call) -> Tensor:
    data = call.node.attributes["value"]
    if not isinstance(data, TensorData):
        raise Rejected("attribute value is not a tensor")
    return as_tensor(data)
