"""Fields of a message, changed whatever they mean, and the parts of a model."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import onnx
from google.protobuf.message import Message
from onnx import GraphProto, NodeProto

from tests.hostile.mutations.chosen import FLOATS, INTEGERS, NAMES, STRINGS

_MOST_PARTS = 4000


def parts_of(message: Message) -> list[Message]:
    """The message and everything inside it, up to a bound."""
    found, waiting = [], [message]
    while waiting and len(found) < _MOST_PARTS:
        part = waiting.pop()
        found.append(part)
        for field, value in part.ListFields():
            if field.type == field.TYPE_MESSAGE:
                waiting.extend(value if is_repeated(field) else [value])
    return found


def is_repeated(field: Any) -> bool:
    """Whether a field holds several values."""
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
        return rng.choice((*STRINGS, *NAMES)).encode("utf-8") * rng.choice((1, 1, 1, 2))
    if field.type == field.TYPE_ENUM:
        return rng.choice([value.number for value in field.enum_type.values])
    if field.type == field.TYPE_UINT64:
        return rng.choice(INTEGERS) % 2**64
    value = rng.choice(INTEGERS)
    return (value + 2**31) % 2**32 - 2**31 if field.type == field.TYPE_INT32 else value


def change_any_field(model: onnx.ModelProto, other: onnx.ModelProto, rng: random.Random) -> None:
    """Any field of any part, to any value of its type."""
    parts = parts_of(model)
    part = rng.choice(parts)
    field = rng.choice(part.DESCRIPTOR.fields)
    is_message = field.type == field.TYPE_MESSAGE
    if rng.random() < 0.15:
        part.ClearField(field.name)
    elif is_repeated(field):
        _change_repeated(getattr(part, field.name), field, is_message, parts_of(other), rng)
    elif is_message:
        twins = [one for one in parts_of(other) + parts if one.DESCRIPTOR is field.message_type]
        if twins:
            copy = type(twins[0])()
            copy.CopyFrom(rng.choice(twins))
            getattr(part, field.name).CopyFrom(copy)
    else:
        setattr(part, field.name, _scalar(field, rng, value_names(model)))


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


def graphs_of(model: onnx.ModelProto) -> list[GraphProto]:
    """All graphs of a model, also those in nodes."""
    return [part for part in parts_of(model) if isinstance(part, GraphProto)]


def nodes_of(model: onnx.ModelProto) -> list[NodeProto]:
    """All nodes of a model, also those in bodies."""
    return [part for part in parts_of(model) if isinstance(part, NodeProto)]


def value_names(model: onnx.ModelProto) -> list[str]:
    """Names that a node may read."""
    graph = model.graph
    names = [info.name for info in graph.input] + [tensor.name for tensor in graph.initializer]
    return names + [name for node in graph.node[:100] for name in node.output]
