"""LeNet-5 for 32 x 32 grey images, as it is built today.

LeCun et al., "Gradient-Based Learning Applied to Document Recognition" (1998), section II-B, with ReLU and
max-pooling, and a second convolution that reads all maps: 61,706 parameters in place of the original's
60,000, in which C3 reads only some.
"""

from __future__ import annotations

from dataclasses import dataclass

import onnx
from onnx import TensorProto

from samples.graphs.graph import Graph


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """LeNet-5 has one size."""

    weights: bool = False


def lenet5(config: Config) -> onnx.ModelProto:
    """An image (1, 1, 32, 32) to scores (1, 10)."""
    graph = Graph(config.weights)
    x = "image"
    for name, inputs, outputs in (("c1", 1, 6), ("c3", 6, 16)):
        x = graph.conv(x, name, inputs, outputs, kernel=5, padding=0)
        x = graph.max_pool(graph.add("Relu", x, name=f"{name}.relu"), f"{name}.pool", kernel=2, stride=2)
    x = graph.add("Flatten", x, name="flat", axis=1)
    for name, inputs, outputs in (("c5", 400, 120), ("f6", 120, 84)):
        x = graph.add("Relu", graph.gemm(x, name, inputs, outputs), name=f"{name}.relu")
    graph.gemm(x, "scores", 84, 10)
    return graph.model("lenet5", {"image": (TensorProto.FLOAT, [1, 1, 32, 32])}, {"scores": [1, 10]})
