"""A Llama-class decoder, by default of Llama 7B's 6,738,415,616 parameters.

The architecture is that of Touvron et al., "LLaMA" (2023), section 2.2: RMSNorm before each block, rotary
positions, SwiGLU, no biases.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto

from samples.graphs.graph import Graph

EPSILON = 1e-5
MASKED = -1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Sizes of a decoder; the defaults are Llama 7B's, with a short fixed sequence."""

    layers: int = 32
    hidden: int = 4096
    heads: int = 32
    intermediate: int = 11008
    vocabulary: int = 32000
    sequence: int = 8
    weights: bool = False


def llama(config: Config) -> onnx.ModelProto:
    """Token ids (1, sequence) to logits (1, sequence, vocabulary)."""
    if config.hidden % (2 * config.heads):
        raise ValueError("hidden must be a multiple of twice the heads")
    graph = Graph(config.weights)
    _shared_constants(graph, config)
    table = graph.weight("embed_tokens.weight", config.vocabulary, config.hidden)
    x = graph.add("Gather", table, "input_ids", name="embed_tokens", axis=0)
    for number in range(config.layers):
        x = _layer(graph, config, x, f"layers.{number}")
    x = _rms_norm(graph, x, "norm", config.hidden)
    graph.linear(x, "logits", config.hidden, config.vocabulary, bias=False)
    ids = (TensorProto.INT64, [1, config.sequence])
    return graph.model("llama", {"input_ids": ids}, {"logits": [1, config.sequence, config.vocabulary]})


def parameter_count(config: Config) -> int:
    """Trained numbers: embedding and head; per layer four projections, SwiGLU's three, two norms."""
    layer = 4 * config.hidden**2 + 3 * config.hidden * config.intermediate + 2 * config.hidden
    return config.layers * layer + 2 * config.vocabulary * config.hidden + config.hidden


def _shared_constants(graph: Graph, config: Config) -> None:
    graph.head_shapes(config.sequence, config.hidden, config.heads)
    head_width = config.hidden // config.heads
    half = head_width // 2
    frequencies = 10000.0 ** (-np.arange(half) / half)
    angles = np.outer(np.arange(config.sequence), np.concatenate([frequencies, frequencies]))
    graph.constant("rotary.cos", np.cos(angles)[None, None])
    graph.constant("rotary.sin", np.sin(angles)[None, None])
    graph.constant("causal_mask", np.triu(np.full((config.sequence, config.sequence), MASKED), 1)[None, None])
    graph.constant("two", 2.0)
    graph.constant("epsilon", EPSILON)
    for name, value in {"zero": 0, "half": half, "end": head_width, "last_axis": 3}.items():
        graph.constant(f"rotary.{name}", [value], np.int64)


def _layer(graph: Graph, config: Config, x: str, name: str) -> str:
    normal = _rms_norm(graph, x, f"{name}.input_norm", config.hidden)
    x = graph.add("Add", x, _attention(graph, config, normal, f"{name}.attention"), name=f"{name}.attended")
    normal = _rms_norm(graph, x, f"{name}.mlp_norm", config.hidden)
    fed = _feed_forward(graph, config, normal, f"{name}.mlp")
    return graph.add("Add", x, fed, name=f"{name}.out")


def _rms_norm(graph: Graph, x: str, name: str, width: int) -> str:
    """weight * x / sqrt(mean(x ** 2) + epsilon)."""
    square = graph.add("Pow", x, "two", name=f"{name}.square")
    mean = graph.add("ReduceMean", square, name=f"{name}.mean", axes=[-1], keepdims=1)
    root = graph.add("Sqrt", graph.add("Add", mean, "epsilon", name=f"{name}.shifted"), name=f"{name}.root")
    normal = graph.add("Mul", x, graph.add("Reciprocal", root, name=f"{name}.inverse"), name=f"{name}.normal")
    return graph.add("Mul", graph.weight(f"{name}.weight", width), normal, name=name)


def _attention(graph: Graph, config: Config, x: str, name: str) -> str:
    hidden = config.hidden
    q, k, v = (
        graph.heads(graph.linear(x, f"{name}.{part}", hidden, hidden, bias=False)) for part in ("q", "k", "v")
    )
    k = graph.add("Transpose", _rotary(graph, k), name=f"{k}.transposed", perm=[0, 1, 3, 2])
    scores = graph.add("MatMul", _rotary(graph, q), k, name=f"{name}.scores")
    scores = graph.add("Div", scores, "root_head_width", name=f"{name}.scaled")
    scores = graph.add("Add", scores, "causal_mask", name=f"{name}.masked")
    shares = graph.add("Softmax", scores, name=f"{name}.shares", axis=-1)
    mixed = graph.merged(graph.add("MatMul", shares, v, name=f"{name}.mixed"), name)
    return graph.linear(mixed, f"{name}.o", hidden, hidden, bias=False)


def _rotary(graph: Graph, x: str) -> str:
    """x cos + rotate_half(x) sin."""
    first = graph.add("Slice", x, "rotary.zero", "rotary.half", "rotary.last_axis", name=f"{x}.first")
    second = graph.add("Slice", x, "rotary.half", "rotary.end", "rotary.last_axis", name=f"{x}.second")
    negated = graph.add("Neg", second, name=f"{x}.negated")
    turned = graph.add("Concat", negated, first, name=f"{x}.turned", axis=3)
    cosine = graph.add("Mul", x, "rotary.cos", name=f"{x}.cosine")
    sine = graph.add("Mul", turned, "rotary.sin", name=f"{x}.sine")
    return graph.add("Add", cosine, sine, name=f"{x}.rotary")


def _feed_forward(graph: Graph, config: Config, x: str, name: str) -> str:
    """SwiGLU: down(silu(gate(x)) * up(x))."""
    hidden, intermediate = config.hidden, config.intermediate
    gate, up = (
        graph.linear(x, f"{name}.{part}", hidden, intermediate, bias=False) for part in ("gate", "up")
    )
    silu = graph.add("Mul", gate, graph.add("Sigmoid", gate, name=f"{name}.sigmoid"), name=f"{name}.silu")
    product = graph.add("Mul", silu, up, name=f"{name}.product")
    return graph.linear(product, f"{name}.down", intermediate, hidden, bias=False)
