"""What each key of the configuration takes, and the value it becomes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from auditor.config.nouns import Budget, Origin
from auditor.errors import UsageError
from auditor.findings import SEVERITIES

Parser = Callable[[Any], Any]

UNLIMITED = "unlimited"
"""In place of a limit: there is none, whatever a later table says."""

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?b?)", re.IGNORECASE)
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_RULE = re.compile(r"AUD-[A-Z]+-\d{3}")
_FRONT_ENDS = ("auto", "ezkl", "onnx")


def count(value: Any) -> int:
    """A whole number that is not negative."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise UsageError(f"expected a whole number, not {spelled(value)}")
    return value


def number(value: Any) -> float:
    """A number that is not negative."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < math.inf:
        raise UsageError(f"expected a number, not {spelled(value)}")
    return value


def size(value: Any) -> int:
    """Bytes, as a number or as people write them.

    >>> size("8 GiB"), size("500MB"), size(10)
    (8589934592, 500000000, 10)
    """
    if not isinstance(value, str):
        return count(value)
    found = _SIZE.fullmatch(value.strip())
    if not found:
        raise UsageError(f"expected a size, as in '8 GiB' or 500_000_000, not {spelled(value)}")
    base = 1000 if found[3].lower() == "b" and found[2] else 1024
    return int(float(found[1]) * base ** " kmgt".index(found[2].lower() or " "))


def text(value: Any) -> str:
    """Words that are not empty."""
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"expected text, not {spelled(value)}")
    return value


def boolean(value: Any) -> bool:
    """``true`` or ``false``."""
    if not isinstance(value, bool):
        raise UsageError(f"expected true or false, not {spelled(value)}")
    return value


def texts(value: Any) -> tuple[str, ...]:
    """A list of words, or one."""
    if isinstance(value, list):
        return tuple(text(item) for item in value)
    return (text(value),)


def rule_ids(value: Any) -> tuple[str, ...]:
    """Ids of findings."""
    ids = texts(value)
    for id_ in ids:
        if not _RULE.fullmatch(id_):
            raise UsageError(f"expected the id of a finding, as in AUD-SEC-012, not {spelled(id_)}")
    return ids


def patterns(value: Any) -> tuple[str, ...]:
    """Regular expressions."""
    for item in texts(value):
        try:
            re.compile(item)
        except re.error as error:
            raise UsageError(f"{spelled(item)} is no regular expression: {error}") from error
    return texts(value)


def day(value: Any) -> date:
    """A date, not quoted."""
    if isinstance(value, datetime) or not isinstance(value, date):
        raise UsageError(f"expected a date without quotes, as in 2027-01-31, not {spelled(value)}")
    return value


def severity(value: Any) -> str:
    """A severity of findings."""
    return _one_of(value, "severity", SEVERITIES)


def front_end(value: Any) -> str:
    """Who lowers the model."""
    return _one_of(value, "front end", _FRONT_ENDS)


def table(value: Any) -> Mapping[str, Any]:
    """A table."""
    if not isinstance(value, dict):
        raise UsageError(f"expected a table, not {spelled(value)}")
    return value


def dims(value: Any) -> Mapping[str, int]:
    """Sizes by the names of dimensions."""
    for name, item in table(value).items():
        if count(item) < 1:
            raise UsageError(f"dimension {name} is at least 1")
    return table(value)


def visibility(value: Any) -> Mapping[str, str]:
    """Of the inputs, outputs and parameters."""
    known = ("input", "output", "param")
    for name, item in table(value).items():
        if name not in known:
            raise UsageError.unknown(f"there is no visibility of '{name}'", name, known)
        text(item)
    return {f"{name}_visibility": item for name, item in table(value).items()}


TOP: Mapping[str, Parser] = {
    "fail_on": severity,
    "baseline": text,
    "gate_time": boolean,
}
"""Keys of the file itself with one value, beside ``extend``, ``exclude`` and the tables."""

MODELS: Mapping[str, Parser] = {
    "chains": texts,
    "circuit": boolean,
    "dims": dims,
    "front_end": front_end,
    "hardware": texts,
    "inputs": text,
    "plan": boolean,
    "policy": text,
    "run_args": table,
    "visibility": visibility,
}
"""Keys of ``[models."GLOB"]``."""

AMOUNTS: Mapping[str, tuple[str, Parser, str, bool]] = {
    "max_rows": ("rows", count, "", False),
    "max_logrows": ("logrows", count, "", False),
    "max_assignments": ("assignments", count, "", False),
    "max_proving_key_bytes": ("proving_key_bytes", size, "", False),
    "max_verifying_key_bytes": ("verifying_key_bytes", size, "", False),
    "max_proof_bytes": ("proof_bytes", size, "", False),
    "max_peak_memory": ("peak_memory", size, "profile", False),
    "max_verify_gas": ("verify_gas", count, "chain", False),
    "max_deploy_gas": ("deploy_gas", count, "chain", False),
    "max_prove_seconds": ("prove_seconds", number, "profile", True),
    "max_setup_seconds": ("setup_seconds", number, "profile", True),
    "max_verify_usd": ("verify_usd", number, "chain", True),
}
"""Of each limit: the amount, its parser, the key of the machine or chain it may or must (last) name."""

INCREASE = "max_increase"

TIMED = ("prove_seconds", "setup_seconds", "verify_usd")
"""Amounts that depend on a clock or a market, and are compared only where the user asks for it."""

_INCREASES: Mapping[str, Parser] = {
    amount: parse for amount, parse, _, timed in AMOUNTS.values() if not timed
}


def budgets(name: str, value: Any, origin: Origin) -> Iterator[Budget]:
    """The limits that a key of ``[budget."GLOB"]`` sets: none, one, or several where it names machines.

    Raises:
        UsageError: the value is none, in words that do not say where it stands.
    """
    if name == INCREASE:
        yield from _increases(value, origin)
        return
    amount, parse, where, must = AMOUNTS[name]
    if value == UNLIMITED:
        return
    for item in value if isinstance(value, list) else (value,):
        profile = ""
        if isinstance(item, dict) and where:
            _only(item, (where, "value"))
            profile, item = text(item.get(where)), item.get("value")
        elif must:
            example = f'{{ {where} = "NAME", value = 60 }}'
            raise UsageError(f"{name} says on which {where}, as in {name} = {example}")
        yield Budget(name=name, amount=amount, limit=parse(item), profile=profile, origin=origin)


def _increases(value: Any, origin: Origin) -> Iterator[Budget]:
    _only(table(value), _INCREASES)
    for amount, item in table(value).items():
        percent = _PERCENT.fullmatch(item.strip()) if isinstance(item, str) else None
        limit = float(percent[1]) / 100 if percent else _INCREASES[amount](item)
        yield Budget(
            name=f"{INCREASE}.{amount}", amount=amount, limit=limit, increase=True,
            relative=percent is not None, origin=origin,
        )  # fmt: skip


def _only(value: Mapping[str, Any], known: Any) -> None:
    for name in value:
        if name not in known:
            raise UsageError.unknown(f"unknown key '{name}'", name, known)


def _one_of(value: Any, what: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise UsageError.unknown(f"{spelled(value)} is no {what}", str(value), known)
    return str(value)


def spelled(value: Any) -> str:
    """A value in an error message."""
    shown = (
        {True: "true", False: "false", None: "nothing"}.get(value) if isinstance(value, bool | None) else None
    )
    return shown or repr(value)[:60]
