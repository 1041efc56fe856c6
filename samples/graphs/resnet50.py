"""ResNet-50 v1.5: the stride lies in the 3 x 3 convolution of a block, as in torchvision.

He et al., "Deep Residual Learning for Image Recognition" (2015), table 1. 25,557,032 parameters; batch
normalisation is folded into the convolutions, which leaves 25,530,472.
"""

from __future__ import annotations

from dataclasses import dataclass

import onnx
from onnx import TensorProto

from samples.graphs.graph import Graph

STAGES = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))
"""Width of the 3 x 3 convolutions, blocks, stride of the first block."""

EXPANSION = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """``size`` is the side of the image in pixels."""

    size: int = 224
    classes: int = 1000
    weights: bool = False


def resnet50(config: Config) -> onnx.ModelProto:
    """An image (1, 3, size, size) to scores (1, classes)."""
    graph = Graph(config.weights)
    x = _conv_relu(graph, "image", "conv1", 3, 64, kernel=7, stride=2)
    x = graph.max_pool(x, "maxpool", kernel=3, stride=2, padding=1)
    channels = 64
    for number, (width, blocks, stride) in enumerate(STAGES, start=1):
        for block in range(blocks):
            x = _bottleneck(graph, x, f"layer{number}.{block}", channels, width, stride if block == 0 else 1)
            channels = EXPANSION * width
    graph.classify(x, "scores", channels, config.classes)
    image = (TensorProto.FLOAT, [1, 3, config.size, config.size])
    return graph.model("resnet50", {"image": image}, {"scores": [1, config.classes]})


def _bottleneck(graph: Graph, x: str, name: str, inputs: int, width: int, stride: int) -> str:
    outputs = EXPANSION * width
    y = _conv_relu(graph, x, f"{name}.conv1", inputs, width, kernel=1)
    y = _conv_relu(graph, y, f"{name}.conv2", width, width, kernel=3, stride=stride)
    y = graph.conv(y, f"{name}.conv3", width, outputs, kernel=1)
    if inputs != outputs:
        x = graph.conv(x, f"{name}.downsample", inputs, outputs, kernel=1, stride=stride)
    return graph.add("Relu", graph.add("Add", y, x, name=f"{name}.sum"), name=f"{name}.out")


def _conv_relu(
    graph: Graph, x: str, name: str, inputs: int, outputs: int, *, kernel: int, stride: int = 1
) -> str:
    convolved = graph.conv(x, name, inputs, outputs, kernel=kernel, stride=stride)
    return graph.add("Relu", convolved, name=f"{name}.relu")
