"""Attributes of a node and values of its inputs, checked as tract does (tract `onnx/src/pb_helpers.rs`)."""

from __future__ import annotations

from auditor.lowering.errors import Rejected
from auditor.lowering.graph.dim import is_open
from auditor.lowering.translate.registry import Call
from auditor.lowering.typed.cast import cast_tensor


def integer(call: Call, name: str, default: int | None = None) -> int:
    """An integer attribute.

    Raises:
        Rejected: it is of another kind, or missing without a default.
    """
    value = call.node.attributes.get(name, default)
    if value is None:
        raise Rejected(f"attribute {name} is missing")
    if not isinstance(value, int):
        raise Rejected(f"attribute {name} is not an integer")
    return int(value)


def integers(call: Call, name: str) -> tuple[int, ...] | None:
    """A list of integers, None when the node has no such attribute.

    Raises:
        Rejected: it is of another kind.
    """
    value = call.node.attributes.get(name)
    if value is None:
        return None
    if not isinstance(value, tuple) or not all(isinstance(item, int) for item in value):
        raise Rejected(f"attribute {name} is not a list of integers")
    return tuple(item for item in value if isinstance(item, int))


def required_integers(call: Call, name: str) -> tuple[int, ...]:
    """A list of integers that the node must have.

    Raises:
        Rejected: it is missing or of another kind.
    """
    value = integers(call, name)
    if value is None:
        raise Rejected(f"attribute {name} is missing")
    return value


def naturals(call: Call, name: str) -> tuple[int, ...] | None:
    """A list of integers none of which is negative, None when the node has no such attribute.

    Raises:
        Rejected: it is of another kind or holds a negative number.
    """
    value = integers(call, name)
    if value is not None and any(item < 0 for item in value):
        raise Rejected(f"attribute {name} holds a negative number, which EZKL does not read")
    return value


def text(call: Call, name: str) -> str | None:
    """A string, None when the node has no such attribute.

    Raises:
        Rejected: it is of another kind.
    """
    value = call.node.attributes.get(name)
    if value is not None and not isinstance(value, str):
        raise Rejected(f"attribute {name} is not a string")
    return value


def real(call: Call, name: str, default: float) -> float:
    """A number with a fraction.

    Raises:
        Rejected: it is of another kind.
    """
    value = call.node.attributes.get(name, default)
    if not isinstance(value, float):
        raise Rejected(f"attribute {name} is not a float")
    return value


def constant_integers(call: Call, slot: int, what: str, dt: str = "tdim") -> list[int]:
    """The values of the ``slot``-th input that is not omitted, cast to ``dt`` as tract casts them.

    ``what`` names them for the refusal. Among dimensions there may be some that are still symbols.

    Raises:
        Rejected: the node has no such input, or it is not constant.
    """
    if slot >= len(call.present):
        raise Rejected(f"input {slot} is missing")
    value = call.fact(call.present[slot]).konst
    if value is None:
        raise Rejected(f"{what} depends on the model's input", f"make {what} a constant")
    array = cast_tensor(value, dt).array.reshape(-1)
    return [item if is_open(item) else int(item) for item in array]
