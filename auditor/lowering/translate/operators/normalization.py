"""Normalisations (tract `onnx/src/ops/nn/{batch_norm,instance_norm,layer_norm,lrn}.rs`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auditor.lowering.errors import Rejected, Uncertain
from auditor.lowering.graph.axis_op import add
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.graph import Outlet
from auditor.lowering.graph.shapes import volume
from auditor.lowering.graph.tensor import NUMPY_TYPES, Tensor
from auditor.lowering.translate.expectations import expect_inputs, expect_same_type, refuse
from auditor.lowering.translate.operators.reduce import reduce
from auditor.lowering.translate.registry import Call, translates
from auditor.lowering.typed.axis import AxisOp, wire_with_rank_broadcast
from auditor.lowering.typed.binary import Binary
from auditor.lowering.typed.cast import Cast
from auditor.lowering.typed.element_wise import ElementWise
from auditor.lowering.typed.reduce import Reduce

_EPSILON = 1e-5

_STASH_TYPES = {1: "f32", 10: "f16", 11: "f64"}
"""The ONNX codes of element types that layer normalisation can compute in."""


@translates("BatchNormalization")
def batch_normalization(call: Call) -> list[Outlet]:
    """A product with a slope and a sum with an intercept, which are computed from the parameters here."""
    if call.attribute("spatial", 1) != 1:
        raise Rejected("its attribute spatial is not 1")
    expect_inputs(call, 5)
    expect_same_type(call, call.present, "its inputs")
    facts = [call.fact(outlet) for outlet in call.present]
    x, parameters = facts[0], facts[1:]
    if x.rank < 2 or any(f.shape != parameters[0].shape for f in parameters):
        raise Rejected("the shapes of its inputs do not fit together")
    if not parameters[0].shape or parameters[0].shape[0] != x.shape[1]:
        raise Rejected(f"{x.shape[1]} channels are normalised by parameters of shape {parameters[0].shape}")
    values = [f.konst for f in parameters if f.konst is not None]
    if len(values) < len(parameters):
        raise Rejected("its parameters are computed", "make scale, bias, mean and variance constants")
    if x.dt not in ("f16", "f32", "f64"):
        raise Rejected(f"it normalises {x.dt}")
    shape = tuple(d if axis == 1 else 1 for axis, d in enumerate(x.shape))
    slope, intercept = _slope_and_intercept(values, shape, x.dt, call.attribute("epsilon", _EPSILON))
    slope_wire = call.const(slope, "slope")
    intercept_wire = call.const(intercept, "inter")
    wire = call.wire(Binary(kind="Mul"), slope_wire, call.input(0), suffix="mul")
    return [call.wire(Binary(kind="Add"), intercept_wire, wire)]


def _slope_and_intercept(
    parameters: Sequence[Tensor], shape: tuple[int, ...], dt: str, epsilon: float
) -> tuple[Tensor, Tensor]:
    """scale / √(var + ε) and bias - mean · scale / √(var + ε), in the type's own precision."""
    if not all(p.has_values for p in parameters):
        return Tensor(dt, shape, None), Tensor(dt, shape, None)
    if any(p.volume != volume(shape) for p in parameters):
        raise Rejected(f"its parameters have shape {parameters[0].shape}")

    def load() -> tuple[np.ndarray, np.ndarray]:
        scale, bias, mean, variance = (p.array.reshape(shape) for p in parameters)
        with np.errstate(all="ignore"):
            denominator = np.sqrt(variance + NUMPY_TYPES[dt](np.float32(epsilon)))
            return scale / denominator, bias - (mean * scale) / denominator

    return Tensor(dt, shape, lambda: load()[0]), Tensor(dt, shape, lambda: load()[1])


@translates("InstanceNormalization")
def instance_normalization(call: Call) -> list[Outlet]:
    """Mean and variance over all axes but the channels; tract averages over the batch, too."""
    expect_inputs(call, 3)
    expect_same_type(call, call.present, "its inputs")
    x, scale, bias = call.present
    fact, scale_fact, bias_fact = (call.fact(outlet) for outlet in call.present)
    if fact.rank < 2 or scale_fact.shape != bias_fact.shape or scale_fact.shape[:1] != fact.shape[1:2]:
        raise Rejected(f"scale {scale_fact.shape} and bias {bias_fact.shape} do not fit {fact.shape}")
    axes = [axis for axis in range(fact.rank) if axis != 1]
    mean = reduce(call.graph, f"{call.name}.mean", "Mean", axes, True, x)
    diff = call.wire(Binary(kind="Sub"), x, mean, suffix="diff")
    square = call.wire(ElementWise(kind="Square"), diff, suffix="sqr")
    variance = reduce(call.graph, f"{call.name}.variance", "Mean", axes, True, square)
    value = np.float32(call.attribute("epsilon", _EPSILON))
    epsilon = call.const(Tensor.scalar(NUMPY_TYPES[fact.dt](value), fact.dt, fact.rank), "epsilon.cst")
    variance = call.wire(Binary(kind="Add"), variance, epsilon, suffix="epsilon")
    factor = call.wire(ElementWise(kind="Rsqrt"), variance, suffix="rsqrt")
    divided = call.wire(Binary(kind="Mul"), diff, factor, suffix="div")
    scaled = call.wire(Binary(kind="Mul"), divided, _per_channel(call, scale, fact, "scale"), suffix="scaled")
    return [call.wire(Binary(kind="Add"), scaled, _per_channel(call, bias, fact, "bias"))]


def _per_channel(call: Call, wire: Outlet, fact: Fact, what: str) -> Outlet:
    wire = call.wire(AxisOp(add(0)), wire, suffix=f"add-{what}-axis-n")
    for axis in range(2, fact.rank):
        wire = call.wire(AxisOp(add(2)), wire, suffix=f"add-{what}-axis-{axis}")
    return wire


@translates("LayerNormalization")
def layer_normalization(call: Call) -> list[Outlet]:
    """Mean and variance over the last axes, from ``axis`` on, computed in ``stash_type``."""
    x, scale, bias = _layer_norm_inputs(call)
    fact = call.fact(x)
    axis = call.attribute("axis", -1)
    axis += fact.rank if axis < 0 else 0
    if not 0 <= axis < fact.rank:
        raise Uncertain(f"axis {axis} of a tensor with {fact.rank} axes")
    stash = _STASH_TYPES.get(call.attribute("stash_type", 1))
    if stash is None:
        raise Uncertain(f"stash_type {call.attribute('stash_type', 1)}")
    axes = tuple(range(axis, fact.rank))

    cast_x = call.wire(Cast(to=stash), x, suffix="cast_x")
    cast_scale = call.wire(Cast(to=stash), scale, suffix="cast_scale")
    cast_bias = None if bias is None else call.wire(Cast(to=stash), bias, suffix="cast_bias")
    total = call.wire(Reduce(axes=axes, kind="Sum"), cast_x, suffix="reduced_sum")
    count = call.const(Tensor.scalar(volume(fact.shape[axis:]), "tdim"), "len")
    count = call.wire(Cast(to=stash), count, suffix="cast_len")
    mean = _broadcast(call, "Div", total, count, "reduced_mean_x")
    diff = call.wire(Binary(kind="Sub"), cast_x, mean, suffix="d")
    square = call.wire(ElementWise(kind="Square"), diff, suffix="dd")
    total = call.wire(Reduce(axes=axes, kind="Sum"), square, suffix="reduced_sum_dd")
    variance = _broadcast(call, "Div", total, count, "var")
    value = np.float32(call.attribute("epsilon", _EPSILON))
    epsilon = call.const(Tensor.scalar(NUMPY_TYPES[stash](value), stash), "epsilon")
    variance = _broadcast(call, "Add", variance, epsilon, "var_eps")
    factor = call.wire(ElementWise(kind="Rsqrt"), variance, suffix="inv_std_dev")
    wire = call.wire(Binary(kind="Mul"), diff, factor, suffix="normalized")
    wire = call.wire(Cast(to=fact.dt), wire, suffix="cast_normalized")
    wire = _broadcast(call, "Mul", wire, cast_scale, "normalized_scaled")
    if cast_bias is not None:
        wire = _broadcast(call, "Add", wire, cast_bias, "y")
    got = call.fact(wire)
    if (got.dt, got.shape) != (fact.dt, fact.shape):
        raise Rejected(f"EZKL computes {got.dt} {list(got.shape)} where {fact.dt} {list(fact.shape)} is due")
    extra = [outlet for slot, outlet in ((1, mean), (2, factor)) if _is_named(call, slot)]
    return [wire, *extra]


def _layer_norm_inputs(call: Call) -> tuple[Outlet, Outlet, Outlet | None]:
    count = 3 if len(call.node.inputs) == 3 else 2
    expect_inputs(call, count)
    expect_same_type(call, call.present, "its inputs")
    x, scale = call.present[:2]
    bias = call.present[2] if count == 3 else None
    return x, scale, bias


def _broadcast(call: Call, kind: str, a: Outlet, b: Outlet, suffix: str) -> Outlet:
    return wire_with_rank_broadcast(call.graph, f"{call.name}.{suffix}", Binary(kind=kind), [a, b])[0]


def _is_named(call: Call, slot: int) -> bool:
    return len(call.node.outputs) > slot and bool(call.node.outputs[slot])


@translates("LRN")
def local_response_normalization(call: Call) -> list[Outlet]:
    """Refused, unless tract would compute it while it reads the file."""
    expect_inputs(call, 1)
    return refuse(call)
