"""Valid models, spoilt: a pure function of the model, a donor and a random generator.

Half-spoilt models reach deeper than garbage does, so most mutations know the fields of ONNX and leave the
rest of the file well-formed; the others change bytes and know nothing.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError, Message
from onnx import AttributeProto, GraphProto, NodeProto, TensorProto

from tests.model.building import varint

INTEGERS = (
    0, 1, -1, 2, -2, 3, -3, 4, 5, 7, 8, 9, 13, 16, 31, 32, 33, 63, 64, 65, 127, 128, 255, 256, 1000, 2**15,
    2**16, 2**20, 2**24, 2**31 - 1, 2**31, 2**32, 2**33, 2**40, 2**53, 2**62, 2**63 - 1, -(2**31),
    -(2**63), -100,
)  # fmt: skip
FLOATS = (
    0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 3.0, -7.5, 1e-7, 1e-45, 1e7, 2.0**31, 1e20, 3e38, -3e38,
    float("nan"), float("inf"), float("-inf"),
)  # fmt: skip
NAMES = (
    "",
    "x",
    "y",
    "N",
    "\x1b[2J",
    "a\n::error::b",
    "[/red]",
    "\u202eevil",
    "x" * 5000,
    "../../etc",
    "<b>",
)
_STRINGS_OF_OPERATORS = (
    "constant", "reflect", "edge", "wrap", "linear", "nearest", "cubic", "SAME_UPPER", "SAME_LOWER", "VALID",
    "NOTSET", "bidirectional", "reverse", "forward", "Relu", "Tanh", "sum", "mean", "none", "ij,jk->ik",
    "...ij->...", "ii->i", "->", "ij->ji,", "DCR", "CRD", "asymmetric", "align_corners", "add", "mul", "max",
    "min", "floor", "ceil",
)  # fmt: skip
_MOST_PARTS = 4000
_MOST_ELEMENTS = 1 << 16
_SIMPLE = {
    TensorProto.FLOAT: "<f4", TensorProto.INT64: "<i8", TensorProto.INT32: "<i4", TensorProto.DOUBLE: "<f8",
    TensorProto.INT8: "<i1", TensorProto.UINT8: "<u1", TensorProto.BOOL: "<u1", TensorProto.FLOAT16: "<f2",
}  # fmt: skip


def mutate(content: bytes, donor: bytes, rng: random.Random) -> bytes:
    """``content`` with a few changes; pieces of ``donor`` may come into it."""
    if rng.random() < 0.2:
        return _mutate_bytes(content, donor, rng)
    try:
        model, other = onnx.ModelProto.FromString(content), onnx.ModelProto.FromString(donor)
    except DecodeError:
        return _mutate_bytes(content, donor, rng)
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 5, 8))):
        rng.choices(_CHANGES, _WEIGHTS)[0](model, other, rng)
    changed: bytes = model.SerializeToString(deterministic=True)
    return _mutate_bytes(changed, donor, rng) if rng.random() < 0.05 else changed


# --- bytes ---------------------------------------------------------------------------------


def _mutate_bytes(content: bytes, donor: bytes, rng: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        at, kind = rng.randrange(len(changed) + 1), rng.randrange(7)
        size = min(rng.choice((1, 1, 2, 4, 8, 64)), len(changed) - at)
        if kind == 0 and at < len(changed):
            changed[at] ^= 1 << rng.randrange(8)
        elif kind == 1 and at < len(changed):
            changed[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        elif kind == 2:
            changed[at : at + size] = b""
        elif kind == 3:
            changed[at:at] = changed[at : at + size] * rng.choice((1, 1, 2, 50))
        elif kind == 4:
            start = rng.randrange(len(donor) + 1)
            changed[at : at + size] = donor[start : start + rng.choice((4, 16, 256))]
        elif kind == 5:
            changed[at : at + size] = varint(rng.choice(INTEGERS))
        elif rng.random() < 0.3:
            del changed[at:]
    return bytes(changed)


# --- fields, whatever they mean ------------------------------------------------------------


def _parts(message: Message) -> list[Message]:
    """The message and everything inside it, up to a bound."""
    found, waiting = [], [message]
    while waiting and len(found) < _MOST_PARTS:
        part = waiting.pop()
        found.append(part)
        for field, value in part.ListFields():
            if field.type == field.TYPE_MESSAGE:
                waiting.extend(value if _is_repeated(field) else [value])
    return found


def _is_repeated(field: Any) -> bool:
    if hasattr(field, "is_repeated"):
        return bool(field.is_repeated)
    return bool(field.label == field.LABEL_REPEATED)  # protobuf before 6.31


def _scalar(field: Any, rng: random.Random, names: Sequence[str]) -> Any:
    """A value of the field's type that somebody may not have thought of."""
    if field.type in (field.TYPE_FLOAT, field.TYPE_DOUBLE):
        return rng.choice(FLOATS)
    if field.type == field.TYPE_STRING:
        return rng.choice((*NAMES, *names))
    if field.type == field.TYPE_BYTES:
        return rng.choice((*_STRINGS_OF_OPERATORS, *NAMES)).encode("utf-8") * rng.choice((1, 1, 1, 2))
    if field.type == field.TYPE_ENUM:
        return rng.choice([value.number for value in field.enum_type.values])
    if field.type == field.TYPE_UINT64:
        return rng.choice(INTEGERS) % 2**64
    value = rng.choice(INTEGERS)
    return (value + 2**31) % 2**32 - 2**31 if field.type == field.TYPE_INT32 else value


def _change_any_field(model: onnx.ModelProto, other: onnx.ModelProto, rng: random.Random) -> None:
    parts = _parts(model)
    part = rng.choice(parts)
    field = rng.choice(part.DESCRIPTOR.fields)
    is_message = field.type == field.TYPE_MESSAGE
    if rng.random() < 0.15:
        part.ClearField(field.name)
    elif _is_repeated(field):
        _change_repeated(getattr(part, field.name), field, is_message, _parts(other), rng)
    elif is_message:
        twins = [one for one in _parts(other) + parts if one.DESCRIPTOR is field.message_type]
        if twins:
            copy = type(twins[0])()
            copy.CopyFrom(rng.choice(twins))
            getattr(part, field.name).CopyFrom(copy)
    else:
        setattr(part, field.name, _scalar(field, rng, _value_names(model)))


def _change_repeated(
    values: Any, field: Any, is_message: bool, donors: list[Message], rng: random.Random
) -> None:
    kind = rng.randrange(4)
    if kind == 0 and len(values):
        del values[rng.randrange(len(values))]
    elif is_message and kind == 1 and len(values):
        values.append(rng.choice(list(values)))
    elif is_message:
        twins = [one for one in donors if one.DESCRIPTOR is field.message_type]
        if twins:
            values.append(rng.choice(twins))
    elif kind == 1 and len(values) > 1:
        kept = list(values)
        rng.shuffle(kept)
        del values[:]
        values.extend(kept)
    elif kind == 2 and len(values):
        values[rng.randrange(len(values))] = _scalar(field, rng, ())
    else:
        values.extend([_scalar(field, rng, ())] * rng.choice((1, 1, 2, 9)))


# --- fields of ONNX ------------------------------------------------------------------------


def _graphs(model: onnx.ModelProto) -> list[GraphProto]:
    return [part for part in _parts(model) if isinstance(part, GraphProto)]


def _nodes(model: onnx.ModelProto) -> list[NodeProto]:
    return [part for part in _parts(model) if isinstance(part, NodeProto)]


def _value_names(model: onnx.ModelProto) -> list[str]:
    graph = model.graph
    names = [info.name for info in graph.input] + [tensor.name for tensor in graph.initializer]
    return names + [name for node in graph.node[:100] for name in node.output]


def _rewire(model: onnx.ModelProto, other: onnx.ModelProto, rng: random.Random) -> None:
    nodes = _nodes(model)
    names = _value_names(model)
    if not nodes or not names:
        return
    node = rng.choice(nodes)
    values = node.input if rng.random() < 0.8 else node.output
    if len(values) and rng.random() < 0.8:
        values[rng.randrange(len(values))] = rng.choice((*names, "", "fresh"))
    else:
        values.append(rng.choice((*names, "")))


def _change_operator(model: onnx.ModelProto, other: onnx.ModelProto, rng: random.Random) -> None:
    nodes, donors = _nodes(model), _nodes(other)
    if not nodes:
        return
    node = rng.choice(nodes)
    if donors and rng.random() < 0.5:
        donor = rng.choice(donors)
        node.op_type = donor.op_type
        if rng.random() < 0.5:
            del node.attribute[:]
            node.attribute.extend(donor.attribute)
    else:
        node.op_type = rng.choice(OPERATORS)


def _change_attribute(model: onnx.ModelProto, other: onnx.ModelProto, rng: random.Random) -> None:
    attributes = [part for part in _parts(model) if isinstance(part, AttributeProto)]
    nodes = _nodes(model)
    if nodes and (not attributes or rng.random() < 0.25):
        _add_attribute(rng.choice(nodes), rng)
        return
    if not attributes:
        return
    attribute = rng.choice(attributes)
    if attribute.type == AttributeProto.INT:
        attribute.i = rng.choice(INTEGERS)
    elif attribute.type == AttributeProto.FLOAT:
        attribute.f = rng.choice(FLOATS)
    elif attribute.type == AttributeProto.STRING:
        attribute.s = rng.choice((*_STRINGS_OF_OPERATORS, *NAMES)).encode()
    elif attribute.type == AttributeProto.INTS:
        kind = rng.randrange(3)
        if kind == 0 and len(attribute.ints):
            attribute.ints[rng.randrange(len(attribute.ints))] = rng.choice(INTEGERS)
        elif kind == 1 and len(attribute.ints):
            del attribute.ints[rng.randrange(len(attribute.ints))]
        else:
            attribute.ints.append(rng.choice(INTEGERS))
    else:
        attribute.type = rng.choice(AttributeProto.AttributeType.values())


def _add_attribute(node: NodeProto, rng: random.Random) -> None:
    known = _ATTRIBUTES.get(node.op_type)
    if not known:
        return
    name = rng.choice(sorted(known))
    kind = known[name]
    for index in reversed([at for at, one in enumerate(node.attribute) if one.name == name]):
        del node.attribute[index]
    value: Any = {
        "INT": rng.choice(INTEGERS), "FLOAT": rng.choice(FLOATS), "STRING": rng.choice(_STRINGS_OF_OPERATORS),
        "INTS": [rng.choice(INTEGERS) for _ in range(rng.randrange(1, 6))],
        "FLOATS": [rng.choice(FLOATS) for _ in range(rng.randrange(1, 4))],
        "STRINGS": [rng.choice(_STRINGS_OF_OPERATORS) for _ in range(rng.randrange(1, 4))],
    }.get(kind)  # fmt: skip
    if value is not None:
        node.attribute.append(onnx.helper.make_attribute(name, value))


def _change_shape(model: onnx.ModelProto, other: onnx.ModelProto, rng: random.Random) -> None:
    graph = rng.choice(_graphs(model) or [model.graph])
    infos = [*graph.input, *graph.input, *graph.output, *graph.value_info]
    if not infos:
        return
    kind = rng.choice(infos).type
    if rng.random() < 0.2:
        kind.tensor_type.elem_type = rng.randrange(1, 25)
        return
    dims = kind.tensor_type.shape.dim
    action = rng.randrange(5)
    if action == 0 and len(dims):
        del dims[rng.randrange(len(dims))]
    elif action == 1:
        dims.add(dim_value=rng.choice((1, 1, 2, 3, 8)))
    elif len(dims):
        dim = dims[rng.randrange(len(dims))]
        if rng.random() < 0.2:
            dim.dim_param = rng.choice(("N", "N+1", "N*M", "floor(N/2)", "(", "batch", "N-5", "-3*N"))
        else:
            dim.dim_value = rng.choice(INTEGERS if rng.random() < 0.4 else (0, 1, 2, 3, 4, 5, 17, 100, 1000))


def _change_tensor(model: onnx.ModelProto, other: onnx.ModelProto, rng: random.Random) -> None:
    """Other values in a tensor, or another shape or type whose values fit."""
    tensors = [
        part
        for part in _parts(model)
        if isinstance(part, TensorProto) and part.data_type in _SIMPLE and not part.data_location
    ]
    if not tensors:
        return
    tensor = rng.choice(tensors)
    try:
        values = onnx.numpy_helper.to_array(tensor)
    except Exception:  # whatever the onnx package thinks of a tensor that is spoilt already
        return
    dims, kind = list(values.shape), tensor.data_type
    action = rng.randrange(4)
    if action == 0 and dims:
        dims[rng.randrange(len(dims))] = rng.choice((0, 1, 2, 3, 5, 16, 100))
    elif action == 1:
        dims = [] if rng.random() < 0.3 else [*dims, rng.choice((0, 1, 2))]
    elif action == 2 and rng.random() < 0.4:
        kind = rng.choice(list(_SIMPLE))
    count = int(np.prod(dims, dtype=object)) if dims else 1
    if count > _MOST_ELEMENTS:
        return
    flat = np.resize(values, count)
    with np.errstate(all="ignore"):
        dtype = np.dtype(_SIMPLE[kind])
        flat = flat.astype(dtype)
        for _ in range(rng.choice((0, 1, 1, 3)) if action < 3 else rng.choice((1, 2))):
            if count:
                flat[rng.randrange(count)] = _extreme(dtype, rng)
    name = tensor.name
    tensor.Clear()
    tensor.name, tensor.data_type, tensor.raw_data = name, kind, flat.tobytes()
    tensor.dims.extend(dims)


def _extreme(dtype: np.dtype, rng: random.Random) -> float:
    if dtype.kind == "f":
        return rng.choice(FLOATS)
    bits = 8 * dtype.itemsize
    value = rng.choice(INTEGERS) % 2**bits
    return value - 2**bits if dtype.kind == "i" and value >= 2 ** (bits - 1) else value


def _make_initializer(model: onnx.ModelProto, other: onnx.ModelProto, rng: random.Random) -> None:
    """An input of the graph becomes a constant: what ONNX's own tests feed is often a shape."""
    graph = model.graph
    infos = [info for info in graph.input if info.type.tensor_type.elem_type in _SIMPLE]
    if not infos:
        return
    info = rng.choice(infos)
    dims = [max(0, dim.dim_value) for dim in info.type.tensor_type.shape.dim]
    count = int(np.prod(dims, dtype=object)) if dims else 1
    if count > _MOST_ELEMENTS:
        return
    kind = info.type.tensor_type.elem_type
    dtype = np.dtype(_SIMPLE[kind])
    small = rng.random() < 0.7
    drawn = [rng.choice((0, 1, 1, 2, 3, 4)) if small else _extreme(dtype, rng) for _ in range(min(count, 64))]
    with np.errstate(all="ignore"):
        flat = np.resize(np.array(drawn or [0], dtype), count)
    graph.initializer.append(TensorProto(name=info.name, data_type=kind, dims=dims, raw_data=flat.tobytes()))


def _graft(model: onnx.ModelProto, other: onnx.ModelProto, rng: random.Random) -> None:
    """A node of the donor behind a value of the model, with the constants it reads."""
    if not other.graph.node:
        return
    names = _value_names(model)
    node = NodeProto()
    node.CopyFrom(rng.choice(other.graph.node))
    constants = {tensor.name: tensor for tensor in other.graph.initializer}
    known = {tensor.name for tensor in model.graph.initializer}
    for index, name in enumerate(node.input):
        if name in constants and name not in known:
            model.graph.initializer.append(constants[name])
        elif name and name not in names and names:
            node.input[index] = rng.choice(names)
    for index, name in enumerate(node.output):
        node.output[index] = f"grafted_{len(model.graph.node)}_{index}" if name else ""
    model.graph.node.append(node)
    if node.output and model.graph.output:
        model.graph.output[rng.randrange(len(model.graph.output))].name = node.output[0]


def _change_opset(model: onnx.ModelProto, other: onnx.ModelProto, rng: random.Random) -> None:
    if model.opset_import:
        rng.choice(model.opset_import).version = rng.choice((*range(1, 27), 0, -1, 9999, 2**63 - 1))


def _nest(model: onnx.ModelProto, other: onnx.ModelProto, rng: random.Random) -> None:
    """A subgraph of one kind in a node of another, or a graph inside itself."""
    nodes = _nodes(model)
    if not nodes:
        return
    graphs = _graphs(model) + _graphs(other) or [model.graph]
    body = GraphProto()
    body.CopyFrom(rng.choice(graphs))
    node = rng.choice(nodes)
    name = rng.choice(("body", "then_branch", "else_branch"))
    if rng.random() < 0.5:
        node.op_type = {"body": rng.choice(("Loop", "Scan"))}.get(name, "If")
    for index in reversed([at for at, one in enumerate(node.attribute) if one.name == name]):
        del node.attribute[index]
    node.attribute.append(AttributeProto(name=name, type=AttributeProto.GRAPH, g=body))


_ATTRIBUTES: dict[str, dict[str, str]] = {}
for _schema in onnx.defs.get_all_schemas_with_history():
    _kinds = {name: attribute.type.name for name, attribute in _schema.attributes.items()}
    _ATTRIBUTES.setdefault(_schema.name, {}).update(_kinds)
"""Of every operator there ever was, the names of its attributes and their types."""

OPERATORS = sorted(_ATTRIBUTES)

Change = Callable[[onnx.ModelProto, onnx.ModelProto, random.Random], None]
_CHANGES: tuple[Change, ...] = (
    _change_any_field, _rewire, _change_operator, _change_attribute, _change_shape, _change_tensor,
    _make_initializer, _graft, _change_opset, _nest,
)  # fmt: skip
_WEIGHTS = (5, 3, 2, 5, 4, 4, 4, 2, 1, 0.5)


def reductions(content: bytes) -> Iterator[bytes]:
    """Smaller variants of a model, the boldest first: for whoever looks for the least that still fails."""
    try:
        model = onnx.ModelProto.FromString(content)
    except DecodeError:
        model = None
    if model is not None and model.ByteSize():
        for part in range(len(_parts(model))):
            yield from _smaller(model, part)
    size = max(1, len(content) // 2)
    while size >= 1 and len(content) <= 4000:
        for start in range(0, len(content), size):
            yield content[:start] + content[start + size :]
        size //= 2


def _smaller(model: onnx.ModelProto, index: int) -> Iterator[bytes]:
    part = _parts(model)[index]
    for field, value in part.ListFields():
        steps: list[int | None] = [None]
        if _is_repeated(field):
            steps += range(min(len(value), 50))
        for step in steps:
            copy = onnx.ModelProto()
            copy.CopyFrom(model)
            twin = _parts(copy)[index]
            if step is None:
                twin.ClearField(field.name)
            else:
                del getattr(twin, field.name)[step]
            yield copy.SerializeToString(deterministic=True)
