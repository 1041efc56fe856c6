"""A Llama-class decoder graph, by default of 7B parameters and without weights: a file of kilobytes.

    python -m samples.llama llama.onnx                      # 32 layers, weights declared but absent
    python -m samples.llama tiny.onnx --layers 1 --hidden 16 --heads 2 --weights

The architecture is that of Touvron et al., "LLaMA" (2023), section 2.2: RMSNorm before each block, rotary
positions, SwiGLU, no biases. Weights are ONNX external data whose file does not exist, so the graph says
every shape and no value. With ``--weights`` they are random and inside, for models small enough to run.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
EXTERNAL_FILE = "llama-weights.bin"
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
    length: int = 8
    weights: bool = False

    @property
    def head_width(self) -> int:
        return self.hidden // self.heads


@dataclass(slots=True)
class _Graph:
    """Nodes and tensors as they are added; values are passed by name."""

    config: Config
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    tensors: list[onnx.TensorProto] = field(default_factory=list)
    external_bytes: int = 0
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    def add(self, op: str, *inputs: str, name: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(op, list(inputs), [name], name=f"{name}/{op}", **attributes))
        return name

    def constant(
        self, name: str, values: float | Sequence[float] | np.ndarray, dtype: type = np.float32
    ) -> str:
        self.tensors.append(numpy_helper.from_array(np.asarray(values, dtype=dtype), name))
        return name

    def weight(self, name: str, *shape: int) -> str:
        """A trained tensor: random here, or declared at the next offset of the absent file."""
        if self.config.weights:
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

    def linear(self, x: str, name: str, inputs: int, outputs: int) -> str:
        return self.add("MatMul", x, self.weight(f"{name}.weight", inputs, outputs), name=name)


def decoder(config: Config) -> onnx.ModelProto:
    """Token ids (1, length) to logits (1, length, vocabulary)."""
    if config.hidden % (2 * config.heads):
        raise ValueError("hidden must be a multiple of twice the heads")
    graph = _Graph(config)
    _shared_constants(graph)
    table = graph.weight("embed_tokens.weight", config.vocabulary, config.hidden)
    x = graph.add("Gather", table, "input_ids", name="embed_tokens", axis=0)
    for number in range(config.layers):
        x = _layer(graph, x, f"layers.{number}")
    x = _rms_norm(graph, x, "norm")
    graph.linear(x, "logits", config.hidden, config.vocabulary)
    return helper.make_model(
        helper.make_graph(
            graph.nodes,
            "llama",
            [helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, config.length])],
            [
                helper.make_tensor_value_info(
                    "logits", TensorProto.FLOAT, [1, config.length, config.vocabulary]
                )
            ],
            graph.tensors,
        ),
        producer_name="auditor-samples",
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=8,
    )


def parameter_count(config: Config) -> int:
    """Trained numbers: embedding and head; per layer four projections, SwiGLU's three, two norms."""
    layer = 4 * config.hidden**2 + 3 * config.hidden * config.intermediate + 2 * config.hidden
    return config.layers * layer + 2 * config.vocabulary * config.hidden + config.hidden


def _shared_constants(graph: _Graph) -> None:
    config = graph.config
    half = config.head_width // 2
    frequencies = 10000.0 ** (-np.arange(half) / half)
    angles = np.outer(np.arange(config.length), np.concatenate([frequencies, frequencies]))
    graph.constant("rotary.cos", np.cos(angles)[None, None])
    graph.constant("rotary.sin", np.sin(angles)[None, None])
    graph.constant("causal_mask", np.triu(np.full((config.length, config.length), MASKED), 1)[None, None])
    graph.constant("two", 2.0)
    graph.constant("epsilon", EPSILON)
    graph.constant("root_head_width", math.sqrt(config.head_width))
    graph.constant("split_heads", [1, config.length, config.heads, config.head_width], np.int64)
    graph.constant("merge_heads", [1, config.length, config.hidden], np.int64)
    for name, value in {"zero": 0, "half": half, "end": config.head_width, "last_axis": 3}.items():
        graph.constant(f"rotary.{name}", [value], np.int64)


def _layer(graph: _Graph, x: str, name: str) -> str:
    attended = _attention(graph, _rms_norm(graph, x, f"{name}.input_norm"), f"{name}.attention")
    x = graph.add("Add", x, attended, name=f"{name}.attended")
    fed = _feed_forward(graph, _rms_norm(graph, x, f"{name}.mlp_norm"), f"{name}.mlp")
    return graph.add("Add", x, fed, name=f"{name}.out")


def _rms_norm(graph: _Graph, x: str, name: str) -> str:
    """weight * x / sqrt(mean(x ** 2) + epsilon)."""
    square = graph.add("Pow", x, "two", name=f"{name}.square")
    mean = graph.add("ReduceMean", square, name=f"{name}.mean", axes=[-1], keepdims=1)
    root = graph.add("Sqrt", graph.add("Add", mean, "epsilon", name=f"{name}.shifted"), name=f"{name}.root")
    normal = graph.add("Mul", x, graph.add("Reciprocal", root, name=f"{name}.inverse"), name=f"{name}.normal")
    return graph.add("Mul", graph.weight(f"{name}.weight", graph.config.hidden), normal, name=name)


def _attention(graph: _Graph, x: str, name: str) -> str:
    hidden = graph.config.hidden
    q, k, v = (_heads(graph, graph.linear(x, f"{name}.{part}", hidden, hidden)) for part in ("q", "k", "v"))
    k = graph.add("Transpose", _rotary(graph, k), name=f"{k}.transposed", perm=[0, 1, 3, 2])
    scores = graph.add("MatMul", _rotary(graph, q), k, name=f"{name}.scores")
    scores = graph.add("Div", scores, "root_head_width", name=f"{name}.scaled")
    scores = graph.add("Add", scores, "causal_mask", name=f"{name}.masked")
    shares = graph.add("Softmax", scores, name=f"{name}.shares", axis=-1)
    mixed = graph.add("MatMul", shares, v, name=f"{name}.mixed")
    mixed = graph.add("Transpose", mixed, name=f"{name}.time_first", perm=[0, 2, 1, 3])
    mixed = graph.add("Reshape", mixed, "merge_heads", name=f"{name}.merged")
    return graph.linear(mixed, f"{name}.o", hidden, hidden)


def _heads(graph: _Graph, x: str) -> str:
    """(1, T, H * D) to (1, H, T, D)."""
    split = graph.add("Reshape", x, "split_heads", name=f"{x}.split")
    return graph.add("Transpose", split, name=f"{x}.heads", perm=[0, 2, 1, 3])


def _rotary(graph: _Graph, x: str) -> str:
    """x cos + rotate_half(x) sin."""
    first = graph.add("Slice", x, "rotary.zero", "rotary.half", "rotary.last_axis", name=f"{x}.first")
    second = graph.add("Slice", x, "rotary.half", "rotary.end", "rotary.last_axis", name=f"{x}.second")
    negated = graph.add("Neg", second, name=f"{x}.negated")
    turned = graph.add("Concat", negated, first, name=f"{x}.turned", axis=3)
    cosine = graph.add("Mul", x, "rotary.cos", name=f"{x}.cosine")
    sine = graph.add("Mul", turned, "rotary.sin", name=f"{x}.sine")
    return graph.add("Add", cosine, sine, name=f"{x}.rotary")


def _feed_forward(graph: _Graph, x: str, name: str) -> str:
    """SwiGLU: down(silu(gate(x)) * up(x))."""
    hidden, intermediate = graph.config.hidden, graph.config.intermediate
    gate = graph.linear(x, f"{name}.gate", hidden, intermediate)
    silu = graph.add("Mul", gate, graph.add("Sigmoid", gate, name=f"{name}.sigmoid"), name=f"{name}.silu")
    product = graph.add(
        "Mul", silu, graph.linear(x, f"{name}.up", hidden, intermediate), name=f"{name}.product"
    )
    return graph.linear(product, f"{name}.down", intermediate, hidden)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("output", type=Path)
    defaults = Config()
    for name in ("layers", "hidden", "heads", "intermediate", "vocabulary", "length"):
        parser.add_argument(f"--{name}", type=int, default=getattr(defaults, name))
    parser.add_argument("--weights", action="store_true", help="random weights inside the file")
    chosen = vars(parser.parse_args(arguments))
    output: Path = chosen.pop("output")
    config = Config(**chosen)
    output.write_bytes(decoder(config).SerializeToString(deterministic=True))
    print(f"{output}: {parameter_count(config):,} parameters, {output.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
