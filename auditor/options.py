"""What the user asked for, typed: run args (checked as EZKL checks them), dimensions, limits."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from auditor.circuit.run_args import RunArgs
from auditor.errors import UsageError
from auditor.verdict import Limits

MAX_SETTINGS_BYTES = 64 * 2**20

MAX_SCALE = 126
"""Scales are exponents of two, and EZKL's integers have 127 bits and a sign."""

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?b?)", re.IGNORECASE)

_VISIBILITY = re.compile(r"public|private|fixed|polycommit|hashed|hashed/public|hashed/private/\d+(,\d+)*")


class PriceRequest(Struct, frozen=True, kw_only=True):
    """What to price on, as the command line says it. Machines and chains that are named must do; of the
    default ones the report only tells."""

    hardware: tuple[str, ...] = ()
    chains: tuple[str, ...] = ()
    policy: str | None = None
    fork: str | None = None
    gas_price_gwei: float | None = None
    native_usd: float | None = None


class PlanRequest(Struct, frozen=True, kw_only=True):
    """The sample inputs that run args are chosen for: those of a file, or random ones of a ``seed``."""

    input: Path | None = None
    seed: int = 0


class Request(Struct, frozen=True, kw_only=True):
    """One command: how to lower, what to price on, what is allowed, how much to show and to say.

    ``given`` names the run args that the user set; the others are EZKL's defaults. Where none is given and
    ``plan`` is not None, run args are chosen.
    """

    run_args: RunArgs
    given: frozenset[str]
    dims: Mapping[str, int]
    front_end: str
    limits: Limits
    layers_shown: int
    quiet: bool
    verbose: bool
    prices: PriceRequest | None = None
    plan: PlanRequest | None = None


def parse_request(
    *,
    settings: Path | None = None,
    assignments: Sequence[str] = (),
    dims: Sequence[str] = (),
    front_end: str = "auto",
    max_rows: int | None = None,
    max_logrows: int | None = None,
    layers_shown: int = 0,
    quiet: bool = False,
    verbose: bool = False,
    prices: PriceRequest | None = None,
    plan: PlanRequest | None = None,
) -> Request:
    """The command line's words as values.

    Raises:
        UsageError: something has no meaning, or EZKL refuses the run args.
    """
    changes = run_arg_changes(settings, assignments)
    chosen = RunArgs().with_changes(**changes)
    check_run_args(chosen)
    return Request(
        run_args=chosen,
        given=frozenset(changes),
        dims=dimensions(dims),
        front_end=front_end,
        limits=Limits(max_rows=max_rows, max_logrows=max_logrows),
        layers_shown=layers_shown,
        quiet=quiet,
        verbose=verbose,
        prices=prices,
        plan=plan if not changes else None,
    )


def run_arg_changes(settings: Path | None, assignments: Sequence[str]) -> dict[str, object]:
    """What the user set: a settings file, overlaid by ``NAME=VALUE`` assignments.

    Raises:
        UsageError: an unknown name, or a value of the wrong type.
    """
    changes = _read_settings(settings) if settings else {}
    for assignment in assignments:
        name, value = split_assignment("--set", assignment)
        changes[name] = _typed(name, value)
    return changes


def dimensions(assignments: Sequence[str]) -> dict[str, int]:
    """``NAME=SIZE`` assignments of ``--dim``; sizes are positive.

    Raises:
        UsageError: no ``=``, or a size that is not a positive integer.
    """
    sizes = {}
    for assignment in assignments:
        name, value = split_assignment("--dim", assignment)
        size = _integer(value)
        if size < 1:
            raise UsageError(f"--dim {name}={value}: a dimension is at least 1")
        sizes[name] = size
    return sizes


def split_assignment(option: str, assignment: str) -> tuple[str, str]:
    """``("NAME", "VALUE")`` of ``NAME=VALUE``."""
    name, equals, value = assignment.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise UsageError(f"{option} {assignment}: expected NAME=VALUE")
    return name.strip(), value.strip()


def size_bytes(option: str, text: str) -> int:
    """A size as people write it: ``8GiB``, ``500MB``, ``2g``.

    Raises:
        UsageError: it is none.
    """
    found = _SIZE.fullmatch(text.strip())
    if not found or not float(found[1]):
        raise UsageError(f"{option} {text}: expected a size, as in 8GiB or 500MB")
    base = 1000 if found[3].lower() == "b" and found[2] else 1024
    return int(float(found[1]) * base ** " kmgt".index(found[2].lower() or " "))


def as_settings(args: RunArgs) -> dict[str, object]:
    """The run args under EZKL's names, as JSON values. ``epsilon`` is the one EZKL will use."""
    values: dict[str, object] = asdict(args)
    values["epsilon"] = args.effective_epsilon
    return values


def number_range(option: str, text: str) -> tuple[float, float]:
    """Two numbers, as in ``-1,1``.

    Raises:
        UsageError: it is no such pair, or the first is the greater one.
    """
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"{option} {text}: expected LOW,HIGH, as in -1,1") from None
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise UsageError(f"{option} {text}: LOW is at most HIGH, and both are finite")
    return low, high


# --- values --------------------------------------------------------------------------------


def _integer(text: str) -> int:
    try:
        return int(text.replace("_", ""))
    except ValueError:
        raise UsageError(f"'{text}' is not an integer") from None


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise UsageError(f"'{text}' is neither true nor false")
    return text.lower() == "true"


def _optional_integer(text: str) -> int | None:
    return None if text.lower() in ("none", "null") else _integer(text)


def _optional_number(text: str) -> float | None:
    if text.lower() in ("none", "null"):
        return None
    try:
        number = float(text)
    except ValueError:
        raise UsageError(f"'{text}' is not a number") from None
    if not math.isfinite(number):
        raise UsageError(f"'{text}' is not a finite number")
    return number


def _pair(text: str) -> tuple[int, int]:
    parts = text.strip("()").split(",")
    if len(parts) != 2:
        raise UsageError(f"'{text}' is not a pair of integers, as in -32768,32768")
    return _integer(parts[0].strip()), _integer(parts[1].strip())


def _variables(text: str) -> tuple[tuple[str, int], ...]:
    pairs = []
    for part in filter(None, text.split(",")):
        name, arrow, size = part.partition("->")
        if not arrow or not name.strip():
            raise UsageError(f"'{part}' is not a variable, as in N->1")
        pairs.append((name.strip(), _integer(size.strip())))
    return tuple(pairs)


def _visibility(text: str) -> str:
    if not _VISIBILITY.fullmatch(text.lower()):
        raise UsageError(
            f"'{text}' is none of public, private, fixed, polycommit, hashed, hashed/public, hashed/private/0"
        )
    return "hashed/public" if text.lower() == "hashed" else text.lower()


def _check_mode(text: str) -> str:
    if text.lower() not in ("safe", "unsafe"):
        raise UsageError(f"'{text}' is neither safe nor unsafe")
    return text.lower()


_PARSERS: Mapping[str, Callable[[str], object]] = {
    "bool": _boolean,
    "float | None": _optional_number,
    "int": _integer,
    "int | None": _optional_integer,
    "str": _check_mode,
    "tuple[int, int]": _pair,
    "tuple[tuple[str, int], ...]": _variables,
    "Visibility": _visibility,
}
"""By the type of the field, so that a run arg added to ``RunArgs`` can be set without an edit here."""

_TYPES = dict(RunArgs.__annotations__)


def _typed(name: str, text: str, where: str = "--set") -> object:
    if name not in _TYPES:
        raise UsageError.unknown(f"{where} {name}: EZKL has no such run arg", name, _TYPES)
    try:
        return _PARSERS[_TYPES[name]](text)
    except UsageError as error:
        raise UsageError(f"{where} {name}: {error.message}") from None


# --- settings.json -------------------------------------------------------------------------


def load_settings(path: Path) -> tuple[bytes, dict[str, Any]]:
    """The bytes of a settings.json and what they say; it has ``run_args``.

    Raises:
        UsageError: it is none.
    """
    try:
        if path.stat().st_size > MAX_SETTINGS_BYTES:
            raise UsageError(f"{path.name}: too large for a settings file")
        raw = path.read_bytes()
        content = json.loads(raw)
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path.name}: not a readable settings file ({type(error).__name__})") from None
    if not isinstance(content, dict) or not isinstance(content.get("run_args"), dict):
        raise UsageError(f"{path.name}: has no run_args", hint="give a settings.json that EZKL wrote")
    return raw, content


def run_args_in(written: Mapping[str, Any]) -> dict[str, object]:
    """The ``run_args`` of a settings.json, all of which EZKL knows, as values.

    Raises:
        UsageError: a value of the wrong type.
    """
    return {name: _typed(name, _as_text(name, value), "run_args") for name, value in written.items()}


def run_args_unknown(written: Mapping[str, Any]) -> tuple[str, ...]:
    """The names among the ``run_args`` of a settings.json that EZKL 23.0.5 does not know."""
    return tuple(sorted(set(written) - set(_TYPES)))


def _read_settings(path: Path) -> dict[str, object]:
    _, content = load_settings(path)
    written = content["run_args"]
    if unknown := run_args_unknown(written):
        raise UsageError(f"{path.name}: unknown run args: {', '.join(unknown)}")
    return run_args_in(written)


def _as_text(name: str, value: Any) -> str:
    """The command line's spelling of a value in settings.json, where EZKL writes Rust's enums."""
    match value:
        case {"Hashed": {"hash_is_public": True}}:
            return "hashed/public"
        case {"Hashed": {"outlets": [*outlets]}}:
            return "hashed/private/" + ",".join(str(outlet) for outlet in outlets)
        case [*pairs] if name == "variables" and all(isinstance(it, list) and len(it) == 2 for it in pairs):
            return ",".join(f"{symbol}->{size}" for symbol, size in pairs)
    if isinstance(value, list):
        return ",".join(str(item) for item in value)
    if value == "KZGCommit":
        return "polycommit"
    return "none" if value is None else str(value)


def check_run_args(args: RunArgs) -> None:
    """The rules of EZKL's own ``RunArgs::validate`` (EZKL lib.rs), with its limits.

    Raises:
        UsageError: EZKL refuses them.
    """
    faults = {
        "param_visibility is public: parameters cannot be public instances; use fixed or polycommit": (
            args.param_visibility == "public"
        ),
        "scale_rebase_multiplier must be at least 1": args.scale_rebase_multiplier < 1,
        "lookup_range: the minimum is greater than the maximum": args.lookup_range[0] > args.lookup_range[1],
        "logrows must be at least 1": args.logrows < 1,
        "num_inner_cols must be at least 1": args.num_inner_cols < 1,
        "decomp_base must be at least 1": args.decomp_base < 1,
        "decomp_legs must be at least 1": args.decomp_legs < 1,
        "variables: batch_size cannot be 0": dict(args.variables).get("batch_size") == 0,
    }
    for fault, met in faults.items():
        if met:
            raise UsageError(f"EZKL refuses these run args: {fault}")
    if max(abs(args.input_scale), abs(args.param_scale), abs(args.rebase_scale or 0)) > MAX_SCALE:
        raise UsageError(f"a scale lies between -{MAX_SCALE} and {MAX_SCALE}: EZKL's integers have 127 bits")
    if args.decomp_base > 2**127 or args.decomp_base ** min(args.decomp_legs, 128) >= 2**127:
        power = f"{args.decomp_base}^{args.decomp_legs}"
        raise UsageError(f"EZKL refuses these run args: decomp_base^decomp_legs = {power} overflows")
