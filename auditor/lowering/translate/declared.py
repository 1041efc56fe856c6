"""What a file says about its values: their types, their sizes, and the names of sizes.

Source: tract `onnx/src/tensor.rs` `translate_inference_fact`, `onnx/src/model.rs` (parsing).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from auditor.lowering.errors import Rejected, Uncertain
from auditor.lowering.graph.dim import is_open, symbol
from auditor.lowering.graph.fact import Fact
from auditor.lowering.graph.tensor import NUMPY_TYPES, Tensor
from auditor.model.graph import Dim, Model, TensorData, ValueInfo
from auditor.model.symbols import parse

DATUM_TYPES: dict[str, str] = {
    "float": "f32", "float16": "f16", "double": "f64", "bool": "bool", "string": "string",
    "int8": "i8", "int16": "i16", "int32": "i32", "int64": "i64",
    "uint8": "u8", "uint16": "u16", "uint32": "u32", "uint64": "u64",
}  # fmt: skip
"""tract's datum type of each ONNX element type it reads (tract `onnx/src/tensor.rs`)."""


def datum_type(dtype: str | None, subject: str) -> str:
    """tract's datum type.

    Raises:
        Rejected: tract has none.
    """
    if dtype not in DATUM_TYPES:
        raise Rejected(f"{subject} has element type {dtype}, which EZKL does not read")
    return DATUM_TYPES[dtype]


def symbols_of(model: Model) -> dict[str, int]:
    """The named sizes of the inputs, still as symbols."""
    return {name: symbol(name, value) for name, value in model.bound.items()}


def input_fact(info: ValueInfo, symbols: Mapping[str, int]) -> Fact:
    """What the file says about an input of the model.

    Raises:
        Rejected: tract does not read its type.
        Uncertain: it has sizes that are not bound.
    """
    dt = datum_type(info.dtype, f"input {info.name}")
    if info.shape is None:
        raise Uncertain(f"input {info.name} declares no shape")
    numbers = tuple(dim for dim in info.shape if isinstance(dim, int))
    if len(numbers) != len(info.shape):
        raise Uncertain(f"input {info.name} has sizes that are not bound: {info.shape}")
    # tract takes what has no elements for a constant
    empty = Tensor.empty(dt, numbers) if 0 in numbers else None
    declared = _declared_shape(info, symbols) or ()
    return Fact(dt, tuple(d for d in declared if d is not None and not isinstance(d, str)), empty)


def _declared_shape(info: ValueInfo, symbols: Mapping[str, int]) -> tuple[Dim, ...] | None:
    """The shape as the file declares it: in symbols, an unnamed size as the number it was bound to."""
    if info.shape is None:
        return None
    sizes = list(info.shape)
    for axis, dim in enumerate(info.declared or ()):
        expression = parse(dim) if isinstance(dim, str) else None
        if expression is not None and all(name in symbols for name in expression.symbols()):
            sizes[axis] = expression.value(symbols)
    return tuple(sizes)


def check_declared(info: ValueInfo | None, fact: Fact, symbols: Mapping[str, int]) -> None:
    """tract unifies what the file declares about a value with what it infers.

    Raises:
        Rejected: the two differ.
    """
    if info is None:
        return
    declared = DATUM_TYPES.get(info.dtype or "")
    same_type = declared in (None, "i64", fact.dt) or fact.dt == "tdim"
    sizes = _declared_shape(info, symbols)
    same_shape = sizes is None or (
        len(sizes) == fact.rank
        and all(
            isinstance(d, str) or d is None or d == f or (not is_open(d) and d < 0)
            for d, f in zip(sizes, fact.shape, strict=True)
        )
    )
    if not (same_type and same_shape):
        declaration = f"{info.dtype} {list(sizes or ())}"
        raise Rejected(
            f"the file declares {info.name} as {declaration}, but it is {fact.dt} {list(fact.shape)}",
            "run onnx.shape_inference again, or drop value_info",
        )


def as_tensor(data: TensorData) -> Tensor:
    """A constant of the file, its values still unread."""
    dt = datum_type(data.dtype, f"constant {data.name}")
    load = data.load
    if load is None:
        return Tensor(dt, data.shape, None)
    kind = NUMPY_TYPES[dt]
    return Tensor(dt, data.shape, lambda: np.asarray(load()).astype(kind, copy=False))
