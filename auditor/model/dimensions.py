"""Giving every open size of a model's inputs a number, and saying which.

Source: tract ``onnx/src/tensor.rs`` ``translate_inference_fact`` (what counts as unnamed), EZKL
``graph/model.rs`` ``load_onnx_using_tract`` (unnamed sizes take ``batch_size`` of ``variables``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from auditor.errors import BadModel, UnboundDimension, UsageError
from auditor.model.graph import Dim, GraphDef, Model, ValueInfo
from auditor.model.limits import MAX_INPUT_ELEMENTS
from auditor.model.symbols import Expression, parse
from auditor.safe import safe

_BATCH_NAME = re.compile(
    r"n|b|bs|bsz|none|(?:.*_)?(?:batch|batches|batchsize|batch_size|num_batch|n_batch|batch_dim|dynamic_axes_1)(?:_\d+)?",
    re.IGNORECASE,
)
_SEQUENCE_NAME = re.compile(
    r".*(?:seq|len|time|token|step|frame|past|height|width|channel).*|[thwlcs]", re.IGNORECASE
)
_SHOWN = 8


class OpenDimension(Struct, frozen=True, kw_only=True):
    """A size some input leaves open: what ``--dim`` calls it, and where it first stands.

    ``default`` is 1 for a batch size, None when only the user can know. ``unnamed`` says the file
    gives it no name; EZKL then gives all such sizes one number.
    """

    name: str
    input: str
    axis: int
    unnamed: bool
    default: int | None


def open_dimensions(model: Model) -> tuple[OpenDimension, ...]:
    """Every size the inputs leave open, each once, in the order of the inputs."""
    found: dict[str, OpenDimension] = {}
    for info in free_inputs(model.graph):
        for axis, dim in enumerate(info.shape or ()):
            for opened in _opened(info.name, axis, dim):
                known = found.get(opened.name)
                if known is None or (known.default is None and opened.default is not None):
                    found[opened.name] = opened
    return tuple(found.values())


def bind_dimensions(
    model: Model, dims: Mapping[str, int], variables: Mapping[str, int] | None = None
) -> tuple[Model, dict[str, int]]:
    """The model with every input size a number, and the number each open size got.

    A size takes its value from ``dims``, else from EZKL's ``variables`` (``batch_size`` for all
    unnamed ones) when the user set them, else 1 when it is a batch size. Raises UsageError for a
    name the model does not have or a size below 1, UnboundDimension for sizes left, BadModel for an
    input of more than 2^36 elements. Inputs that declare no shape at all are left as they are.
    """
    opened = open_dimensions(model)
    _check_names(model, opened, dims)
    bound: dict[str, int] = {}
    for item in opened:
        value = _value(item, dims, variables)
        if value is not None:
            bound[item.name] = value
    unbound = tuple(item for item in opened if item.name not in bound)
    if unbound:
        raise _unbound(unbound)
    graph = model.graph
    inputs = tuple(_bound_info(info, bound) for info in graph.inputs)
    graph = replace(
        graph,
        inputs=inputs,
        outputs=tuple(_bound_info(info, bound) for info in graph.outputs),
        value_infos={name: _bound_info(info, bound) for name, info in graph.value_infos.items()},
    )
    for info in free_inputs(graph):
        _check_size(info)
    return replace(model, graph=graph, bound=bound), bound


def ezkl_variables(model: Model, bound: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """EZKL's ``variables`` run argument that gives the same sizes; ``model`` is as it was read.

    Raises UsageError when unnamed sizes differ: EZKL has one number for all of them.
    """
    opened = open_dimensions(model)
    unnamed = {bound[item.name] for item in opened if item.unnamed}
    named = {item.name: bound[item.name] for item in opened if not item.unnamed}
    if "batch_size" in named:
        unnamed.add(named["batch_size"])
    if len(unnamed) > 1:
        names = ", ".join(safe(item.name) for item in opened if item.unnamed)
        raise UsageError(
            f"EZKL gives all unnamed sizes ({names}) the number of batch_size, so they cannot differ",
            "name these axes when exporting the model, or give them one size",
        )
    named["batch_size"] = unnamed.pop() if unnamed else 1
    return tuple(sorted(named.items()))


def unreadable_symbols(graph: GraphDef) -> tuple[tuple[str, str], ...]:
    """(value, symbol) pairs EZKL's reader cannot parse, among the values it looks at."""
    return tuple(
        (info.name, dim)
        for info in declared_values(graph)
        for dim in info.shape or ()
        if isinstance(dim, str) and parse(dim) is None and not dim.startswith("unk__")
    )


def declared_values(graph: GraphDef) -> tuple[ValueInfo, ...]:
    """The declarations EZKL's reader looks at: free inputs, and values some node or tensor defines."""
    defined = {name for node in graph.nodes for name in node.outputs}
    defined.update(graph.initializers, (info.name for info in graph.inputs))
    infos = (info for info in graph.value_infos.values() if info.name in defined)
    return (*free_inputs(graph), *infos)


def free_inputs(graph: GraphDef) -> tuple[ValueInfo, ...]:
    """The inputs a caller must feed: those that are not initializers."""
    return tuple(info for info in graph.inputs if info.name not in graph.initializers)


def _opened(input_name: str, axis: int, dim: Dim) -> tuple[OpenDimension, ...]:
    if isinstance(dim, int):
        return ()
    if _is_unnamed(dim):
        name = f"{input_name}.{axis}"
        default = 1 if axis == 0 else None
        return (OpenDimension(name=name, input=input_name, axis=axis, unnamed=True, default=default),)
    names = _names(str(dim))
    alone = names == (dim,)
    return tuple(
        OpenDimension(
            name=name,
            input=input_name,
            axis=axis,
            unnamed=False,
            default=1 if _is_batch(name, axis if alone else None) else None,
        )
        for name in names
    )


def _is_unnamed(dim: Dim) -> bool:
    return dim is None or (isinstance(dim, str) and not dim.strip())


def _names(dim: str) -> tuple[str, ...]:
    """The symbols of a size; a text EZKL cannot parse is one symbol as it stands."""
    expression = parse(dim)
    return (dim,) if expression is None else expression.symbols()


def _is_batch(name: str, axis: int | None) -> bool:
    """A first axis is a batch unless its name says length, time or space: guessing 1 there would
    silently size another model."""
    if _BATCH_NAME.fullmatch(name):
        return True
    return axis == 0 and not _SEQUENCE_NAME.fullmatch(name)


def _value(item: OpenDimension, dims: Mapping[str, int], variables: Mapping[str, int] | None) -> int | None:
    if item.name in dims:
        return dims[item.name]
    if variables is not None:
        variable = variables.get("batch_size" if item.unnamed else item.name)
        if variable is not None:
            return variable
    return item.default


def _check_names(model: Model, opened: tuple[OpenDimension, ...], dims: Mapping[str, int]) -> None:
    known = {item.name for item in opened}
    for name, size in dims.items():
        if name not in known:
            listed = ", ".join(safe(item.name) for item in opened[:_SHOWN]) or "none"
            raise UsageError(f"no input has an open size called '{safe(name)}'", f"open sizes here: {listed}")
        if size < 1:
            raise UsageError(f"--dim {safe(name)}={size}: a size must be at least 1")


def _unbound(items: tuple[OpenDimension, ...]) -> UnboundDimension:
    places = ", ".join(f"axis {item.axis} of input '{safe(item.input)}'" for item in items[:_SHOWN])
    places += ", ..." if len(items) > _SHOWN else ""
    options = " ".join(f"--dim {safe(item.name)}=SIZE" for item in items)
    many = len(items) > 1
    return UnboundDimension(
        f"leaves {len(items)} size{'s' if many else ''} open: {places}",
        f"give {'them' if many else 'it'}: {options}",
        names=tuple(item.name for item in items),
    )


def _bound_info(info: ValueInfo, bound: Mapping[str, int]) -> ValueInfo:
    if info.shape is None or all(isinstance(dim, int) for dim in info.shape):
        return info
    shape = tuple(_bound_dim(info.name, axis, dim, bound) for axis, dim in enumerate(info.shape))
    return replace(info, shape=shape, declared=info.shape)


def _bound_dim(name: str, axis: int, dim: Dim, bound: Mapping[str, int]) -> Dim:
    """The size as a number where it is known; an intermediate value may stay symbolic."""
    if isinstance(dim, int):
        return dim
    if dim is None or _is_unnamed(dim):
        return bound.get(f"{name}.{axis}", dim)
    if dim in bound:
        return bound[dim]
    expression = parse(dim)
    if expression is None or not all(symbol in bound for symbol in expression.symbols()):
        return dim
    return _evaluate(expression, dim, bound)


def _evaluate(expression: Expression, text: str, bound: Mapping[str, int]) -> int:
    size = expression.value(bound)
    if size < 0:
        raise UsageError(f"size '{safe(text)}' becomes {size}", "choose other --dim values")
    return size


def _check_size(info: ValueInfo) -> None:
    sizes = [dim for dim in info.shape or () if isinstance(dim, int)]
    if math.prod(sizes) >= MAX_INPUT_ELEMENTS:
        shape = " x ".join(str(size) for size in sizes[:_SHOWN])
        raise BadModel(f"input '{safe(info.name)}' has too many elements: {shape}", rule="AUD-SEC-011")
