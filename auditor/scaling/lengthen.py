"""The same model over a longer sequence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from auditor.model.dimensions import free_inputs, open_dimensions
from auditor.model.graph import Dim, Model, ValueInfo
from auditor.model.symbols import parse
from auditor.safe import safe
from auditor.scaling.errors import CannotScale
from auditor.scaling.relations import relate
from auditor.scaling.rewrite import rewritten
from auditor.scaling.solve import lengthened
from auditor.scaling.web import Web

_MOST_AXES = 3
"""Inputs of more axes are images."""


def lengthen(
    model: Model, shapes: Mapping[str, tuple[int, ...]], factor: int, symbol: str | None = None
) -> Model:
    """The model with a sequence ``factor`` times as long, and all that follows from its length.

    The axis is the size with a name that is no batch, ``symbol`` where several are named. In a model of fixed
    sizes it is the one axis of its inputs that no weight is multiplied along and whose entries meet: in
    attention, a mean, a window or a recurrence. Values that a rule makes (positions, causal masks, zeros) are
    made longer; other constants that follow the length lose their values. Layers behind a flattened sequence
    get more weights.

    Args:
        model: with its dimensions bound.
        shapes: of every value that an output needs, as ``auditor.value_shapes.value_shapes`` tells them.
        factor: 1 or more.

    Raises:
        CannotScale: no axis is certainly a sequence, an operator is not understood, or a size would have to
            change and to stay.
    """
    if factor < 1:
        raise CannotScale(f"a sequence cannot be {factor} times as long", "give a factor of 1 or more")
    web = relate(model, shapes, proportional=False)
    named = _named(model, symbol)
    if named is not None:
        bound = {**model.bound, named: model.bound[named] * factor}
        seeds = _seeds_of_symbol(model, web, bound)
    else:
        bound = dict(model.bound)
        sequence = _shown(model, web)
        seeds = {sequence: web.sizes[sequence] * factor}
    sizes = _with_tables(web, lengthened(web, seeds))
    return rewritten(model, web, sizes, bound)


def sequence_length(model: Model, shapes: Mapping[str, tuple[int, ...]], symbol: str | None = None) -> int:
    """How many positions of the sequence the model computes in one pass: the length :func:`lengthen` changes.

    Raises:
        CannotScale: no axis is certainly a sequence, or an operator is not understood.
    """
    named = _named(model, symbol)
    if named is not None:
        return model.bound[named]
    web = relate(model, shapes, proportional=False)
    return web.sizes[_shown(model, web)]


# --- sizes with names


def _named(model: Model, symbol: str | None) -> str | None:
    """The name of the sequence's size; None where all sizes are numbers."""
    graph = replace(model.graph, inputs=tuple(_as_declared(info) for info in model.graph.inputs))
    opened = open_dimensions(replace(model, graph=graph))
    if symbol is not None:
        if symbol not in model.bound:
            raise CannotScale(f"no input has an open size called '{safe(symbol)}'")
        return symbol
    sequences = [item.name for item in opened if item.default is None]
    if len(sequences) > 1:
        names = ", ".join(safe(name) for name in sequences)
        raise CannotScale(f"several sizes have names: {names}", "say which of them is the sequence")
    return sequences[0] if sequences else None


def _needed(model: Model, web: Web) -> Iterator[ValueInfo]:
    """The inputs that some output needs: the others have no part in the web."""
    return (info for info in free_inputs(model.graph) if info.name in web.shapes)


def _as_declared(info: ValueInfo) -> ValueInfo:
    return info if info.declared is None else replace(info, shape=info.declared)


def _seeds_of_symbol(model: Model, web: Web, bound: Mapping[str, int]) -> dict[int, int]:
    seeds: dict[int, int] = {}
    for info in _needed(model, web):
        for axis, (declared, dim) in enumerate(
            zip(_as_declared(info).shape or (), web.dims(info.name), strict=True)
        ):
            size = _size(f"{info.name}.{axis}", declared, bound)
            if size == web.sizes[dim]:
                continue
            if web.sizes[dim] == 1:
                raise CannotScale("the sequence has length 1, so nothing shows what follows from it", _LONGER)
            if seeds.setdefault(web.root(dim), size) != size:
                raise CannotScale(f"an axis of input '{safe(info.name)}' would need two lengths")
    return seeds


_LONGER = "give it another length, as with --dim, and start from there"


def _size(place: str, declared: Dim, bound: Mapping[str, int]) -> int:
    if isinstance(declared, int):
        return declared
    if declared is None or not declared.strip():
        return bound[place]
    if declared in bound:
        return bound[declared]
    expression = parse(declared)
    if expression is None:
        raise CannotScale(f"the size '{safe(declared)}' is not understood")
    return expression.value(bound)


# --- sizes without names


def _shown(model: Model, web: Web) -> int:
    """The one class of the inputs that behaves as a sequence does."""
    features = {web.root(dim) for dim in web.features}
    for law in web.laws:  # what is made of a sequence and weights is neither
        if law.kind == "product" and web.root(law.out) in features:
            features.update(web.root(part) for part in law.parts)
    mixed = {web.root(dim) for dim in web.mixed}
    found: dict[int, str] = {}
    for info in _needed(model, web):
        for axis, dim in enumerate(web.dims(info.name)):
            root = web.root(dim)
            ids = (info.dtype or "").startswith("int") and len(web.dims(info.name)) == 2 and axis == 1
            if len(web.dims(info.name)) > _MOST_AXES or web.sizes[dim] == 1 or root in features:
                continue
            if root in mixed or ids:
                found.setdefault(root, f"axis {axis} of '{safe(info.name)}'")
    if len(found) != 1:
        places = ", ".join(found.values())
        reason = f"several axes may be a sequence: {places}" if found else "no axis is certainly a sequence"
        raise CannotScale(reason, "export the model with a name for the length of its sequence")
    return next(iter(found))


def _with_tables(web: Web, sizes: list[int]) -> list[int]:
    """A table of positions that is too short becomes as long as is needed."""
    grown: dict[int, int] = {}
    for table, used in web.tables:
        root = web.root(table)
        grown[root] = max(grown.get(root, sizes[root]), sizes[used])
    return [grown.get(web.root(dim), size) for dim, size in enumerate(sizes)]
