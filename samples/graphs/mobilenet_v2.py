"""MobileNetV2 1.0, as in torchvision.

Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks" (2018), table 2. 3,504,872
parameters; batch normalisation is folded into the convolutions, which leaves 3,487,816.
"""

from __future__ import annotations

from dataclasses import dataclass

import onnx
from onnx import TensorProto

from samples.graphs.graph import Graph

STAGES = (
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
)  # fmt: skip
"""Expansion, channels, blocks, stride of the first block: t, c, n, s of table 2."""

FIRST, LAST = 32, 1280


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """``size`` is the side of the image in pixels."""

    size: int = 224
    classes: int = 1000
    weights: bool = False


def mobilenet_v2(config: Config) -> onnx.ModelProto:
    """An image (1, 3, size, size) to scores (1, classes)."""
    graph = Graph(config.weights)
    graph.constant("zero", 0.0)
    graph.constant("six", 6.0)
    x = _conv_relu6(graph, "image", "features.0", 3, FIRST, kernel=3, stride=2)
    channels, number = FIRST, 1
    for expansion, outputs, blocks, stride in STAGES:
        for block in range(blocks):
            step = stride if block == 0 else 1
            x = _inverted_residual(graph, x, f"features.{number}", channels, outputs, expansion, step)
            channels, number = outputs, number + 1
    x = _conv_relu6(graph, x, f"features.{number}", channels, LAST, kernel=1)
    graph.classify(x, "scores", LAST, config.classes)
    image = (TensorProto.FLOAT, [1, 3, config.size, config.size])
    return graph.model("mobilenet_v2", {"image": image}, {"scores": [1, config.classes]})


def _inverted_residual(
    graph: Graph, x: str, name: str, inputs: int, outputs: int, expansion: int, stride: int
) -> str:
    hidden = inputs * expansion
    y = x if expansion == 1 else _conv_relu6(graph, x, f"{name}.expand", inputs, hidden, kernel=1)
    y = _conv_relu6(graph, y, f"{name}.depthwise", hidden, hidden, kernel=3, stride=stride, groups=hidden)
    y = graph.conv(y, f"{name}.project", hidden, outputs, kernel=1)
    return graph.add("Add", x, y, name=f"{name}.out") if stride == 1 and inputs == outputs else y


def _conv_relu6(
    graph: Graph, x: str, name: str, inputs: int, outputs: int, *, kernel: int, stride: int = 1,
    groups: int = 1,
) -> str:  # fmt: skip
    convolved = graph.conv(x, name, inputs, outputs, kernel=kernel, stride=stride, groups=groups)
    return graph.add("Clip", convolved, "zero", "six", name=f"{name}.relu6")
