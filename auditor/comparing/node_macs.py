"""Multiply-accumulates as ONNX's own nodes say them, for models of which EZKL makes no circuit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

from auditor.model import Model, NodeDef

Shapes = Mapping[str, tuple[int, ...]]

OPAQUE = frozenset({
    "Attention", "ConvInteger", "DFT", "DeformConv", "Einsum", "GRU", "If", "LSTM", "LinearAttention", "Loop",
    "MatMulInteger", "QLinearConv", "QLinearMatMul", "RNN", "STFT", "Scan",
})  # fmt: skip
"""Operators with products that are not counted here; those of other domains are none of ONNX's."""


def node_macs(model: Model, shapes: Shapes) -> int | None:
    """The products of convolutions and matrices; None where others may be hidden, or a shape is missing.

    ``shapes`` are those of :func:`auditor.value_shapes.value_shapes`.
    """
    known = {name: data.shape for name, data in model.graph.initializers.items()} | dict(shapes)
    total = 0
    for node in model.graph.nodes:
        if node.domain not in ("", "ai.onnx") or node.op_type in OPAQUE:
            return None
        count = _COUNTED.get(node.op_type)
        if count is None:
            continue
        names = (*node.inputs[:2], node.outputs[0])
        if any(name not in known for name in names):
            return None
        total += count(node, *(known[name] for name in names))
    return total


def _conv(node: NodeDef, x: tuple[int, ...], kernel: tuple[int, ...], y: tuple[int, ...]) -> int:
    """Each output meets one window of the channels of its group: kernels are (M, C / group, ...)."""
    return prod(y) * prod(kernel[1:])


def _conv_transpose(node: NodeDef, x: tuple[int, ...], kernel: tuple[int, ...], y: tuple[int, ...]) -> int:
    """Each input meets one window for the outputs of its group: kernels are (C, M / group, ...)."""
    return prod(x) * prod(kernel[1:])


def _gemm(node: NodeDef, a: tuple[int, ...], b: tuple[int, ...], y: tuple[int, ...]) -> int:
    return prod(y) * (a[0] if node.attributes.get("transA") else a[-1])


def _mat_mul(node: NodeDef, a: tuple[int, ...], b: tuple[int, ...], y: tuple[int, ...]) -> int:
    return prod(y) * a[-1]


_COUNTED: Mapping[str, Callable[[NodeDef, tuple[int, ...], tuple[int, ...], tuple[int, ...]], int]] = {
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "Gemm": _gemm,
    "MatMul": _mat_mul,
}
