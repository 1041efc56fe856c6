"""Small models for the fidelity rules, each with an input to try it on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct, field
from onnx import NodeProto, TensorProto, helper, numpy_helper

Arrays = tuple[np.ndarray, ...]

RUN_ARGS: Mapping[str, Any] = {
    "input_scale": 10, "param_scale": 10, "decomp_legs": 3, "lookup_range": (-65536, 65536),
}  # fmt: skip
"""Enough precision that rounding is no larger than ``TOLERANCE``."""

_TYPES = {
    "float32": TensorProto.FLOAT, "int64": TensorProto.INT64, "int32": TensorProto.INT32,
    "int8": TensorProto.INT8, "uint8": TensorProto.UINT8, "bool": TensorProto.BOOL,
}  # fmt: skip


class Example(Struct, frozen=True, kw_only=True):
    """A model with an input on which it shows what it does."""

    model: bytes
    inputs: Arrays
    run_args: Mapping[str, Any] = field(default_factory=dict)


class Case(Struct, frozen=True, kw_only=True):
    """``wrong`` meets the rule, ``right`` does not; ``effect`` is what the real EZKL does with ``wrong``.

    ``other numbers``, ``no witness`` for its input, or only another ``shape``.
    """

    rule: str
    name: str
    wrong: Example
    right: Example
    effect: str = "other numbers"


def numbers(*shape: int) -> np.ndarray:
    """Different numbers in [-1, 1], none of them near 0, all exact at the scales used here."""
    size = int(np.prod(shape))
    steps = (np.arange(size) * 37 + 11) % 61 - 30
    return (np.where(steps == 0, 17, steps).reshape(shape) / 32).astype(np.float32)


def ints(*values: Any) -> np.ndarray:
    """An int64 tensor."""
    return np.asarray(values, dtype=np.int64)


def floats(*values: Any) -> np.ndarray:
    """A float32 tensor."""
    return np.asarray(values, dtype=np.float32)


def example(
    nodes: Sequence[NodeProto],
    inputs: Mapping[str, np.ndarray],
    constants: Mapping[str, np.ndarray] | None = None,
    outputs: Mapping[str, tuple[str, Sequence[int] | None]] | None = None,
    *,
    opset: int = 17,
    run_args: Mapping[str, Any] | None = None,
) -> Example:
    """A model of some nodes; its output is float ``y`` of unknown shape where nothing else is said."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info(name, _TYPES[str(x.dtype)], x.shape) for name, x in inputs.items()],
        [
            helper.make_tensor_value_info(name, _TYPES[dtype], shape)
            for name, (dtype, shape) in (outputs or {"y": ("float32", None)}).items()
        ],
        [numpy_helper.from_array(array, name) for name, array in (constants or {}).items()],
    )
    ir_version = 8 if opset < 25 else 13
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir_version)
    return Example(model=model.SerializeToString(), inputs=tuple(inputs.values()), run_args=run_args or {})


def one(
    operator: str,
    inputs: Mapping[str, np.ndarray],
    constants: Mapping[str, np.ndarray] | None = None,
    dtype: str = "float32",
    opset: int = 17,
    run_args: Mapping[str, Any] | None = None,
    order: Sequence[str] | None = None,
    **attributes: Any,
) -> Example:
    """A model of one node that reads all inputs, then all constants."""
    names = order if order is not None else [*inputs, *(constants or {})]
    node = helper.make_node(operator, names, ["y"], name="node", **attributes)
    return example([node], inputs, constants, {"y": (dtype, None)}, opset=opset, run_args=run_args)
