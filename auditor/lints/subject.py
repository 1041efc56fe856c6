"""What a lint looks at: one model as it was read, laid open so that each lint needs no walk of its own."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from auditor import rules
from auditor.lints.repository import Repository, repository_of
from auditor.lints.texts import Text, texts
from auditor.model import (
    AttributeValue,
    FunctionDef,
    GraphDef,
    Model,
    NodeDef,
    Refusal,
    SourceModel,
    TensorData,
    ValueInfo,
    all_nodes,
    open_dimensions,
)
from auditor.model.dtypes import ELEMENT_TYPES
from auditor.model.functions import called_functions
from auditor.model.lfs import MAX_POINTER_BYTES
from auditor.model.links import describe, subgraphs
from auditor.safe import safe

if TYPE_CHECKING:
    from auditor.report import CircuitFacts

_UNREAD_TYPES = frozenset(element.name for element in ELEMENT_TYPES.values() if not element.tract)


class Body(Struct, frozen=True, kw_only=True):
    """The nodes of the main graph, of a subgraph or of a function, and how they hang together.

    ``producers`` maps a value to the node that makes it, ``readers`` counts the nodes that read it here, and
    the outputs of the body. ``is_main`` tells the main graph from all others.
    """

    is_main: bool
    name: str
    nodes: tuple[NodeDef, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    initializers: Mapping[str, TensorData]
    sparse: Mapping[str, TensorData]
    values: tuple[ValueInfo, ...]
    producers: Mapping[str, NodeDef]
    readers: Mapping[str, int]

    def constant(self, name: str) -> TensorData | None:
        """The tensor called ``name`` in this body: an initializer, or what a ``Constant`` node gives."""
        tensor = self.initializers.get(name) or self.sparse.get(name)
        if tensor is not None:
            return tensor
        node = self.producers.get(name)
        value = node.attributes.get("value") if node is not None and node.op_type == "Constant" else None
        return value if isinstance(value, TensorData) else None


class Tensor(Struct, frozen=True, kw_only=True):
    """A constant tensor and where it stands: ``place`` says what holds it, in words and harmless."""

    data: TensorData
    place: str
    is_sparse: bool = False


class Subject(Struct, frozen=True, kw_only=True):
    """One model for the lints: ``model`` as in the file, functions and open sizes included.

    ``bodies`` are all graphs, subgraphs and functions, the main graph first; ``nodes`` those of all bodies by
    operator; ``tensors`` all constants, also those in attributes. ``support`` says of each standard operator
    in it what the rules say (yes, partly, no). ``texts`` are the doc strings and metadata that hold something
    private. ``circuit`` is None where none was laid out.
    """

    path: Path
    model: Model
    refusals: tuple[Refusal, ...]
    shape_only: tuple[str, ...]
    bodies: tuple[Body, ...]
    nodes: Mapping[str, Sequence[NodeDef]]
    tensors: tuple[Tensor, ...]
    support: Mapping[str, str]
    texts: tuple[Text, ...]
    open_sizes: Mapping[str, str]
    called_functions: tuple[str, ...]
    circuit: CircuitFacts | None = None

    @property
    def main(self) -> Body:
        """The main graph."""
        return self.bodies[0]

    def repository(self) -> Repository | None:
        """The git work tree around the file, None outside of one. Its files are read when this is called."""
        return repository_of(self.path)

    def is_pointer(self) -> bool:
        """Whether the file is a Git-LFS pointer, and the model came from the clone's store."""
        size = os.stat(self.path).st_size
        return size != self.model.file_bytes and size < MAX_POINTER_BYTES

    @staticmethod
    def is_unread(dtype: str) -> bool:
        """Whether EZKL's ONNX reader does not know an element type."""
        return dtype in _UNREAD_TYPES


def subject_of(path: Path, source: SourceModel) -> Subject:
    """The subject of a model that was read from ``path``; there is no circuit yet."""
    model = source.model
    bodies = tuple(_bodies(model))
    nodes: dict[str, list[NodeDef]] = {}
    for body in bodies:
        for node in body.nodes:
            nodes.setdefault(node.op_type, []).append(node)
    return Subject(
        path=path,
        model=model,
        refusals=source.refusals,
        shape_only=source.shape_only,
        bodies=bodies,
        nodes=nodes,
        tensors=tuple(_tensors(bodies)),
        support=rules.support(nodes),
        texts=texts(path),
        open_sizes={item.name: item.input for item in open_dimensions(model) if item.default is None},
        called_functions=tuple(function.name for function in called_functions(model))
        if model.functions
        else (),
    )


def _bodies(model: Model) -> Iterator[Body]:
    """Every list of nodes there is, each once: those of subgraphs are bodies of their own."""
    waiting: list[GraphDef | FunctionDef] = [*reversed(model.functions), model.graph]
    is_main = True
    while waiting:
        holder = waiting.pop()
        producers: dict[str, NodeDef] = {}
        read: list[str] = []
        for node in holder.nodes:
            producers.update(dict.fromkeys(node.outputs, node))
            read += node.inputs
            for inner in subgraphs(node) if node.attributes else ():
                waiting.append(inner)
                # What a subgraph takes from outside is read by the node that holds it.
                read += (name for deep in all_nodes(inner.nodes) for name in deep.inputs)
                read += (info.name for info in inner.outputs)
        yield _body(holder, producers, read, is_main=is_main)
        is_main = False


def _body(
    holder: GraphDef | FunctionDef, producers: Mapping[str, NodeDef], read: list[str], *, is_main: bool
) -> Body:
    if isinstance(holder, FunctionDef):
        inputs, outputs = holder.inputs, holder.outputs
    else:
        inputs = tuple(info.name for info in holder.inputs)
        outputs = tuple(info.name for info in holder.outputs)
    graph = holder if isinstance(holder, GraphDef) else None
    return Body(
        is_main=is_main,
        name=holder.name,
        nodes=holder.nodes,
        inputs=inputs,
        outputs=outputs,
        initializers=graph.initializers if graph else {},
        sparse=graph.sparse_initializers if graph else {},
        values=(*graph.inputs, *graph.outputs, *graph.value_infos.values()) if graph else (),
        producers=producers,
        readers=Counter([*read, *outputs]),
    )


def _tensors(bodies: Sequence[Body]) -> Iterator[Tensor]:
    for body in bodies:
        for name, data in body.initializers.items():
            yield Tensor(data=data, place=f"initializer '{safe(name)}'")
        for name, data in body.sparse.items():
            yield Tensor(data=data, place=f"sparse initializer '{safe(name)}'", is_sparse=True)
        for node in body.nodes:
            for key, value in node.attributes.items():
                for data in _tensors_in(value):
                    yield Tensor(data=data, place=f"attribute '{safe(key)}' of {describe(node)}")


def _tensors_in(value: AttributeValue) -> Iterator[TensorData]:
    if isinstance(value, TensorData):
        yield value
    elif isinstance(value, tuple) and value and isinstance(value[0], TensorData):
        yield from (item for item in value if isinstance(item, TensorData))
