"""Tiny ONNX models, one for each thing EZKL lays out in its own way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Build = Callable[[], onnx.ModelProto]


class Sketch:
    """A graph under construction; values are names."""

    def __init__(self, *shapes: tuple[int, ...], dtype: int = TensorProto.FLOAT) -> None:
        self.random = np.random.default_rng(7)
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.inputs = [
            helper.make_tensor_value_info(f"x{index}", dtype, shape) for index, shape in enumerate(shapes)
        ]

    def weights(self, *shape: int) -> str:
        """A constant of small random numbers."""
        return self.constant(self.random.normal(0, 0.3, shape).astype(np.float32))

    def constant(self, values: Any) -> str:
        """A constant."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def floats(self, *values: float) -> str:
        """A one-dimensional float constant."""
        return self.constant(np.array(values, dtype=np.float32))

    def ints(self, *values: int) -> str:
        """A one-dimensional integer constant."""
        return self.constant(np.array(values, dtype=np.int64))

    def add(self, operator: str, *inputs: str, outputs: int = 1, **attributes: Any) -> str:
        """A node; returns its first output."""
        names = [f"v{len(self.nodes)}_{slot}" for slot in range(outputs)]
        self.nodes.append(helper.make_node(operator, list(inputs), names, **attributes))
        return names[0]

    def model(self, *outputs: str) -> onnx.ModelProto:
        """The finished model."""
        infos = [helper.make_empty_tensor_value_info(name) for name in outputs]
        graph = helper.make_graph(self.nodes, "case", self.inputs, infos, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
        known = {info.name: info for info in (*inferred.graph.value_info, *inferred.graph.output)}
        del model.graph.output[:]
        model.graph.output.extend(known[name] for name in outputs)
        return model


def simple(
    operator: str, *shapes: tuple[int, ...], dtype: int = TensorProto.FLOAT, **attributes: Any
) -> Build:
    """One operator on its inputs."""

    def build() -> onnx.ModelProto:
        sketch = Sketch(*shapes, dtype=dtype)
        inputs = [f"x{index}" for index in range(len(shapes))]
        return sketch.model(sketch.add(operator, *inputs, **attributes))

    return build


def with_constants(
    operator: str, shape: tuple[int, ...], *constants: Callable[[Sketch], str], **attributes: Any
) -> Build:
    """One operator on an input and constants."""

    def build() -> onnx.ModelProto:
        sketch = Sketch(shape)
        others = [make(sketch) for make in constants]
        return sketch.model(sketch.add(operator, "x0", *others, **attributes))

    return build


def weights(*shape: int) -> Callable[[Sketch], str]:
    return lambda sketch: sketch.weights(*shape)


def floats(*values: float) -> Callable[[Sketch], str]:
    return lambda sketch: sketch.floats(*values)


def ints(*values: int) -> Callable[[Sketch], str]:
    return lambda sketch: sketch.ints(*values)


def array(values: Any) -> Callable[[Sketch], str]:
    return lambda sketch: sketch.constant(np.asarray(values))


_BOOL = TensorProto.BOOL


def _elementwise() -> Iterator[tuple[str, Build]]:
    shape = (1, 3, 4)
    for operator in ("Abs", "Sign", "Neg", "Relu", "Sqrt", "Reciprocal", "Log", "Floor", "Ceil", "Round"):
        yield operator.lower(), simple(operator, shape)
    for operator in ("Sigmoid", "Tanh", "Erf", "Exp", "Cos", "Sin", "Atan", "HardSwish", "Softplus"):
        yield operator.lower(), simple(operator, shape)
    yield "leaky_relu", simple("LeakyRelu", shape, alpha=0.25)
    for operator in ("Add", "Sub", "Mul", "Max", "Min"):
        yield f"{operator.lower()}_two", simple(operator, shape, shape)
    for operator in ("Add", "Sub", "Mul", "Min"):
        yield f"{operator.lower()}_constant", with_constants(operator, shape, weights(*shape))
    for operator in ("Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Equal"):
        yield operator.lower(), simple(operator, shape, shape)
    for operator in ("And", "Or", "Xor"):
        yield operator.lower(), simple(operator, (2, 3), (2, 3), dtype=_BOOL)
    yield "not", simple("Not", (2, 3), dtype=_BOOL)
    yield "clip", with_constants("Clip", shape, array(np.float32(-1)), array(np.float32(1)))
    yield "pow_3", with_constants("Pow", shape, array(np.float32(3)))
    yield "pow_half", with_constants("Pow", shape, array(np.float32(1.5)))
    yield "div_3", with_constants("Div", shape, array(np.float32(3)))
    yield "div_8", with_constants("Div", shape, array(np.float32(8)))
    yield "prelu", with_constants("PRelu", shape, weights(4))


def _shared_constant() -> onnx.ModelProto:
    sketch = Sketch((1, 4))
    shared = sketch.weights(1, 4)
    return sketch.model(sketch.add("Mul", sketch.add("Add", "x0", shared), shared))


def _where() -> onnx.ModelProto:
    sketch = Sketch((2, 3), (2, 3))
    return sketch.model(sketch.add("Where", sketch.add("Greater", "x0", "x1"), "x0", "x1"))


def _two_outputs() -> onnx.ModelProto:
    sketch = Sketch((1, 5))
    return sketch.model(sketch.add("Relu", "x0"), sketch.add("Neg", "x0"))


def _shapes() -> Iterator[tuple[str, Build]]:
    yield "reshape", with_constants("Reshape", (2, 6), ints(3, 4))
    yield "transpose", simple("Transpose", (2, 3, 4), perm=[0, 2, 1])
    yield "concat", simple("Concat", (2, 3), (2, 2), axis=1)
    yield "concat_constant", with_constants("Concat", (2, 3), weights(2, 2), axis=1)
    yield "pad", with_constants("Pad", (1, 2, 3, 3), ints(0, 0, 1, 0, 0, 0, 1, 2))
    yield "slice", with_constants("Slice", (2, 6), ints(1), ints(5), ints(1))
    yield "slice_strided", with_constants("Slice", (2, 6), ints(1), ints(6), ints(1), ints(2))
    yield "expand", with_constants("Expand", (1, 3), ints(4, 3))
    yield (
        "resize",
        with_constants(
            "Resize",
            (1, 1, 2, 2),
            floats(),
            floats(1, 1, 2, 3),
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        ),
    )
    yield "trilu_2d", simple("Trilu", (3, 3))
    yield "trilu_3d", simple("Trilu", (2, 3, 3), upper=0)
    yield "identity", simple("Identity", (2, 3))
    yield "where", _where
    yield "two_outputs", _two_outputs
    yield "shared_constant", _shared_constant


def _products() -> Iterator[tuple[str, Build]]:
    yield "matmul_row", with_constants("MatMul", (1, 5), weights(5, 4))
    yield "matmul_freivalds", with_constants("MatMul", (3, 5), weights(5, 4))
    yield "matmul_batched", simple("MatMul", (2, 3, 5), (2, 5, 4))
    yield "gemm_bias", with_constants("Gemm", (3, 5), weights(5, 4), weights(4))
    yield "einsum_three", simple("Einsum", (2, 3), (3, 3, 2), (2, 2), equation="bn,anm,bm->ba")
    yield "einsum_three_shared", simple("Einsum", (2, 3), (2, 4), (2, 5), equation="an,am,ak->nmk")
    yield "einsum_outer", simple("Einsum", (3,), (4,), equation="i,j->ij")
    yield "einsum_sum_alone", simple("Einsum", (2, 3), (3, 4), equation="ij,jk->i")
    yield (
        "conv",
        with_constants(
            "Conv", (1, 2, 5, 5), weights(3, 2, 3, 3), weights(3), pads=[1, 1, 1, 1], strides=[1, 1]
        ),
    )
    yield "conv_no_bias", with_constants("Conv", (1, 2, 5, 5), weights(3, 2, 2, 2), strides=[2, 2])
    yield (
        "conv_depthwise",
        with_constants("Conv", (1, 4, 4, 4), weights(4, 1, 3, 3), weights(4), group=4, strides=[1, 1]),
    )
    yield "conv_1d", with_constants("Conv", (1, 2, 7), weights(3, 2, 3), weights(3), strides=[1])
    yield (
        "conv_far_padding",
        with_constants("Conv", (1, 1, 4, 4), weights(1, 1, 2, 2), strides=[2, 2], pads=[0, 0, 1, 1]),
    )
    yield (
        "deconv",
        with_constants("ConvTranspose", (1, 2, 3, 3), weights(2, 3, 3, 3), weights(3), strides=[2, 2]),
    )
    yield (
        "deconv_padded",
        with_constants(
            "ConvTranspose",
            (1, 2, 3, 3),
            weights(2, 2, 3, 3),
            strides=[2, 2],
            pads=[1, 1, 1, 1],
            output_padding=[1, 1],
        ),
    )


def _reductions() -> Iterator[tuple[str, Build]]:
    for operator in ("ReduceMax", "ReduceMin", "ReduceMean", "ReduceProd", "ReduceL2", "ReduceSumSquare"):
        yield operator.lower(), simple(operator, (2, 3, 4), axes=[2], keepdims=1)
    yield "reduce_sum", with_constants("ReduceSum", (2, 3, 4), ints(1, 2))
    yield "reduce_max_single", simple("ReduceMax", (2, 1), axes=[1])
    yield "argmax", simple("ArgMax", (2, 5), axis=1)
    yield "argmin", simple("ArgMin", (2, 5), axis=1)
    yield "softmax", simple("Softmax", (2, 5), axis=1)
    yield "softmax_1d", simple("Softmax", (5,), axis=0)
    yield "softmax_first_axis", simple("Softmax", (3, 2, 4), axis=1)
    yield "topk", with_constants("TopK", (2, 6), ints(3), outputs=2, axis=1)
    yield "topk_1d", with_constants("TopK", (6,), ints(2), outputs=2, axis=0, largest=0)
    yield "max_pool", simple("MaxPool", (1, 2, 5, 5), kernel_shape=[2, 2], strides=[2, 2])
    yield (
        "max_pool_padded",
        simple("MaxPool", (1, 1, 4, 4), kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
    )
    yield "average_pool", simple("AveragePool", (1, 3, 5, 5), kernel_shape=[2, 2], strides=[1, 2])
    yield "global_average_pool", simple("GlobalAveragePool", (1, 3, 4, 4))


def _layer_norm() -> onnx.ModelProto:
    sketch = Sketch((1, 3, 4))
    gamma, beta = sketch.weights(4), sketch.weights(4)
    return sketch.model(sketch.add("LayerNormalization", "x0", gamma, beta, axis=-1))


def _with_index(
    operator: str, data: tuple[int, ...], index: tuple[int, ...], *more: tuple[int, ...], **attributes: Any
) -> Build:
    """An operator whose index is a second input of the model."""

    def build() -> onnx.ModelProto:
        sketch = Sketch(data)
        sketch.inputs.append(helper.make_tensor_value_info("x1", TensorProto.INT64, index))
        for position, shape in enumerate(more):
            sketch.inputs.append(helper.make_tensor_value_info(f"x{2 + position}", TensorProto.FLOAT, shape))
        names = ["x0", "x1", *(f"x{2 + position}" for position in range(len(more)))]
        return sketch.model(sketch.add(operator, *names, **attributes))

    return build


def _one_hot() -> onnx.ModelProto:
    sketch = Sketch((3,), dtype=TensorProto.INT64)
    depth = sketch.constant(np.int64(4))
    return sketch.model(sketch.add("OneHot", "x0", depth, sketch.floats(0, 1), axis=-1))


def _indexing() -> Iterator[tuple[str, Build]]:
    yield "gather_constant", with_constants("Gather", (4, 3), ints(0, 2), axis=0)
    yield "gather_from_constant", _embedding
    yield "gather", _with_index("Gather", (4, 3), (2,), axis=0)
    yield "gather_inner", _with_index("Gather", (2, 4, 3), (2,), axis=1)
    yield "gather_elements", _with_index("GatherElements", (3, 4), (2, 4), axis=0)
    yield "gather_elements_1d", _with_index("GatherElements", (5,), (3,), axis=0)
    yield (
        "gather_elements_constant",
        with_constants("GatherElements", (2, 3), array(np.array([[0, 2], [1, 1]])), axis=1),
    )
    yield "gather_nd", _with_index("GatherND", (3, 4), (2, 2))
    yield "gather_nd_slices", _with_index("GatherND", (3, 4, 2), (2, 1))
    yield "gather_nd_batch", _with_index("GatherND", (2, 2, 3), (2, 2, 1), batch_dims=1)
    yield "scatter_elements", _with_index("ScatterElements", (3, 4), (1, 4), (1, 4), axis=0)
    yield "scatter_elements_1d", _with_index("ScatterElements", (6,), (2,), (2,), axis=0)
    yield "scatter_elements_all_but_one", _with_index("ScatterElements", (4,), (3,), (3,), axis=0)
    yield "scatter_elements_all", _with_index("ScatterElements", (4,), (4,), (4,), axis=0)
    yield "scatter_nd", _with_index("ScatterND", (4, 2), (2, 1), (2, 2))
    yield "one_hot", _one_hot


def _embedding() -> onnx.ModelProto:
    sketch = Sketch((3,), dtype=TensorProto.INT64)
    return sketch.model(sketch.add("Gather", sketch.weights(5, 4), "x0", axis=0))


def _recurrent() -> Iterator[tuple[str, Build]]:
    for operator, gates in (("LSTM", 4), ("GRU", 3), ("RNN", 1)):
        yield operator.lower(), _recurrent_case(operator, gates)


def _recurrent_case(operator: str, gates: int) -> Build:
    def build() -> onnx.ModelProto:
        sketch = Sketch((6, 1, 2))
        inputs = [
            sketch.weights(1, gates * 3, 2),
            sketch.weights(1, gates * 3, 3),
            sketch.weights(1, gates * 6),
        ]
        return sketch.model(sketch.add(operator, "x0", *inputs, hidden_size=3))

    return build


def _mlp() -> onnx.ModelProto:
    sketch = Sketch((2, 6))
    hidden = sketch.add("Relu", sketch.add("Gemm", "x0", sketch.weights(6, 5), sketch.weights(5)))
    return sketch.model(
        sketch.add("Softmax", sketch.add("Gemm", hidden, sketch.weights(5, 3), sketch.weights(3)))
    )


def _attention() -> onnx.ModelProto:
    sketch = Sketch((1, 4, 6))
    query, key, value = (sketch.add("MatMul", "x0", sketch.weights(6, 6)) for _ in range(3))
    transposed = sketch.add("Transpose", key, perm=[0, 2, 1])
    scores = sketch.add("Softmax", sketch.add("MatMul", query, transposed), axis=-1)
    return sketch.model(sketch.add("MatMul", scores, value))


def all_models() -> dict[str, Build]:
    """Every case by name."""
    cases: dict[str, Build] = {}
    for family in (_elementwise, _shapes, _products, _reductions, _indexing, _recurrent):
        cases.update(family())
    cases.update({"mlp": _mlp, "attention": _attention, "layer_norm": _layer_norm})
    return cases
