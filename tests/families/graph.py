"""A small builder for random ONNX graphs: adds nodes, keeps shapes, spells forms as the opset wants them."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from msgspec import Struct
from onnx import TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT
INT64 = TensorProto.INT64
BOOL = TensorProto.BOOL
BATCH = "batch_size"


class Value(Struct, frozen=True):
    """A tensor of the graph: its name, its shape with the batch bound to 1, and ONNX's element type."""

    name: str
    shape: tuple[int, ...]
    dtype: int = FLOAT

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)


class Builder:
    """Collects nodes and constants. ``symbolic`` models declare their first dimension as ``batch_size``."""

    def __init__(self, rng: random.Random, *, opset: int | None = None, symbolic: bool | None = None) -> None:
        self.rng = rng
        self.opset = opset or rng.choice([9, 11, 12, 13, 13, 14, 15, 16, 17, 17, 17, 18, 18])
        self.symbolic = rng.random() < 0.15 if symbolic is None else symbolic
        self._constants_as_nodes = rng.random() < 0.3
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: dict[str, onnx.TensorProto] = {}
        self._constants: dict[str, onnx.TensorProto] = {}
        self._inputs: list[onnx.ValueInfoProto] = []
        self._count = 0

    # --- sources

    def input(self, shape: Sequence[int], dtype: int = FLOAT) -> Value:
        name = "input" if not self._inputs else f"input_{len(self._inputs)}"
        self._inputs.append(helper.make_tensor_value_info(name, dtype, self._declared(shape)))
        return Value(name, tuple(shape), dtype)

    def const(self, array: Any, dtype: Any = np.float32) -> Value:
        """A constant; one in three models holds them as ``Constant`` nodes."""
        values = np.asarray(array, dtype=dtype)
        name = self._fresh("const")
        tensor = numpy_helper.from_array(values, name)
        self._constants[name] = tensor
        if self._constants_as_nodes:
            self._nodes.append(helper.make_node("Constant", [], [name], value=tensor))
        else:
            self._initializers[name] = tensor
        return Value(name, values.shape, tensor.data_type)

    def ints(self, values: Sequence[int] | np.ndarray | int) -> Value:
        return self.const(values, np.int64)

    def normal(self, *shape: int, scale: float = 0.3, offset: float = 0.0) -> np.ndarray:
        count = math.prod(shape)
        values = [offset + scale * self.rng.gauss(0, 1) for _ in range(count)]
        return np.array(values, dtype=np.float32).reshape(shape)

    def weight(self, *shape: int, scale: float = 0.3, offset: float = 0.0) -> Value:
        return self.const(self.normal(*shape, scale=scale, offset=offset))

    # --- nodes

    def add(self, op: str, *inputs: Value | None, **attributes: Any) -> Value:
        """Adds a node of the standard domain with one output."""
        return self.add_many(1, op, *inputs, **attributes)[0]

    def add_many(self, outputs: int, op: str, *inputs: Value | None, **attributes: Any) -> tuple[Value, ...]:
        """Adds a node with several outputs; None is an omitted optional input."""
        names = [value.name if value else "" for value in inputs]
        while names and not names[-1]:
            names.pop()
        produced = [self._fresh(op.lower()) for _ in range(outputs)]
        label = self._fresh(f"/{op}_") if self.rng.random() < 0.5 else ""
        node = helper.make_node(op, names, produced, name=label, **attributes)
        self._nodes.append(node)
        return tuple(self._infer(node, [value for value in inputs if value]))

    def model(self, *outputs: Value) -> onnx.ModelProto:
        """The finished model; where the batch is symbolic, it must be the first dimension of every output."""
        declared = [
            helper.make_tensor_value_info(value.name, value.dtype, self._declared(value.shape))
            for value in outputs
        ]
        graph = helper.make_graph(
            self._nodes, "main_graph", self._inputs, declared, list(self._initializers.values())
        )
        return helper.make_model(
            graph,
            producer_name=self.rng.choice(["pytorch", "keras2onnx", "skl2onnx", ""]),
            opset_imports=[helper.make_opsetid("", self.opset)],
            ir_version=8 if self.opset >= 15 else 7,
        )

    # --- forms that depend on the opset

    def axes_op(self, op: str, value: Value, axes: Sequence[int], since: int, **attributes: Any) -> Value:
        """An operator whose ``axes`` became an input in opset ``since``."""
        if self.opset >= since:
            return self.add(op, value, self.ints(list(axes)), **attributes)
        return self.add(op, value, axes=list(axes), **attributes)

    def squeeze(self, value: Value, axes: Sequence[int]) -> Value:
        return self.axes_op("Squeeze", value, axes, 13)

    def unsqueeze(self, value: Value, axes: Sequence[int]) -> Value:
        return self.axes_op("Unsqueeze", value, axes, 13)

    def reduce(self, op: str, value: Value, axes: Sequence[int], keepdims: int) -> Value:
        return self.axes_op(op, value, axes, 13 if op == "ReduceSum" else 18, keepdims=keepdims)

    def clip(self, value: Value, low: float | None, high: float | None) -> Value:
        if self.opset < 11:
            bounds = {"min": low, "max": high}
            return self.add("Clip", value, **{k: v for k, v in bounds.items() if v is not None})
        low_value = None if low is None else self.const(low)
        return self.add("Clip", value, low_value, None if high is None else self.const(high))

    def slice(self, value: Value, axis: int, start: int, end: int, step: int = 1) -> Value:
        if self.opset < 10:
            return self.add("Slice", value, axes=[axis], starts=[start], ends=[end])
        inputs = [self.ints([start]), self.ints([end]), self.ints([axis])]
        if step != 1 or self.rng.random() < 0.3:
            inputs.append(self.ints([step]))
        return self.add("Slice", value, *inputs)

    def pad(self, value: Value, pads: Sequence[int], mode: str = "constant") -> Value:
        if self.opset < 11:
            return self.add("Pad", value, pads=list(pads), mode=mode)
        fill = self.const(0.0) if self.rng.random() < 0.5 else None
        return self.add("Pad", value, self.ints(list(pads)), fill, mode=mode)

    def split(self, value: Value, axis: int, sizes: Sequence[int]) -> tuple[Value, ...]:
        if len(sizes) == 1:
            return (value,)
        if self.opset >= 13:
            return self.add_many(len(sizes), "Split", value, self.ints(list(sizes)), axis=axis)
        return self.add_many(len(sizes), "Split", value, axis=axis, split=list(sizes))

    def reshape(self, value: Value, shape: Sequence[int]) -> Value:
        return self.add("Reshape", value, self.ints(list(shape)))

    def flatten(self, value: Value) -> Value:
        """(N, ...) to (N, rest) in one of the ways exporters write it."""
        form = self.rng.choice(["Flatten", "Flatten", "rest", "batch", "shape"])
        if form == "Flatten":
            return self.add("Flatten", value, axis=1)
        rest = value.size // value.shape[0]
        if form == "rest":
            return self.reshape(value, [-1, rest])
        if form == "batch":
            return self.reshape(value, [0, -1])
        return self.reshape_by_shape(value, [None, -1])

    def reshape_by_shape(self, value: Value, shape: Sequence[int | None]) -> Value:
        """PyTorch's dynamic form: Shape, Gather, Unsqueeze, Concat, Reshape; None keeps that dimension."""
        parts = []
        for axis, size in enumerate(shape):
            if size is not None:
                parts.append(self.ints([size]))
                continue
            dimension = self.add("Gather", self.add("Shape", value), self.ints(axis), axis=0)
            parts.append(self.unsqueeze(dimension, [0]))
        target = self.add("Concat", *parts, axis=0)
        known = [value.shape[axis] if size is None else size for axis, size in enumerate(shape)]
        missing = value.size // -math.prod(known) if -1 in known else 1
        result = self.add("Reshape", value, target)
        return Value(result.name, tuple(missing if size == -1 else size for size in known), value.dtype)

    # --- internals

    def _declared(self, shape: Sequence[int]) -> list[int | str]:
        return [BATCH, *shape[1:]] if self.symbolic and shape and shape[0] == 1 else list(shape)

    def _fresh(self, stem: str) -> str:
        self._count += 1
        return f"{stem}{self._count}"

    def _infer(self, node: onnx.NodeProto, inputs: Sequence[Value]) -> list[Value]:
        """Shapes of a node's outputs from ONNX's own inference on that node alone."""
        declared = {value.name: value for value in inputs}
        graph = helper.make_graph(
            [node],
            "one",
            [helper.make_tensor_value_info(v.name, v.dtype, v.shape) for v in declared.values()],
            [helper.make_empty_tensor_value_info(name) for name in node.output],
            [self._constants[name] for name in declared if name in self._constants],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)])
        inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
        found = {info.name: info.type.tensor_type for info in inferred.graph.output}
        return [
            Value(name, tuple(d.dim_value for d in found[name].shape.dim), found[name].elem_type)
            for name in node.output
        ]
