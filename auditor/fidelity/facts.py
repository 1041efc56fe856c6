"""What is known about the values of a model: element type, shape, and the elements of constants.

Facts come from what the file declares and from one pass over the nodes that knows the common
operators. Whatever else it meets stays unknown, and a rule that needs it says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from msgspec import Struct

from auditor.equality import compared_without
from auditor.model.graph import GraphDef, Model, NodeDef, TensorData, ValueInfo

KnownShape = tuple[int | None, ...]
"""Sizes of the axes; None for one that is not known."""


class ValueFact(Struct, frozen=True, kw_only=True):
    """What is known about one value.

    ``dtype`` is ONNX's element type in lower case, ``shape`` None when not even the rank is known.
    ``is_constant`` says that no input of the model changes it; ``load`` then reads its elements, and is
    None when they are not at hand.
    """

    dtype: str | None = None
    shape: KnownShape | None = None
    is_constant: bool = False
    load: Callable[[], np.ndarray] | None = None

    __eq__, __hash__ = compared_without("load")

    @property
    def dims(self) -> tuple[int, ...] | None:
        """The shape when every size is known, else None."""
        if self.shape is None:
            return None
        sizes = tuple(size for size in self.shape if size is not None)
        return sizes if len(sizes) == len(self.shape) else None


NOTHING = ValueFact()


class NotKnown(Exception):
    """A rule needs something that is not known about the model; the text is what."""


ILL_FORMED = (ArithmeticError, LookupError, TypeError, ValueError)
"""What arithmetic on sizes and attributes ends in where a node breaks ONNX's own rules: axes that do not
exist, inputs left out, numbers that are texts. Then nothing is known about it."""


def model_facts(model: Model, given: Mapping[str, ValueFact] | None = None) -> dict[str, ValueFact]:
    """The facts of the values of the main graph; ``given`` ones are taken as they are."""
    return graph_facts(model.graph, given or {}, {})


def graph_facts(
    graph: GraphDef, given: Mapping[str, ValueFact], outer: Mapping[str, ValueFact]
) -> dict[str, ValueFact]:
    """The facts of a graph, and of the ``outer`` values that its nodes may read."""
    from auditor.fidelity.propagate import outputs_of

    facts = dict(outer) | _declared(graph) | dict(given)
    for node in graph.nodes:
        if all(name in given for name in node.outputs if name):
            continue
        try:
            found = outputs_of(node, facts)
        except (NotKnown, *ILL_FORMED):
            continue
        for name, fact in zip(node.outputs, found, strict=False):
            if name and name not in given:
                facts[name] = _merged(facts.get(name, NOTHING), fact)
    return facts


def subgraphs(node: NodeDef) -> Iterator[GraphDef]:
    """The bodies of a control-flow node."""
    for value in node.attributes.values():
        items = value if isinstance(value, tuple) else (value,)
        yield from (item for item in items if isinstance(item, GraphDef))


def constant_fact(data: TensorData) -> ValueFact:
    """The fact of a tensor in the file."""
    return ValueFact(dtype=data.dtype, shape=tuple(data.shape), is_constant=True, load=data.load)


def _declared(graph: GraphDef) -> dict[str, ValueFact]:
    infos = [*graph.value_infos.values(), *graph.outputs, *graph.inputs]
    facts = {info.name: _declared_fact(info) for info in infos}
    constants = {**graph.initializers, **graph.sparse_initializers}
    return facts | {name: constant_fact(data) for name, data in constants.items()}


def _declared_fact(info: ValueInfo) -> ValueFact:
    if info.shape is None:
        return ValueFact(dtype=info.dtype)
    return ValueFact(
        dtype=info.dtype, shape=tuple(size if isinstance(size, int) else None for size in info.shape)
    )


def _merged(declared: ValueFact, found: ValueFact) -> ValueFact:
    """Both together; where both know a size, what was computed wins over what the file says."""
    shape = found.shape
    if shape is None:
        shape = declared.shape
    elif declared.shape is not None and len(declared.shape) == len(shape):
        shape = tuple(
            ours if ours is not None else theirs for ours, theirs in zip(shape, declared.shape, strict=True)
        )
    return ValueFact(
        dtype=found.dtype or declared.dtype, shape=shape, is_constant=found.is_constant, load=found.load
    )
