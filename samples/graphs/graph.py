"""A graph under construction, and the blocks that several architectures share."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
EXTERNAL_FILE = "weights.bin"
TRAINED = (".weight", ".bias")
"""How the names of trained tensors end, as in PyTorch; all other constants belong to the architecture."""


@dataclass(slots=True)
class Graph:
    """Nodes and tensors as they are added; values are passed by name.

    ``weights`` fills trained tensors with random numbers; without, they are declared in an absent file.
    """

    weights: bool
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    tensors: list[onnx.TensorProto] = field(default_factory=list)
    external_bytes: int = 0
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    def add(self, op: str, *inputs: str, name: str, **attributes: Any) -> str:
        """A node of one output; both are called ``name``."""
        self.nodes.append(helper.make_node(op, list(inputs), [name], name=f"{name}/{op}", **attributes))
        return name

    def split(self, x: str, *, parts: int, axis: int) -> list[str]:
        """Equal parts along an axis."""
        outputs = [f"{x}.part{number}" for number in range(parts)]
        self.nodes.append(helper.make_node("Split", [x], outputs, name=f"{x}/Split", axis=axis))
        return outputs

    def constant(
        self, name: str, values: float | Sequence[float] | np.ndarray, dtype: type = np.float32
    ) -> str:
        """A tensor that belongs to the architecture and is always in the file."""
        self.tensors.append(numpy_helper.from_array(np.asarray(values, dtype=dtype), name))
        return name

    def weight(self, name: str, *shape: int) -> str:
        """A trained tensor: random here, or declared at the next offset of the absent file."""
        if self.weights:
            return self.constant(name, self.rng.normal(0.0, 1.0 / math.sqrt(shape[0]), shape))
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape)
        tensor.data_location = TensorProto.EXTERNAL
        length_bytes = 4 * math.prod(shape)
        place = {"location": EXTERNAL_FILE, "offset": str(self.external_bytes), "length": str(length_bytes)}
        for key, value in place.items():
            tensor.external_data.add(key=key, value=value)
        self.external_bytes += length_bytes
        self.tensors.append(tensor)
        return name

    def linear(self, x: str, name: str, inputs: int, outputs: int, *, bias: bool = True) -> str:
        """``nn.Linear`` of a tensor with more than two axes: MatMul, and Add for the bias."""
        weight = self.weight(f"{name}.weight", inputs, outputs)
        if not bias:
            return self.add("MatMul", x, weight, name=name)
        product = self.add("MatMul", x, weight, name=f"{name}.unbiased")
        return self.add("Add", self.weight(f"{name}.bias", outputs), product, name=name)

    def gemm(self, x: str, name: str, inputs: int, outputs: int) -> str:
        """``nn.Linear`` of a matrix."""
        weight, bias = self.weight(f"{name}.weight", outputs, inputs), self.weight(f"{name}.bias", outputs)
        return self.add("Gemm", x, weight, bias, name=name, transB=1)

    def conv(
        self, x: str, name: str, inputs: int, outputs: int, *, kernel: int, stride: int = 1, groups: int = 1,
        padding: int | None = None,
    ) -> str:  # fmt: skip
        """A square convolution with a bias: its own, or that of the batch normalisation folded into it.

        Padding keeps the size of the image, unless it is given.
        """
        weight = self.weight(f"{name}.weight", outputs, inputs // groups, kernel, kernel)
        bias = self.weight(f"{name}.bias", outputs)
        side = kernel // 2 if padding is None else padding
        return self.add(
            "Conv", x, weight, bias, name=name, kernel_shape=[kernel] * 2, strides=[stride] * 2,
            pads=[side] * 4, dilations=[1, 1], group=groups,
        )  # fmt: skip

    def max_pool(self, x: str, name: str, *, kernel: int, stride: int, padding: int = 0) -> str:
        """A square max-pool."""
        return self.add(
            "MaxPool", x, name=name, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[padding] * 4
        )

    def classify(self, x: str, name: str, channels: int, classes: int) -> str:
        """The mean over the image, and a linear layer: how image classifiers end."""
        flat = self.add("Flatten", self.add("GlobalAveragePool", x, name="pool"), name="flat", axis=1)
        return self.gemm(flat, name, channels, classes)

    def layer_norm(self, x: str, name: str, width: int, epsilon: float) -> str:
        """Over the last axis."""
        weight, bias = self.weight(f"{name}.weight", width), self.weight(f"{name}.bias", width)
        return self.add("LayerNormalization", x, weight, bias, name=name, axis=-1, epsilon=epsilon)

    def heads(self, x: str, perm: Sequence[int] = (0, 2, 1, 3)) -> str:
        """(1, T, H * D) to (1, H, T, D), or with another permutation; needs :meth:`head_shapes`."""
        split = self.add("Reshape", x, "split_heads", name=f"{x}.split")
        return self.add("Transpose", split, name=f"{x}.heads", perm=list(perm))

    def merged(self, x: str, name: str) -> str:
        """(1, H, T, D) to (1, T, H * D)."""
        turned = self.add("Transpose", x, name=f"{name}.time_first", perm=[0, 2, 1, 3])
        return self.add("Reshape", turned, "merge_heads", name=f"{name}.merged")

    def head_shapes(self, sequence: int, hidden: int, heads: int) -> None:
        """The constants of attention: its two shapes, and the root by which scores are divided."""
        if hidden % heads:
            raise ValueError("hidden must be a multiple of the heads")
        self.constant("split_heads", [1, sequence, heads, hidden // heads], np.int64)
        self.constant("merge_heads", [1, sequence, hidden], np.int64)
        self.constant("root_head_width", math.sqrt(hidden // heads))

    def model(
        self, name: str, inputs: Mapping[str, tuple[int, Sequence[int]]], outputs: Mapping[str, Sequence[int]]
    ) -> onnx.ModelProto:
        """The finished model. Inputs are (ONNX element type, shape), outputs are floats."""
        return helper.make_model(
            helper.make_graph(
                self.nodes,
                name,
                [helper.make_tensor_value_info(key, kind, shape) for key, (kind, shape) in inputs.items()],
                [helper.make_tensor_value_info(key, TensorProto.FLOAT, s) for key, s in outputs.items()],
                self.tensors,
            ),
            producer_name="auditor-samples",
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=8,
        )


def trained_parameters(model: onnx.ModelProto) -> int:
    """Trained numbers in a model of this package: without masks, shapes and other fixed constants."""
    return sum(math.prod(one.dims) for one in model.graph.initializer if one.name.endswith(TRAINED))


def folded_channels(model: onnx.ModelProto) -> int:
    """Channels of all convolutions. Where batch normalisation was folded, each has one number (a bias) in the
    place of two (its scale and shift), so the unfolded model has as many parameters more."""
    convolutions = {node.name.removesuffix("/Conv") for node in model.graph.node if node.op_type == "Conv"}
    return sum(
        one.dims[0] for one in model.graph.initializer if one.name.removesuffix(".bias") in convolutions
    )
