"""A model with new sizes: what the file says of them is rewritten, values that no longer fit are dropped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence

import numpy as np
from msgspec.structs import replace

from auditor.model.graph import AttributeValue, GraphDef, Model, NodeDef, TensorData, ValueInfo
from auditor.safe import safe
from auditor.scaling.errors import CannotScale
from auditor.scaling.relations import constants_of, held
from auditor.scaling.values import resized
from auditor.scaling.web import Literal, Web, evaluate

_HINT = "the model has no such form: compare it at its own size"

Places = Mapping[tuple[int, int], Mapping[int, float]]
"""By node and input slot: new values of some elements of the constant that is read there."""


def rewritten(model: Model, web: Web, sizes: Sequence[int], bound: Mapping[str, int] | None = None) -> Model:
    """The model whose dimensions have the new ``sizes``; ``bound`` are those of its symbols, if they change.

    Raises CannotScale where an integer of the file stands for two sizes, or follows a size it should not.
    """
    graph = model.graph
    places = _rewritten_literals(web, sizes)
    nodes = _attributes(graph.nodes, web, sizes)
    nodes, added = _own_constants(graph, nodes, places)
    shapes = {
        name: tuple(sizes[dim] for dim in dims)
        for name, dims in web.known_dims().items()
        if any(sizes[dim] != web.sizes[dim] for dim in dims)
    }
    folded = {name for node in nodes if node.op_type == "BatchNormalization" for name in node.inputs[1:]}
    graph = replace(
        graph,
        nodes=tuple(_resized_constant(node, shapes, folded) for node in nodes),
        inputs=tuple(_declared(info, shapes) for info in graph.inputs),
        outputs=tuple(_declared(info, shapes) for info in graph.outputs),
        value_infos={name: _declared(info, shapes) for name, info in graph.value_infos.items()},
        initializers={
            **{
                name: resized(data, shapes.get(name), repeated=name in folded)
                for name, data in _read(graph, nodes).items()
            },
            **added,
        },
    )
    return replace(model, graph=graph, bound=model.bound if bound is None else bound)


def _rewritten_literals(web: Web, sizes: Sequence[int]) -> Places:
    new: dict[Literal, int] = {}
    for demand in web.demands:
        wanted = sizes[demand.dim]
        if isinstance(demand.element, Literal) and new.setdefault(demand.element, wanted) != wanted:
            raise CannotScale.at(demand.node, "reads a number that stands for two sizes", _HINT)
    for demand in web.demands:
        if evaluate(demand.element, sizes, web.root, new) != sizes[demand.dim]:
            raise CannotScale.at(demand.node, "is given a size that does not follow", _HINT)
    places: defaultdict[tuple[int, int], dict[int, float]] = defaultdict(dict)
    for literal, value in new.items():
        if value != literal.value:
            places[literal.reader, literal.slot][literal.index] = value
    for root in web.roots:
        if sizes[root.dim] != web.sizes[root.dim]:
            places[root.reader, root.slot][0] = sizes[root.dim] ** root.exponent
    return places


def _attributes(nodes: Sequence[NodeDef], web: Web, sizes: Sequence[int]) -> list[NodeDef]:
    result = list(nodes)
    for demand in web.attribute_demands:
        node, size = result[demand.reader], sizes[demand.dim]
        given = node.attributes[demand.attribute]
        value: AttributeValue = size
        if demand.index is not None and isinstance(given, tuple):
            value = tuple(size if index == demand.index else item for index, item in enumerate(given))  # type: ignore[assignment]
        if value != given:
            result[demand.reader] = replace(node, attributes={**node.attributes, demand.attribute: value})
    return result


def _own_constants(
    graph: GraphDef, nodes: Sequence[NodeDef], places: Places
) -> tuple[list[NodeDef], dict[str, TensorData]]:
    """Readers whose numbers change read constants of their own: others may read the old ones."""
    constants, result = constants_of(graph), list(nodes)
    taken = {name for node in nodes for name in node.outputs} | set(constants)
    names: dict[tuple[str, tuple[tuple[int, float], ...]], str] = {}
    added: dict[str, TensorData] = {}
    for (number, slot), changes in places.items():
        node = result[number]
        old = node.inputs[slot]
        key = (old, tuple(sorted(changes.items())))
        if key not in names:
            names[key] = _free_name(f"{old}.scaled", taken)
            added[names[key]] = _changed(constants[old], names[key], changes)
        inputs = (*node.inputs[:slot], names[key], *node.inputs[slot + 1 :])
        result[number] = replace(node, inputs=inputs)
    return result, added


def _free_name(stem: str, taken: set[str]) -> str:
    name, count = stem, 1
    while name in taken:
        name, count = f"{stem}.{count}", count + 1
    taken.add(name)
    return name


def _changed(data: TensorData, name: str, changes: Mapping[int, float]) -> TensorData:
    if data.load is None:  # elements are only made of values that are there
        raise CannotScale(f"the constant {safe(name)} has no values to rewrite", _HINT)
    values = np.array(data.load()).reshape(-1)
    for index, value in changes.items():
        if values.dtype.kind in "iu" and not _fits(value, values.dtype):
            raise CannotScale(f"the constant {safe(name)} cannot hold the size {value:,}", _HINT)
        values[index] = value
    shaped = values.reshape(data.shape)
    return TensorData(name=name, dtype=data.dtype, shape=data.shape, load=lambda: shaped)


def _fits(value: float, dtype: np.dtype) -> bool:
    bounds = np.iinfo(dtype)
    return bounds.min <= value <= bounds.max


def _read(graph: GraphDef, nodes: Iterable[NodeDef]) -> Mapping[str, TensorData]:
    """The initializers without those that only the old nodes read."""
    before = {name for node in graph.nodes for name in node.inputs}
    after = {name for node in nodes for name in node.inputs} | {info.name for info in graph.outputs}
    return {
        name: data for name, data in graph.initializers.items() if name in after or name not in before
    }  # fmt: skip


def _resized_constant(
    node: NodeDef, shapes: Mapping[str, tuple[int, ...]], folded: Container[str]
) -> NodeDef:
    if node.op_type != "Constant" or not node.outputs or node.outputs[0] not in shapes:
        return node
    data = held(node)
    if data is None:
        raise CannotScale.at(node, "holds a bare number whose shape would have to change", _HINT)
    name = node.outputs[0]
    value = resized(data, shapes[name], repeated=name in folded)
    return replace(node, attributes={**node.attributes, "value": value})


def _declared(info: ValueInfo, shapes: Mapping[str, tuple[int, ...]]) -> ValueInfo:
    """The declaration with new sizes; a symbol stays one, as ``bound`` tells its new size."""
    if info.shape is None or info.name not in shapes:
        return info
    new = shapes[info.name]
    before = info.declared if info.declared is not None else info.shape
    if len(before) != len(new):  # nobody has believed it so far
        return info
    declared = tuple(
        size if isinstance(given, int) else given for given, size in zip(before, new, strict=True)
    )  # fmt: skip
    return replace(info, shape=new, declared=None if info.declared is None else declared)
