"""What an ONNX file says, as plain values: no protobuf types, no tensor copied before it is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Union

import numpy as np
from msgspec import Struct, field

from auditor.equality import compared_without

Dim = int | str | None
"""A size, the name of a symbol, or None when the file says nothing."""


class TensorData(Struct, frozen=True, kw_only=True):
    """A constant tensor. ``load`` reads its values on demand; None when the file holds no data for it.

    ``dtype`` is ONNX's element type in lower case (``float``, ``float16``, ``int64``, ``bool``, ...).
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    load: Callable[[], np.ndarray] | None

    __eq__, __hash__ = compared_without("load")


class ValueInfo(Struct, frozen=True, kw_only=True):
    """A declared input, output or intermediate value; ``shape`` is None when no rank is declared.

    ``declared`` is the shape as the file gives it, where binding put numbers for some of its symbols.
    """

    name: str
    dtype: str | None
    shape: tuple[Dim, ...] | None
    declared: tuple[Dim, ...] | None = None


AttributeValue = Union[
    int, float, str, TensorData, "GraphDef",
    tuple[int, ...], tuple[float, ...], tuple[str, ...], tuple[TensorData, ...], tuple["GraphDef", ...],
]  # fmt: skip


class NodeDef(Struct, frozen=True, kw_only=True):
    """One ONNX node. An empty string in ``inputs`` or ``outputs`` is an omitted optional.

    ``attribute_refs`` maps an attribute to the attribute of the enclosing function it takes its
    value from; it is empty everywhere but in the bodies of functions. ``kindless`` names the attributes that
    tell no kind (or a type's): a value that ONNX reads, and EZKL refuses where it looks for it.
    """

    name: str
    op_type: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, AttributeValue]
    overload: str = ""
    attribute_refs: Mapping[str, str] = field(default_factory=dict)
    kindless: frozenset[str] = frozenset()


class GraphDef(Struct, frozen=True, kw_only=True):
    """A graph or subgraph. Inputs that are also initializers keep their place in ``inputs``.

    ``sparse_initializers`` stand apart because EZKL does not read them; ``load`` gives them dense.
    """

    name: str
    nodes: tuple[NodeDef, ...]
    inputs: tuple[ValueInfo, ...]
    outputs: tuple[ValueInfo, ...]
    initializers: Mapping[str, TensorData]
    value_infos: Mapping[str, ValueInfo]
    sparse_initializers: Mapping[str, TensorData] = field(default_factory=dict)


class FunctionDef(Struct, frozen=True, kw_only=True):
    """A model-local function: its body is called by nodes of the same domain and op type."""

    name: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: tuple[str, ...]
    nodes: tuple[NodeDef, ...]
    opsets: Mapping[str, int]
    overload: str = ""
    attribute_defaults: Mapping[str, AttributeValue] = field(default_factory=dict)


class Model(Struct, frozen=True, kw_only=True):
    """A model as read: the graph with dimensions still symbolic, and what identifies the file.

    ``bound`` are the numbers of the symbols, once they have some.
    """

    path: str
    sha256: str
    file_bytes: int
    ir_version: int
    producer: str
    opsets: Mapping[str, int]
    graph: GraphDef
    functions: tuple[FunctionDef, ...] = ()
    bound: Mapping[str, int] = field(default_factory=dict)

    @property
    def opset(self) -> int:
        """The version of the standard ONNX operator set."""
        return self.opsets.get("", self.opsets.get("ai.onnx", 1))
