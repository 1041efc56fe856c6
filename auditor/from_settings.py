"""A circuit from EZKL's settings.json alone: the sizes it tells and the run args it was laid out with.

What EZKL 23.0.5 writes is read to the letter (EZKL ``graph/mod.rs`` `GraphSettings`). Other versions wrote
the same fields, some fewer, some more: those are read as far as they go, and what that leaves open is said.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from auditor._version import EZKL_VERSION
from auditor.circuit.run_args import RunArgs
from auditor.circuit.size import CircuitSize, EinsumEquation, ModuleSizes, RequiredLookup
from auditor.errors import UsageError
from auditor.options import check_run_args, load_settings, run_args_in, run_args_unknown
from auditor.safe import safe

COMPARED = (EZKL_VERSION, "23.0.3")
"""The versions whose keys were compared with ours, byte for byte: the second in runs of other people
(github.com/Jupiter-Plantagenet/ezkl-cnn-benchmark, ``tests/pricing/test_published.py``)."""

FORGOTTEN = ("commitment", "div_rebasing", "tolerance")
"""Run args of earlier versions. The last two only change how a circuit is laid out, which its sizes tell."""

DECIDING = (
    "input_scale", "param_scale", "lookup_range", "logrows", "num_inner_cols", "input_visibility",
    "output_visibility", "param_visibility",
)  # fmt: skip
"""Run args that every version wrote, and without which there are no columns."""

LARGEST = 2**64
"""EZKL's sizes are ``usize``."""

_COUNTS = (
    "num_rows", "total_assignments", "total_const_size", "total_dynamic_col_size", "num_dynamic_lookups",
    "num_shuffles", "total_shuffle_col_size",
)  # fmt: skip

_LATER = ("max_dynamic_input_len", "einsum_params")
"""Sizes that earlier versions did not write."""


class Settings(Struct, frozen=True, kw_only=True):
    """What a settings.json tells of a circuit, and of the file itself.

    ``version`` is the EZKL that wrote it. ``absent`` are fields of EZKL 23.0.5 that it lacks, ``assumed`` run
    args it lacks, which stand at the defaults of 23.0.5. ``doubts`` say why columns and keys may be others
    than those of 23.0.5.
    """

    run_args: RunArgs
    size: CircuitSize
    version: str
    absent: tuple[str, ...]
    assumed: tuple[str, ...]
    doubts: tuple[str, ...]
    sha256: str
    file_bytes: int

    @property
    def exact(self) -> bool:
        """Whether EZKL 23.0.5 wrote it, and all of it is there."""
        return self.version == EZKL_VERSION and not self.doubts


def read_settings(path: Path) -> Settings:
    """Reads a settings.json of any version that tells what is needed.

    Raises:
        UsageError: it is none, lacks a size, or holds a value that means nothing here.
    """
    raw, content = load_settings(path)
    try:
        written = content["run_args"]
        run_args = _run_args(written)
        size = _size(content)
        version = safe(_text(content, "version"), limit=40)
    except UsageError as error:
        raise UsageError(f"{safe(path.name)}: {error.message}", hint=error.hint) from None
    absent = tuple(name for name in _LATER if name not in content)
    return Settings(
        run_args=run_args,
        size=size,
        version=version,
        absent=absent,
        assumed=tuple(sorted(name for name in RunArgs.__struct_fields__ if name not in written)),
        doubts=tuple(_doubts(version, absent, _strange(written))),
        sha256=hashlib.sha256(raw).hexdigest(),
        file_bytes=len(raw),
    )


def _doubts(version: str, absent: Iterable[str], strange: Iterable[str]) -> Iterable[str]:
    if version not in COMPARED:
        yield (
            f"EZKL {version} wrote these settings: its columns and keys were never compared with those of "
            f"{EZKL_VERSION}, which are the ones reported"
        )
    if names := ", ".join(absent):
        yield f"the settings lack {names}"
    if names := ", ".join(strange):
        yield f"the settings have run args that EZKL {EZKL_VERSION} does not know: {names}"


# --- run args ------------------------------------------------------------------------------


def _run_args(written: Mapping[str, Any]) -> RunArgs:
    missing = [name for name in DECIDING if name not in written]
    if missing:
        raise UsageError(f"its run_args lack {', '.join(missing)}")
    commitment = written.get("commitment")
    if commitment not in (None, "KZG"):
        raise UsageError(f"its commitment is {safe(str(commitment))}: keys and proofs are known for KZG only")
    unknown = run_args_unknown(written)
    known = {name: value for name, value in written.items() if name not in unknown}
    run_args = RunArgs().with_changes(**run_args_in(known))
    check_run_args(run_args)
    return run_args


def _strange(written: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(safe(name) for name in run_args_unknown(written) if name not in FORGOTTEN)


# --- sizes ---------------------------------------------------------------------------------


def _size(content: Mapping[str, Any]) -> CircuitSize:
    """The sizes as they stand there. What earlier versions did not write (``Settings.absent``) is 0."""
    counts = {name: _count(content, name) for name in _COUNTS}
    einsums = _mapping(content, "einsum_params") if "einsum_params" in content else {}
    return CircuitSize(
        **counts,
        total_const_size_bounds=(counts["total_const_size"], counts["total_const_size"]),
        max_dynamic_input_len=_count(content, "max_dynamic_input_len", absent=0),
        total_einsum_col_size=_count(einsums, "total_einsum_col_size") if einsums else 0,
        einsum_equations=_equations(einsums),
        required_lookups=tuple(_lookup(entry) for entry in _list(content, "required_lookups")),
        required_range_checks=tuple(_range(entry) for entry in _list(content, "required_range_checks")),
        module_sizes=_modules(_mapping(content, "module_sizes")),
        model_instance_shapes=tuple(_shape(shape) for shape in _list(content, "model_instance_shapes")),
        layers=(),
    )


def _shape(value: object) -> tuple[int, ...]:
    name = "model_instance_shapes"
    shape = tuple(_number(name, size) for size in _items(name, value))
    elements = 1
    for size in shape:
        elements *= size
        if elements >= LARGEST:
            raise _odd(name)
    return shape


def _equations(einsums: Mapping[str, Any]) -> tuple[EinsumEquation, ...]:
    found: Counter[tuple[str, tuple[tuple[str, int], ...]]] = Counter()
    for entry in _list(einsums, "equations") if einsums else ():
        match entry:
            case [str(text), dict(dims)] if _axes(text) <= set(dims):
                sizes = sorted((axis, _number("einsum_params", size)) for axis, size in dims.items())
                found[text, tuple(sizes)] += 1
            case _:
                raise _odd("einsum_params")
    return tuple(
        EinsumEquation(equation=text, dims=dims, count=count) for (text, dims), count in found.items()
    )


def _axes(equation: str) -> set[str]:
    return set(equation.partition("->")[0]) - {","}


def _lookup(entry: object) -> RequiredLookup:
    match entry:
        case str(function):
            return RequiredLookup(function=safe(function))
        case dict(functions) if len(functions) == 1:
            ((name, parameters),) = functions.items()
            if isinstance(parameters, dict):
                reals = tuple((safe(key), _real(value)) for key, value in parameters.items())
                return RequiredLookup(function=safe(name), parameters=reals)
    raise _odd("required_lookups")


def _real(value: object) -> float:
    """A parameter of a lookup; EZKL writes infinities as null."""
    if value is None:
        return float("inf")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _odd("required_lookups")
    return float(value)


def _range(entry: object) -> tuple[int, int]:
    match entry:
        case [int(low), int(high)] if -(2**127) <= low <= high < 2**127:
            return int(low), int(high)
    raise _odd("required_range_checks")


def _modules(modules: Mapping[str, Any]) -> ModuleSizes:
    # The commitments were called kzg at first.
    name = "polycommit" if "polycommit" in modules else "kzg"
    match modules.get("poseidon"):
        case [rows, [*instances]]:
            return ModuleSizes(
                polycommit=tuple(_number(name, cells) for cells in _list(modules, name)),
                poseidon_rows=_number("module_sizes", rows),
                poseidon_instances=sum(_number("module_sizes", count) for count in instances),
            )
    raise _odd("module_sizes")


# --- values --------------------------------------------------------------------------------


def _count(content: Mapping[str, Any], name: str, absent: int | None = None) -> int:
    if name not in content and absent is not None:
        return absent
    return _number(name, _known(content, name))


def _number(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < LARGEST:
        raise _odd(name)
    return value


def _text(content: Mapping[str, Any], name: str) -> str:
    value = _known(content, name)
    if not isinstance(value, str):
        raise _odd(name)
    return value


def _list(content: Mapping[str, Any], name: str) -> list[Any]:
    return _items(name, _known(content, name))


def _items(name: str, value: object) -> list[Any]:
    if not isinstance(value, list):
        raise _odd(name)
    return value


def _mapping(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = _known(content, name)
    if not isinstance(value, dict):
        raise _odd(name)
    return value


def _known(content: Mapping[str, Any], name: str) -> Any:
    if name not in content:
        raise UsageError(f"has no {name}", hint="give a settings.json that EZKL's gen_settings wrote")
    return content[name]


def _odd(name: str) -> UsageError:
    return UsageError(f"its {name} is not written as EZKL writes it")
