"""Symbolic sizes such as ``past + 1``: parsed exactly as the ONNX reader inside EZKL parses them.

Source: tract ``data/src/dim/parse.rs``: one operator for each level (``a+b+c`` is refused), ``/`` by
a number only, ``min(...)`` and ``max(...)``, ASCII identifiers. Its ``#`` (broadcast) is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from msgspec import Struct

_MAX_LENGTH = 200
_NUMBER = re.compile(r"[0-9]+")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SPACES = " \t\r\n"
_MAX_NUMBER = 2**63 - 1

_OPERATORS: dict[str, Callable[[int, int], int]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left // right,
    "min": min,
    "max": max,
}


class Expression(Struct, frozen=True):
    """A number, a symbol, or ``operator`` applied to ``operands`` from left to right."""

    number: int = 0
    symbol: str = ""
    operator: str = ""
    operands: tuple[Expression, ...] = ()

    def symbols(self) -> tuple[str, ...]:
        """The symbols in it, each once, in order of appearance."""
        if self.symbol:
            return (self.symbol,)
        return tuple(dict.fromkeys(name for operand in self.operands for name in operand.symbols()))

    def value(self, sizes: Mapping[str, int]) -> int:
        """Its value; raises KeyError for a symbol that ``sizes`` does not give."""
        if self.symbol:
            return sizes[self.symbol]
        if not self.operator:
            return self.number
        values = [operand.value(sizes) for operand in self.operands]
        result = values[0]
        for value in values[1:]:
            result = _OPERATORS[self.operator](result, value)
        return result


@lru_cache(maxsize=1024)
def parse(text: str) -> Expression | None:
    """The expression ``text`` stands for; None when EZKL's reader cannot parse it.

    >>> parse("2*(past + 1)").value({"past": 3})
    8
    >>> parse("batch size") is None
    True
    """
    if text.isascii() and text.isidentifier():
        return Expression(symbol=text)  # the common case, and cheap when there are very many
    if len(text) > _MAX_LENGTH:
        return None
    parsed = _binary(text, 0, 0)
    return parsed[0] if parsed is not None and parsed[1] == len(text) else None


_Parsed = tuple[Expression, int] | None
_LEVELS = "+-*"


def _binary(text: str, at: int, level: int) -> _Parsed:
    """``next`` or ``next operator next`` at one level of precedence, the weakest first."""
    if level == len(_LEVELS):
        return _quotient(text, at)
    left = _binary(text, at, level + 1)
    if left is None:
        return None
    after = _token(text, left[1], _LEVELS[level])
    right = None if after is None else _binary(text, after, level + 1)
    if right is None:
        return left
    return Expression(operator=_LEVELS[level], operands=(left[0], right[0])), right[1]


def _quotient(text: str, at: int) -> _Parsed:
    left = _atom(text, at)
    if left is None:
        return None
    after = _token(text, left[1], "/")
    digits = None if after is None else _NUMBER.match(text, after)
    if digits is None or not 0 < int(digits[0]) <= _MAX_NUMBER:
        return left
    return Expression(operator="/", operands=(left[0], Expression(number=int(digits[0])))), digits.end()


def _atom(text: str, at: int) -> _Parsed:
    if (digits := _NUMBER.match(text, at)) and int(digits[0]) <= _MAX_NUMBER:
        return Expression(number=int(digits[0])), digits.end()
    for name in ("min", "max"):
        if (called := _call(text, at, name)) is not None:
            return called
    if name_match := _IDENTIFIER.match(text, at):
        return Expression(symbol=name_match[0]), name_match.end()
    if (after := _token(text, at, "-")) is not None and (negated := _atom(text, after)) is not None:
        return Expression(operator="*", operands=(Expression(number=-1), negated[0])), negated[1]
    if (after := _token(text, at, "(")) is not None and (inner := _binary(text, after, 0)) is not None:
        closed = _token(text, inner[1], ")")
        return None if closed is None else (inner[0], closed)
    return None


def _call(text: str, at: int, name: str) -> _Parsed:
    named = _token(text, at, name)
    opened = None if named is None else _token(text, named, "(")
    if opened is None:
        return None
    operands: list[Expression] = []
    position: int | None = opened
    while position is not None:
        parsed = _binary(text, position, 0)
        if parsed is None:
            return None
        operands.append(parsed[0])
        closed = _token(text, parsed[1], ")")
        if closed is not None:
            return Expression(operator=name, operands=tuple(operands)), closed
        position = _token(text, parsed[1], ",")
    return None


def _token(text: str, at: int, token: str) -> int | None:
    """The offset after ``token`` and the spaces around it, if it stands at ``at``."""
    while at < len(text) and text[at] in _SPACES:
        at += 1
    if not text.startswith(token, at):
        return None
    at += len(token)
    while at < len(text) and text[at] in _SPACES:
        at += 1
    return at
