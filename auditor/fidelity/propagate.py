"""Facts about the outputs of a node from those about its inputs.

Only what the rules need: element types, the shapes of common operators, and the elements of small
constants. Sources: ONNX's operator documentation; tract folds a node whose inputs are all constant.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from auditor.fidelity.facts import NOTHING, KnownShape, ValueFact, constant_fact
from auditor.model.graph import NodeDef, TensorData

BOOLEAN = frozenset({
    "And", "Equal", "Greater", "GreaterOrEqual", "IsInf", "IsNaN", "Less", "LessOrEqual", "Not", "Or",
    "Xor",
})  # fmt: skip
"""Operators whose output is bool."""

_INT64 = frozenset({"ArgMax", "ArgMin", "NonZero", "Shape", "Size"})
_SECOND_INPUT_TYPE = frozenset({"CastLike", "Where"})
_RANDOM = frozenset({
    "Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform",
    "RandomUniformLike",
})  # fmt: skip

_SAME_SHAPE = frozenset({
    "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "BatchNormalization", "Cast", "CastLike",
    "Ceil", "Celu", "Clip", "Cos", "Cosh", "CumSum", "Dropout", "Elu", "Erf", "Exp", "Floor", "Gelu",
    "HardSigmoid", "HardSwish", "Hardmax", "Identity", "InstanceNormalization", "IsInf", "IsNaN", "LRN",
    "LayerNormalization", "LeakyRelu", "Log", "LogSoftmax", "Mish", "Neg", "Not", "PRelu",
    "QuantizeLinear", "DequantizeLinear", "RMSNormalization", "Reciprocal", "Relu", "Round",
    "ScatterElements", "ScatterND", "Selu", "Shrink", "Sigmoid", "Sign", "Sin", "Sinh", "Softmax",
    "Softplus", "Softsign", "Sqrt", "Swish", "Tan", "Tanh", "ThresholdedRelu", "Trilu",
})  # fmt: skip

_BROADCAST = frozenset({
    "Add", "And", "BitShift", "Div", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Max",
    "Mean", "Min", "Mod", "Mul", "Or", "Pow", "Sub", "Sum", "Where", "Xor",
})  # fmt: skip

_SAME_RANK = frozenset({
    "Conv", "ConvTranspose", "GlobalAveragePool", "GlobalMaxPool", "LpPool", "Pad", "Slice", "Split",
    "Tile",
})  # fmt: skip
_POOLS = frozenset({"AveragePool", "MaxPool"})

CODES: dict[int, str] = {
    1: "float", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 9: "bool",
    10: "float16", 11: "double", 12: "uint32", 13: "uint64", 16: "bfloat16",
}  # fmt: skip
"""ONNX's element type of each number of ``TensorProto.DataType``."""

Facts = Mapping[str, ValueFact]


def outputs_of(node: NodeDef, facts: Facts) -> list[ValueFact]:
    """One fact for each output of ``node``, as far as it is known."""
    inputs = [facts.get(name, NOTHING) for name in node.inputs if name]
    if node.op_type == "Constant":
        return [_constant(node)]
    if any(name and name not in facts for name in node.inputs):
        inputs = []
    constant = _is_constant(node, inputs)
    fact = ValueFact(
        dtype=_dtype(node, inputs),
        shape=_shape(node, inputs),
        is_constant=constant,
        load=_values(node, inputs) if constant else None,
    )
    return (
        [fact] * len(node.outputs) if node.op_type == "Split" else [fact, *_further(node, inputs, constant)]
    )


def _further(node: NodeDef, inputs: Sequence[ValueFact], constant: bool) -> list[ValueFact]:
    """What is known about outputs after the first."""
    recurrent = node.op_type in ("GRU", "LSTM", "RNN") and inputs
    dtype = inputs[0].dtype if recurrent else None
    return [ValueFact(dtype=dtype, is_constant=constant) for _ in node.outputs[1:]]


def _is_constant(node: NodeDef, inputs: Sequence[ValueFact]) -> bool:
    """Whether tract folds it: shapes are constant too, because EZKL fixes every size."""
    if node.op_type in ("Shape", "Size"):
        return True
    return bool(inputs) and all(fact.is_constant for fact in inputs) and node.op_type not in _RANDOM


def _constant(node: NodeDef) -> ValueFact:
    value = node.attributes.get("value")
    if isinstance(value, TensorData):
        return constant_fact(value)
    for name in ("value_float", "value_floats", "value_int", "value_ints"):
        if name in node.attributes:
            is_float = "float" in name
            array = np.asarray(node.attributes[name], dtype=np.float32 if is_float else np.int64)
            return _of_array(array, "float" if is_float else "int64")
    return ValueFact(is_constant=True)


def _of_array(array: np.ndarray, dtype: str) -> ValueFact:
    return ValueFact(dtype=dtype, shape=array.shape, is_constant=True, load=lambda: array)


# --- element types -------------------------------------------------------------------------


def _dtype(node: NodeDef, inputs: Sequence[ValueFact]) -> str | None:
    if node.op_type in BOOLEAN:
        return "bool"
    if node.op_type in _INT64:
        return "int64"
    if node.op_type == "Cast":
        code = node.attributes.get("to")
        return CODES.get(code) if isinstance(code, int) else None
    if node.op_type == "ConstantOfShape":
        value = node.attributes.get("value")
        return value.dtype if isinstance(value, TensorData) else "float"
    if node.op_type in (
        "QuantizeLinear",
        "QLinearConv",
        "QLinearMatMul",
        "EyeLike",
        "MatMulInteger",
        "ConvInteger",
    ):
        return None
    position = {"OneHot": 2, "DequantizeLinear": 1}.get(node.op_type, int(node.op_type in _SECOND_INPUT_TYPE))
    return inputs[position].dtype if position < len(inputs) else None


# --- shapes --------------------------------------------------------------------------------


def _shape(node: NodeDef, inputs: Sequence[ValueFact]) -> KnownShape | None:
    if not inputs:
        return None
    first, op = inputs[0].shape, node.op_type
    if op in _SAME_SHAPE:
        return first
    if op in _BROADCAST:
        return _broadcast([fact.shape for fact in inputs])
    if first is None:
        return None
    if op == "Shape":
        return (len(first),)
    if op == "Transpose":
        order = node.attributes.get("perm", tuple(reversed(range(len(first)))))
        return tuple(first[int(axis)] for axis in order) if isinstance(order, tuple) else None  # type: ignore[arg-type]
    if op in ("Reshape", "Expand", "ConstantOfShape"):
        return _from_values(op, inputs)
    if op == "Flatten":
        axis = node.attributes.get("axis", 1)
        return _flattened(first, axis) if isinstance(axis, int) else None
    if op in ("Squeeze", "Unsqueeze"):
        return _with_axes_changed(node, inputs)
    if op in _POOLS:
        return (*first[:2], *(None for _ in first[2:]))
    if op == "Conv" and len(inputs) > 1 and inputs[1].shape:
        return (first[0], inputs[1].shape[0], *(None for _ in first[2:]))
    if op.startswith("Global"):
        return (*first[:2], *(1 for _ in first[2:]))
    if op == "Concat":
        return _joined(node, inputs)
    if op == "MatMul" and len(inputs) == 2 and inputs[1].shape is not None:
        return _product(first, inputs[1].shape)
    return (None,) * len(first) if op in _SAME_RANK else None


def _broadcast(shapes: Sequence[KnownShape | None]) -> KnownShape | None:
    known = [shape for shape in shapes if shape is not None]
    if len(known) < len(shapes):
        return None
    rank = max(map(len, known))
    padded = [(1,) * (rank - len(shape)) + shape for shape in known]
    return tuple(_broadcast_size(sizes) for sizes in zip(*padded, strict=True))


def _broadcast_size(sizes: Sequence[int | None]) -> int | None:
    large = {size for size in sizes if size != 1}
    if not large:
        return 1
    known = [size for size in large if size is not None]
    return known[0] if known else None


def _from_values(op: str, inputs: Sequence[ValueFact]) -> KnownShape | None:
    """Reshape, Expand and ConstantOfShape: the shape is the value of an input."""
    wanted = inputs[0] if op == "ConstantOfShape" else inputs[min(1, len(inputs) - 1)]
    if not wanted.is_constant or wanted.load is None:
        length = wanted.dims[0] if wanted.dims else None
        return None if length is None or op == "Expand" else (None,) * length
    sizes = [int(size) for size in wanted.load().ravel()]
    if op == "ConstantOfShape":
        return tuple(sizes)
    source = inputs[0].shape or ()
    if op == "Expand":
        return _broadcast([source, tuple(sizes)])
    shape = [source[i] if size == 0 and i < len(source) else size for i, size in enumerate(sizes)]
    if -1 in shape:
        rest = [size for size in shape if size != -1]
        total = None if None in source or None in rest else math.prod(s for s in source if s is not None)
        known = math.prod(size for size in rest if size is not None)
        shape[shape.index(-1)] = total // known if total is not None and known else None
    return tuple(shape)


def _flattened(shape: KnownShape, axis: int) -> KnownShape:
    axis += len(shape) if axis < 0 else 0
    parts = (shape[:axis], shape[axis:])
    return tuple(None if None in part else math.prod(s for s in part if s is not None) for part in parts)


def _with_axes_changed(node: NodeDef, inputs: Sequence[ValueFact]) -> KnownShape | None:
    shape, given = inputs[0].shape or (), node.attributes.get("axes")
    if given is None and len(inputs) > 1 and inputs[1].load is not None:
        given = tuple(int(axis) for axis in inputs[1].load().ravel())
    if not isinstance(given, tuple):
        if node.op_type == "Squeeze" and len(inputs) == 1 and None not in shape:
            return tuple(size for size in shape if size != 1)
        return None
    rank = len(shape) + (len(given) if node.op_type == "Unsqueeze" else 0)
    axes = {int(axis) % rank for axis in given if rank}  # type: ignore[arg-type]
    if node.op_type == "Squeeze":
        return tuple(size for axis, size in enumerate(shape) if axis not in axes)
    left = iter(shape)
    return tuple(1 if axis in axes else next(left, None) for axis in range(rank))


def _joined(node: NodeDef, inputs: Sequence[ValueFact]) -> KnownShape | None:
    shapes = [fact.shape for fact in inputs if fact.shape]
    axis = node.attributes.get("axis")
    if len(shapes) < len(inputs) or not isinstance(axis, int) or len(set(map(len, shapes))) != 1:
        return None
    axis %= len(shapes[0])
    sizes = [shape[axis] for shape in shapes]
    total = None if None in sizes else sum(size for size in sizes if size is not None)
    return (*shapes[0][:axis], total, *shapes[0][axis + 1 :])


def _product(left: KnownShape, right: KnownShape) -> KnownShape | None:
    if len(left) < 2 or len(right) < 2:
        return None
    batch = _broadcast([left[:-2], right[:-2]])
    return None if batch is None else (*batch, left[-2], right[-1])


# --- elements of constants -----------------------------------------------------------------

_ELEMENTWISE: dict[str, Callable[..., np.ndarray]] = {
    "Add": np.add, "Identity": np.asarray, "Mul": np.multiply, "Neg": np.negative, "Sub": np.subtract,
}  # fmt: skip
_LARGEST = 4096
"""Constants with more elements are not computed: no rule asks for them."""


def _values(node: NodeDef, inputs: Sequence[ValueFact]) -> Callable[[], np.ndarray] | None:
    """The elements of a constant node, computed when asked for; None for an operator not known here."""
    if node.op_type == "Shape" and inputs:
        dims = inputs[0].dims
        plain = not {"start", "end"} & set(node.attributes)
        return (lambda: np.asarray(dims, dtype=np.int64)) if dims is not None and plain else None
    loads = [fact.load for fact in inputs if fact.load is not None]
    if len(loads) < len(inputs) or any(math.prod(fact.dims or (0,)) > _LARGEST for fact in inputs):
        return None
    compute = _ELEMENTWISE.get(node.op_type)
    if compute is not None:
        return lambda: compute(*(load() for load in loads))
    if node.op_type == "Concat":
        along = node.attributes.get("axis")
        if not isinstance(along, int):
            return None
        return partial(_join, loads, along)
    if node.op_type == "Gather":
        axis = node.attributes.get("axis", 0)
        return (lambda: np.take(loads[0](), loads[1](), axis)) if isinstance(axis, int) else None
    if node.op_type in ("Reshape", "Squeeze", "Unsqueeze", "Cast"):
        shape = _shape(node, inputs)
        kind = _NUMPY.get(_dtype(node, inputs) or "")
        if shape is None or None in shape or kind is None:
            return None
        sizes = tuple(size for size in shape if size is not None)
        return lambda: loads[0]().astype(kind).reshape(sizes)
    return None


def _join(loads: Sequence[Callable[[], np.ndarray]], axis: int) -> np.ndarray:
    return np.concatenate([load() for load in loads], axis)


_NUMPY: dict[str, type] = {
    "float": np.float32, "double": np.float64, "float16": np.float16, "int64": np.int64, "int32": np.int32,
    "int16": np.int16, "int8": np.int8, "uint8": np.uint8, "uint16": np.uint16, "uint32": np.uint32,
    "uint64": np.uint64, "bool": np.bool_,
}  # fmt: skip
