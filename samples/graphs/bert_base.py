"""BERT-base-uncased with its pooler: 109,482,240 parameters.

Devlin et al., "BERT" (2019), section 3; the nodes are those of Hugging Face's ``BertModel`` with eager
attention. All tokens are of the first segment and none is padding: there is no mask, and no input for either.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto

from samples.graphs.graph import Graph

EPSILON = 1e-12
SEGMENTS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Sizes of an encoder; ``sequence`` is the number of tokens."""

    layers: int = 12
    hidden: int = 768
    heads: int = 12
    intermediate: int = 3072
    vocabulary: int = 30522
    positions: int = 512
    sequence: int = 128
    weights: bool = False


def bert_base(config: Config) -> onnx.ModelProto:
    """Token ids (1, sequence) to the last hidden state (1, sequence, hidden) and the pooled (1, hidden)."""
    graph = Graph(config.weights)
    graph.head_shapes(config.sequence, config.hidden, config.heads)
    for name, value in {"root_two": math.sqrt(2.0), "one": 1.0, "half": 0.5}.items():
        graph.constant(name, value)
    x = _embedding(graph, config)
    for number in range(config.layers):
        x = _layer(graph, config, x, f"layer.{number}", last=number == config.layers - 1)
    graph.constant("first_token", 0, np.int64)
    first = graph.add("Gather", x, "first_token", name="pooler.first", axis=1)
    pooled = graph.gemm(first, "pooler.dense", config.hidden, config.hidden)
    graph.add("Tanh", pooled, name="pooler_output")
    return graph.model(
        "bert_base",
        {"input_ids": (TensorProto.INT64, [1, config.sequence])},
        {"last_hidden_state": [1, config.sequence, config.hidden], "pooler_output": [1, config.hidden]},
    )


def _embedding(graph: Graph, config: Config) -> str:
    """Words, segments and positions; ids of the last two are fixed."""
    graph.constant("token_type_ids", np.zeros((1, config.sequence)), np.int64)
    graph.constant("position_ids", np.arange(config.sequence)[None], np.int64)
    rows = {"word": config.vocabulary, "token_type": SEGMENTS, "position": config.positions}
    ids = {"word": "input_ids", "token_type": "token_type_ids", "position": "position_ids"}
    words, segments, positions = (
        graph.add(
            "Gather", graph.weight(f"{kind}_embeddings.weight", count, config.hidden), ids[kind],
            name=f"{kind}_embeddings", axis=0,
        )
        for kind, count in rows.items()
    )  # fmt: skip
    x = graph.add("Add", words, segments, name="embeddings.typed")
    x = graph.add("Add", x, positions, name="embeddings.placed")
    return graph.layer_norm(x, "embeddings.norm", config.hidden, EPSILON)


def _layer(graph: Graph, config: Config, x: str, name: str, *, last: bool) -> str:
    hidden, intermediate = config.hidden, config.intermediate
    x = graph.add("Add", _attention(graph, config, x, f"{name}.attention"), x, name=f"{name}.attended")
    x = graph.layer_norm(x, f"{name}.attention.norm", hidden, EPSILON)
    fed = _gelu(graph, graph.linear(x, f"{name}.intermediate", hidden, intermediate))
    fed = graph.linear(fed, f"{name}.output", intermediate, hidden)
    x = graph.add("Add", fed, x, name=f"{name}.sum")
    return graph.layer_norm(x, "last_hidden_state" if last else f"{name}.norm", hidden, EPSILON)


def _attention(graph: Graph, config: Config, x: str, name: str) -> str:
    hidden = config.hidden
    q, k, v = (graph.linear(x, f"{name}.{part}", hidden, hidden) for part in ("query", "key", "value"))
    scores = graph.add("MatMul", graph.heads(q), graph.heads(k, perm=(0, 2, 3, 1)), name=f"{name}.scores")
    scaled = graph.add("Div", scores, "root_head_width", name=f"{name}.scaled")
    shares = graph.add("Softmax", scaled, name=f"{name}.shares", axis=-1)
    mixed = graph.merged(graph.add("MatMul", shares, graph.heads(v), name=f"{name}.mixed"), name)
    return graph.linear(mixed, f"{name}.dense", hidden, hidden)


def _gelu(graph: Graph, x: str) -> str:
    """x (1 + erf(x / sqrt 2)) / 2."""
    erf = graph.add("Erf", graph.add("Div", x, "root_two", name=f"{x}.scaled"), name=f"{x}.erf")
    product = graph.add("Mul", x, graph.add("Add", erf, "one", name=f"{x}.shifted"), name=f"{x}.product")
    return graph.add("Mul", product, "half", name=f"{x}.gelu")
