"""Constants, changed in their values, shapes and types, and inputs that become constants."""

from __future__ import annotations

import random

import numpy as np
import onnx
from onnx import TensorProto

from tests.hostile.mutations.chosen import FLOATS, INTEGERS
from tests.hostile.mutations.fields import parts_of

_MOST_ELEMENTS = 1 << 16


_SIMPLE = {
    TensorProto.FLOAT: "<f4", TensorProto.INT64: "<i8", TensorProto.INT32: "<i4", TensorProto.DOUBLE: "<f8",
    TensorProto.INT8: "<i1", TensorProto.UINT8: "<u1", TensorProto.BOOL: "<u1", TensorProto.FLOAT16: "<f2",
}  # fmt: skip


def change_tensor(model: onnx.ModelProto, other: onnx.ModelProto, rng: random.Random) -> None:
    """Other values in a tensor, or another shape or type whose values fit."""
    tensors = [
        part
        for part in parts_of(model)
        if isinstance(part, TensorProto) and part.data_type in _SIMPLE and not part.data_location
    ]
    if not tensors:
        return
    tensor = rng.choice(tensors)
    try:
        values = onnx.numpy_helper.to_array(tensor)
    except Exception:  # whatever the onnx package thinks of a tensor that is spoilt already
        return
    dims, kind = list(values.shape), tensor.data_type
    action = rng.randrange(4)
    if action == 0 and dims:
        dims[rng.randrange(len(dims))] = rng.choice((0, 1, 2, 3, 5, 16, 100))
    elif action == 1:
        dims = [] if rng.random() < 0.3 else [*dims, rng.choice((0, 1, 2))]
    elif action == 2 and rng.random() < 0.4:
        kind = rng.choice(list(_SIMPLE))
    count = int(np.prod(dims, dtype=object)) if dims else 1
    if count > _MOST_ELEMENTS:
        return
    flat = np.resize(values, count)
    with np.errstate(all="ignore"):
        dtype = np.dtype(_SIMPLE[kind])
        flat = flat.astype(dtype)
        for _ in range(rng.choice((0, 1, 1, 3)) if action < 3 else rng.choice((1, 2))):
            if count:
                flat[rng.randrange(count)] = _extreme(dtype, rng)
    name = tensor.name
    tensor.Clear()
    tensor.name, tensor.data_type, tensor.raw_data = name, kind, flat.tobytes()
    tensor.dims.extend(dims)


def _extreme(dtype: np.dtype, rng: random.Random) -> float:
    if dtype.kind == "f":
        return rng.choice(FLOATS)
    bits = 8 * dtype.itemsize
    value = rng.choice(INTEGERS) % 2**bits
    return value - 2**bits if dtype.kind == "i" and value >= 2 ** (bits - 1) else value


def make_initializer(model: onnx.ModelProto, other: onnx.ModelProto, rng: random.Random) -> None:
    """An input of the graph becomes a constant: what ONNX's own tests feed is often a shape."""
    graph = model.graph
    infos = [info for info in graph.input if info.type.tensor_type.elem_type in _SIMPLE]
    if not infos:
        return
    info = rng.choice(infos)
    dims = [max(0, dim.dim_value) for dim in info.type.tensor_type.shape.dim]
    count = int(np.prod(dims, dtype=object)) if dims else 1
    if count > _MOST_ELEMENTS:
        return
    kind = info.type.tensor_type.elem_type
    dtype = np.dtype(_SIMPLE[kind])
    small = rng.random() < 0.7
    drawn = [rng.choice((0, 1, 1, 2, 3, 4)) if small else _extreme(dtype, rng) for _ in range(min(count, 64))]
    with np.errstate(all="ignore"):
        flat = np.resize(np.array(drawn or [0], dtype), count)
    graph.initializer.append(TensorProto(name=info.name, data_type=kind, dims=dims, raw_data=flat.tobytes()))
