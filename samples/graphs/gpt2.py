"""GPT-2, 124M: 124,439,808 parameters, with the head tied to the token embedding.

Radford et al., "Language Models are Unsupervised Multitask Learners" (2019), section 2.3; the nodes are those
of Hugging Face's ``GPT2LMHeadModel`` with eager attention and without its cache. Masked scores are -10,000,
as they were there at first; later versions write the least float, which no fixed-point number holds. The
exporter stores the head a second time, transposed; here it is the embedding with a Transpose.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto

from samples.graphs.graph import Graph

EPSILON = 1e-5
MASKED = -10_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Sizes of a decoder; ``sequence`` is the number of tokens in one pass."""

    layers: int = 12
    hidden: int = 768
    heads: int = 12
    vocabulary: int = 50257
    positions: int = 1024
    sequence: int = 32
    weights: bool = False


def gpt2(config: Config) -> onnx.ModelProto:
    """Token ids (1, sequence) to logits (1, sequence, vocabulary)."""
    graph = Graph(config.weights)
    _constants(graph, config)
    hidden = config.hidden
    words = graph.weight("wte.weight", config.vocabulary, hidden)
    places = graph.weight("wpe.weight", config.positions, hidden)
    x = graph.add(
        "Add",
        graph.add("Gather", words, "input_ids", name="wte", axis=0),
        graph.add("Gather", places, "position_ids", name="wpe", axis=0),
        name="embedded",
    )
    for number in range(config.layers):
        x = _block(graph, config, x, f"h.{number}")
    x = graph.layer_norm(x, "ln_f", hidden, EPSILON)
    head = graph.add("Transpose", words, name="lm_head", perm=[1, 0])
    graph.add("MatMul", x, head, name="logits")
    ids = (TensorProto.INT64, [1, config.sequence])
    return graph.model("gpt2", {"input_ids": ids}, {"logits": [1, config.sequence, config.vocabulary]})


def _constants(graph: Graph, config: Config) -> None:
    length = config.sequence
    graph.head_shapes(length, config.hidden, config.heads)
    graph.constant("position_ids", np.arange(length)[None], np.int64)
    graph.constant("causal_mask", np.tril(np.ones((1, 1, length, length))), np.bool_)
    gelu = {"half": 0.5, "one": 1.0, "three": 3.0, "cubed": 0.044715, "root": math.sqrt(2.0 / math.pi)}
    for name, value in {"masked": MASKED, **gelu}.items():
        graph.constant(name, value)
    for name, factor in {"rows": 1, "rows.c_attn": 3, "rows.c_fc": 4}.items():
        graph.constant(f"{name}.flat", [-1, factor * config.hidden], np.int64)
        graph.constant(f"{name}.tokens", [1, length, factor * config.hidden], np.int64)


def _block(graph: Graph, config: Config, x: str, name: str) -> str:
    hidden = config.hidden
    normal = graph.layer_norm(x, f"{name}.ln_1", hidden, EPSILON)
    x = graph.add("Add", _attention(graph, config, normal, f"{name}.attn"), x, name=f"{name}.attended")
    normal = graph.layer_norm(x, f"{name}.ln_2", hidden, EPSILON)
    fed = _gelu(graph, _dense(graph, normal, f"{name}.mlp.c_fc", hidden, 4 * hidden, ("rows", "rows.c_fc")))
    fed = _dense(graph, fed, f"{name}.mlp.c_proj", 4 * hidden, hidden, ("rows.c_fc", "rows"))
    return graph.add("Add", x, fed, name=f"{name}.out")


def _dense(graph: Graph, x: str, name: str, inputs: int, outputs: int, shapes: tuple[str, str]) -> str:
    """Hugging Face's ``Conv1D``: a Gemm over all tokens as rows. ``shapes`` are those before and after."""
    rows = graph.add("Reshape", x, f"{shapes[0]}.flat", name=f"{name}.rows")
    weight, bias = graph.weight(f"{name}.weight", inputs, outputs), graph.weight(f"{name}.bias", outputs)
    product = graph.add("Gemm", rows, weight, bias, name=f"{name}.product")
    return graph.add("Reshape", product, f"{shapes[1]}.tokens", name=name)


def _attention(graph: Graph, config: Config, x: str, name: str) -> str:
    hidden = config.hidden
    joint = _dense(graph, x, f"{name}.c_attn", hidden, 3 * hidden, ("rows", "rows.c_attn"))
    q, k, v = graph.split(joint, parts=3, axis=2)
    scores = graph.add("MatMul", graph.heads(q), graph.heads(k, perm=(0, 2, 3, 1)), name=f"{name}.scores")
    scores = graph.add("Div", scores, "root_head_width", name=f"{name}.scaled")
    scores = graph.add("Where", "causal_mask", scores, "masked", name=f"{name}.causal")
    shares = graph.add("Softmax", scores, name=f"{name}.shares", axis=-1)
    mixed = graph.merged(graph.add("MatMul", shares, graph.heads(v), name=f"{name}.mixed"), name)
    return _dense(graph, mixed, f"{name}.c_proj", hidden, hidden, ("rows", "rows"))


def _gelu(graph: Graph, x: str) -> str:
    """x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))."""
    cube = graph.add("Pow", x, "three", name=f"{x}.cube")
    inner = graph.add("Add", x, graph.add("Mul", cube, "cubed", name=f"{x}.term"), name=f"{x}.inner")
    tanh = graph.add("Tanh", graph.add("Mul", inner, "root", name=f"{x}.scaled"), name=f"{x}.tanh")
    half = graph.add("Mul", x, "half", name=f"{x}.half")
    return graph.add("Mul", half, graph.add("Add", tanh, "one", name=f"{x}.shifted"), name=f"{x}.gelu")
