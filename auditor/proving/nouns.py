"""Structs to JSON values and back, by their type hints and nothing else.

Known hints: ``int``, ``float``, ``str``, ``bool``, ``None``, unions with None, ``Literal``, ``tuple`` of a
fixed or any length, ``Mapping[str, ...]``, structs, and ``object`` for any JSON value. Reading accepts
exactly what writing makes.
"""

from __future__ import annotations

import math
import types
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, TypeGuard, TypeVar, Union, get_args, get_origin, get_type_hints

from msgspec import Struct

from auditor.safe import safe

T = TypeVar("T")


MAX_INT = (1 << 63) - 1
"""What every reader of JSON has room for."""


class Mismatch(ValueError):
    """A JSON value that is not of the type asked for; the message says where, and shows nothing unsafe."""


def to_json(noun: object) -> Any:
    """The JSON value of a noun. An int in a place for floats becomes a float.

    Raises :class:`Mismatch` when a field holds what its hint does not allow.
    """
    return _write(type(noun), noun, "")


def from_json(kind: type[T], value: object) -> T:
    """The noun that :func:`to_json` wrote as ``value``.

    Raises :class:`Mismatch` for a missing or unknown name, or a value of another type.
    """
    noun: T = _read(kind, value, "")
    return noun


def json_schema(kind: type) -> dict[str, Any]:
    """The JSON Schema of a noun."""
    return _schema(kind)


@cache
def _hints(kind: type[Struct]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {name: hints[name] for name in kind.__struct_fields__}


def _is_noun(hint: Any) -> TypeGuard[type[Struct]]:
    return isinstance(hint, type) and issubclass(hint, Struct)


def _write(hint: Any, value: Any, where: str) -> Any:
    if _is_noun(hint):
        if type(value) is not hint:
            raise _mismatch(where, getattr(hint, "__name__", "a noun"))
        return {
            name: _write(part, getattr(value, name), f"{where}.{name}")
            for name, part in _hints(hint).items()  # type: ignore[arg-type]
        }
    if hint is float and type(value) is int:
        value = float(value)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is tuple and isinstance(value, tuple):
        parts = zip(_item_hints(arguments, len(value), where), value, strict=True)
        return [_write(part, item, f"{where}[{index}]") for index, (part, item) in enumerate(parts)]
    if origin is Mapping and isinstance(value, Mapping):
        return {
            _name(key, where): _write(arguments[1], item, f"{where}.{key}") for key, item in value.items()
        }
    if origin in (Union, types.UnionType):
        return None if value is None else _write(_not_none(arguments), value, where)
    return _scalar(hint, value, where)


def _read(hint: Any, value: Any, where: str) -> Any:
    if _is_noun(hint):
        return _read_noun(hint, value, where)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is tuple:
        if type(value) is not list:
            raise _mismatch(where, "a list")
        parts = zip(_item_hints(arguments, len(value), where), value, strict=True)
        return tuple(_read(part, item, f"{where}[{index}]") for index, (part, item) in enumerate(parts))
    if origin is Mapping:
        if type(value) is not dict:
            raise _mismatch(where, "an object")
        return {key: _read(arguments[1], item, f"{where}.{key}") for key, item in value.items()}
    if origin in (Union, types.UnionType):
        return None if value is None else _read(_not_none(arguments), value, where)
    return _scalar(hint, value, where)


def _read_noun(kind: Any, value: Any, where: str) -> Any:
    if type(value) is not dict:
        raise _mismatch(where, "an object")
    hints = _hints(kind)
    for name in sorted(hints.keys() - value.keys()):
        raise Mismatch(f"{_at(where)} lacks {name}")
    for name in sorted(value.keys() - hints.keys()):
        raise Mismatch(f"{_at(where)} has the unknown name {safe(name, limit=60)}")
    return kind(**{name: _read(hint, value[name], f"{where}.{name}") for name, hint in hints.items()})


def _scalar(hint: Any, value: Any, where: str) -> Any:
    if hint is object:
        return value
    if get_origin(hint) is Literal:
        if not any(type(value) is type(word) and value == word for word in get_args(hint)):
            raise _mismatch(where, f"one of {', '.join(map(str, get_args(hint)))}")
        return value
    # A bool is an int to Python and not to JSON.
    if hint not in (int, float, str, bool) or type(value) is not hint:
        raise _mismatch(where, getattr(hint, "__name__", str(hint)))
    if hint is int and abs(value) > MAX_INT:
        raise _mismatch(where, "an integer of 64 bits")
    if hint is float and not math.isfinite(value):
        raise _mismatch(where, "a finite number")
    return value


def _item_hints(arguments: tuple[Any, ...], length: int, where: str) -> list[Any]:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return [arguments[0]] * length
    if len(arguments) != length:
        raise _mismatch(where, f"a list of {len(arguments)}")
    return list(arguments)


def _not_none(arguments: tuple[Any, ...]) -> Any:
    (hint,) = (argument for argument in arguments if argument is not type(None))
    return hint


def _name(key: object, where: str) -> str:
    if type(key) is not str:
        raise _mismatch(where, "an object whose names are strings")
    return key


def _mismatch(where: str, wanted: str) -> Mismatch:
    return Mismatch(f"{_at(where)} is not {wanted}")


def _at(where: str) -> str:
    return safe(where.removeprefix("."), limit=120) or "the whole"


# --- JSON Schema ---------------------------------------------------------------------------

_SCALARS = {int: "integer", float: "number", str: "string", bool: "boolean"}


def _schema(hint: Any) -> dict[str, Any]:
    if _is_noun(hint):
        hints = _hints(hint)
        return {
            "type": "object",
            "properties": {name: _schema(part) for name, part in hints.items()},
            "required": sorted(hints),
            "additionalProperties": False,
        }
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return {"type": "array", "items": _schema(arguments[0])}
        items = [_schema(part) for part in arguments]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _schema(arguments[1])}
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema(_not_none(arguments)), {"type": "null"}]}
    return {"type": _SCALARS[hint]}
