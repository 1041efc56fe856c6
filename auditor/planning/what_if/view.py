"""A model as substitutions look at it: who makes a value, who reads it, what it is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import TypeVar

import numpy as np

from auditor.circuit import RunArgs
from auditor.lowering import Unmodelled, Unsupported, lower
from auditor.model.graph import Model, NodeDef, TensorData
from auditor.model.links import all_nodes

MAX_CONSTANT = 1 << 16
"""Elements of a constant that is looked at: patterns have scalars, shapes and indices."""

Number = TypeVar("Number", int, float)


class View:
    """The main graph of a model. Bodies of loops and branches are left alone, but count as readers."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.nodes = model.graph.nodes
        self.outputs = tuple(info.name for info in model.graph.outputs)
        self._producers = {name: node for node in self.nodes for name in node.outputs if name}
        self._readers: dict[str, list[NodeDef]] = {}
        for node in self.nodes:
            for name in {name for inner in all_nodes([node]) for name in inner.inputs if name}:
                self._readers.setdefault(name, []).append(node)

    def of(self, *operators: str) -> list[NodeDef]:
        """The nodes of some standard operators, in the file's order."""
        return [node for node in self.nodes if is_a(node, *operators)]

    def producer(self, name: str, *operators: str) -> NodeDef | None:
        """The node that computes a value, if it is one of ``operators``."""
        node = self._producers.get(name)
        return node if node is not None and is_a(node, *operators) else None

    def readers(self, name: str) -> list[NodeDef]:
        """The nodes that read a value, in their bodies too."""
        return self._readers.get(name, [])

    def is_inner(self, name: str) -> bool:
        """Whether exactly one node reads a value, and no output is it."""
        return len(self.readers(name)) == 1 and name not in self.outputs

    def tensor(self, name: str) -> TensorData | None:
        """A constant: an initializer, or what a ``Constant`` holds."""
        if name in self.model.graph.initializers:
            return self.model.graph.initializers[name]
        node = self.producer(name, "Constant")
        value = None if node is None else node.attributes.get("value")
        return value if isinstance(value, TensorData) else None

    def values(self, name: str) -> np.ndarray | None:
        """The values of a small constant."""
        tensor = self.tensor(name)
        if tensor is None or tensor.load is None or math.prod(tensor.shape) > MAX_CONSTANT:
            return None
        return tensor.load()

    def scalar(self, name: str) -> float | None:
        """The value of a constant of one element."""
        values = self.values(name)
        return None if values is None or values.size != 1 or values.dtype.kind not in "fiu" else values.item()

    def integers(self, node: NodeDef, slot: int, attribute: str) -> tuple[int, ...] | None:
        """What stands in an input, or in an attribute as in older opsets; None when neither is constant."""
        held = node.attributes.get(attribute)
        if isinstance(held, tuple):
            return tuple(int(item) for item in held if isinstance(item, int))
        values = self.values(node.inputs[slot]) if slot < len(node.inputs) else None
        return None if values is None or values.dtype.kind != "i" else tuple(values.ravel().tolist())

    def shape(self, name: str) -> tuple[int, ...] | None:
        """The sizes of a value, where the model can be lowered as it is."""
        return self._shapes.get(name)

    @cached_property
    def _shapes(self) -> Mapping[str, tuple[int, ...]]:
        try:
            facts = lower(self.model, RunArgs()).facts
        except (Unmodelled, Unsupported):
            return {}
        return {name: fact.shape for name, fact in facts.items()}


def is_a(node: NodeDef, *operators: str) -> bool:
    """Whether a node is one of ONNX's own operators."""
    return node.op_type in operators and node.domain in ("", "ai.onnx")


def number(node: NodeDef, attribute: str, default: Number) -> Number:
    """An attribute that is a number."""
    value = node.attributes.get(attribute, default)
    return type(default)(value) if isinstance(value, int | float) else default


def other_input(node: NodeDef, name: str) -> str | None:
    """The other of two inputs, when ``name`` is one."""
    if len(node.inputs) != 2 or name not in node.inputs:
        return None
    return node.inputs[1] if node.inputs[0] == name else node.inputs[0]
