"""JSON of strangers, read without surprises, and JSON of ours that has one spelling only."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

MAX_CONTAINERS = 1 << 20
MAX_NAMES = 1 << 20
MAX_VALUES = 1 << 23
"""A container takes twenty times its text in memory, and a value a multiple of it."""


class Malformed(ValueError):
    """Not the JSON that was asked for; the message says why and holds no text of the file."""


def parse(data: bytes) -> Any:
    """The value of a JSON text, in UTF-8 without a byte-order mark.

    Duplicate names, NaN, infinities, numbers beyond a float, and more values or deeper nesting than any file
    of ours has, raise :class:`Malformed`. The caller bounds the size.
    """
    containers = data.count(b"[") + data.count(b"{")
    if containers > MAX_CONTAINERS or data.count(b":") > MAX_NAMES or data.count(b",") > MAX_VALUES:
        raise Malformed("holds more values than any file of this kind")
    try:
        return json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
    except Malformed:
        raise
    except UnicodeDecodeError as error:
        raise Malformed("not UTF-8") from error
    except json.JSONDecodeError as error:
        raise Malformed(f"not JSON: {error.msg} at character {error.pos:,}") from error
    except RecursionError as error:
        raise Malformed("not JSON: nested too deeply") from error
    except ValueError as error:  # an integer of thousands of digits
        raise Malformed("a number has too many digits") from error


def dump(value: object) -> bytes:
    """The one spelling of a value, for people: names sorted, ASCII, indented, a newline at the end."""
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=True, allow_nan=False)
    return text.encode("ascii") + b"\n"


def dump_compact(value: object) -> bytes:
    """The one spelling of a value, for programs: names sorted, ASCII, no blanks, no newline."""
    text = json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=True, allow_nan=False)
    return text.encode("ascii")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("a name occurs twice in one object")
    return found


def _no_constant(_: str) -> NoReturn:
    raise Malformed("a number is not finite")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise Malformed("a number is not finite")
    return number
