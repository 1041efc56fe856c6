"""BatchNormalization after a layer that EZKL does not fold it into: grouped or 1x1 Conv, and Gemm."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from msgspec.structs import replace

from auditor.model.graph import NodeDef, TensorData
from auditor.planning.what_if.change import SAME
from auditor.planning.what_if.edit import Edit, place
from auditor.planning.what_if.substitutions import swap
from auditor.planning.what_if.view import View, number

_EPSILON = 1e-5


@swap(SAME)
def folded(view: View) -> Iterator[Edit]:
    """Into the weights and the bias of the layer before."""
    for node in view.of("BatchNormalization"):
        layer = view.producer(node.inputs[0], "Conv", "Gemm")
        if layer is None or not view.is_inner(layer.outputs[0]) or len(node.inputs) != 5:
            continue
        if _is_folded_anyway(view, layer):
            continue
        if len([name for name in node.outputs if name]) > 1 or number(layer, "alpha", 1.0) != 1.0:
            continue
        parameters = [view.tensor(name) for name in node.inputs[1:]]
        weights = view.tensor(layer.inputs[1])
        bias = view.tensor(layer.inputs[2]) if len(layer.inputs) > 2 else None
        missing_bias = len(layer.inputs) > 2 and (bias is None or number(layer, "beta", 1.0) != 1.0)
        if weights is None or missing_bias or any(one is None for one in parameters):
            continue
        given = [one for one in parameters if one is not None]
        yield _fold(node, layer, weights, bias, given, number(node, "epsilon", _EPSILON))


def _is_folded_anyway(view: View, layer: NodeDef) -> bool:
    """tract folds factors into an ungrouped Conv with a window larger than one element."""
    weights = view.tensor(layer.inputs[1])
    is_wide = weights is not None and math.prod(weights.shape[2:]) > 1
    return layer.op_type == "Conv" and is_wide and number(layer, "group", 1) == 1


def _fold(
    node: NodeDef,
    layer: NodeDef,
    weights: TensorData,
    bias: TensorData | None,
    parameters: list[TensorData],
    epsilon: float,
) -> Edit:
    """Weights times scale / √(variance + ε) for each output channel, and the bias that goes with it."""
    is_last_axis = layer.op_type == "Gemm" and not number(layer, "transB", 0)
    channel_axis = len(weights.shape) - 1 if is_last_axis else 0
    along = tuple(-1 if axis == channel_axis else 1 for axis in range(len(weights.shape)))

    def slope() -> np.ndarray:
        scale, _, _, variance = (_load(one) for one in parameters)
        return np.asarray(scale / np.sqrt(variance + epsilon), np.float32)

    def new_weights() -> np.ndarray:
        return np.asarray(_load(weights) * slope().reshape(along), np.float32)

    def new_bias() -> np.ndarray:
        _, shift, mean, _ = (_load(one) for one in parameters)
        before = np.float32(0) if bias is None else _load(bias)
        return np.asarray(shift + (before - mean) * slope(), np.float32)

    known = [weights, *parameters, *([] if bias is None else [bias])]
    has_values = all(one.load is not None for one in known)
    result = node.outputs[0]
    made = (
        _tensor(f"{result}.weights", weights.shape, new_weights if has_values else None),
        _tensor(f"{result}.bias", parameters[0].shape, new_bias if has_values else None),
    )
    put = replace(layer, inputs=(layer.inputs[0], *(one.name for one in made)), outputs=(result,))
    return Edit(
        what="BatchNormalization folded into the layer before",
        where=place(node),
        drop=(layer, node),
        put=(put,),
        constants=made,
    )


def _tensor(name: str, shape: tuple[int, ...], load: Callable[[], np.ndarray] | None) -> TensorData:
    return TensorData(name=name, dtype="float", shape=shape, load=load)


def _load(tensor: TensorData) -> np.ndarray:
    assert tensor.load is not None
    values: np.ndarray = tensor.load()
    return values
