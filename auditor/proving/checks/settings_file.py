"""EZKL's settings.json, read as strictly as a stranger's file deserves."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from auditor._version import EZKL_VERSION
from auditor.circuit.run_args import RunArgs
from auditor.circuit.size import CircuitSize, EinsumEquation, ModuleSizes, RequiredLookup
from auditor.proving import strict_json
from auditor.proving.checks.outcome import Failed, Passed
from auditor.proving.instances import InstanceGroup, UnknownInstances, instance_groups, num_instances
from auditor.proving.manifest import Manifest
from auditor.proving.nouns import Mismatch, from_json
from auditor.safe import safe

MAX_LOGROWS = 26
MAX_COUNT = 1 << 48
"""No machine holds more cells, and no sum of so few counts leaves 64 bits."""

MAX_INNER_COLS = 1 << 12
MAX_DISTINCT_EQUATIONS = 10_000
MAX_DIMENSIONS = 64

_VISIBILITIES = {"Private": "private", "Public": "public", "KZGCommit": "polycommit", "Fixed": "fixed"}
_EQUATION = re.compile(r"[^,>-]{0,16}(,[^,>-]{0,16}){0,7}->[^,>-]{0,16}")


class Settings(Struct, frozen=True, kw_only=True):
    """The settings of a circuit: what decides its keys, and what its instances mean."""

    run_args: RunArgs
    size: CircuitSize
    groups: tuple[InstanceGroup, ...]
    num_outputs: int
    document: Mapping[str, Any]


class _EinsumParams(Struct, frozen=True, kw_only=True):
    equations: tuple[tuple[str, Mapping[str, int]], ...]
    total_einsum_col_size: int


class _ModuleSizes(Struct, frozen=True, kw_only=True):
    polycommit: tuple[int, ...]
    poseidon: tuple[int, tuple[int]]


class _Document(Struct, frozen=True, kw_only=True):
    """EZKL ``graph/mod.rs`` `GraphSettings`, as serde writes it."""

    run_args: Mapping[str, object]
    num_rows: int
    total_assignments: int
    total_const_size: int
    total_dynamic_col_size: int
    max_dynamic_input_len: int
    num_dynamic_lookups: int
    num_shuffles: int
    total_shuffle_col_size: int
    einsum_params: _EinsumParams
    model_instance_shapes: tuple[tuple[int, ...], ...]
    model_output_scales: tuple[int, ...]
    model_input_scales: tuple[int, ...]
    module_sizes: _ModuleSizes
    required_lookups: tuple[object, ...]
    required_range_checks: tuple[tuple[int, int], ...]
    check_mode: str
    version: str
    num_blinding_factors: int | None
    timestamp: int
    input_types: tuple[str, ...] | None
    output_types: tuple[str, ...] | None


_COUNTS = (
    "num_rows", "total_assignments", "total_const_size", "total_dynamic_col_size", "max_dynamic_input_len",
    "num_dynamic_lookups", "num_shuffles", "total_shuffle_col_size",
)  # fmt: skip


def settings(data: bytes, manifest: Manifest) -> Passed[Settings]:
    """The settings, when they are well formed and say what the manifest says."""
    try:
        document = strict_json.parse(data)
        read = from_json(_Document, document)
        run_args = _run_args(read.run_args)
        size = _size(read)
        groups = instance_groups(document)
    except (strict_json.Malformed, Mismatch, UnknownInstances) as error:
        raise Failed(f"settings.json: {error}") from error
    if read.version != EZKL_VERSION:
        raise Failed(f"settings.json is of EZKL {safe(read.version, limit=40)}, not of {EZKL_VERSION}")
    if read.num_blinding_factors is not None:
        raise Failed("settings.json sets num_blinding_factors, which EZKL leaves open")
    if read.timestamp:
        raise Failed("settings.json says when it was made, so it is not the file that keys were made from")
    _check_run_args(run_args)
    if run_args != _effective(manifest.run_args):
        names = ", ".join(_differences(run_args, _effective(manifest.run_args)))
        raise Failed(f"settings.json has other run args than the manifest: {names}")
    said = {"logrows": run_args.logrows, "num_rows": size.num_rows, "num_instances": num_instances(groups)}
    for name, value in said.items():
        claimed = getattr(manifest.circuit, name)
        if claimed != value:
            raise Failed(f"{name} is {value:,} by settings.json, and {claimed:,} by the manifest")
    found = Settings(
        run_args=run_args,
        size=size,
        groups=groups,
        num_outputs=len(read.model_output_scales),
        document=document,
    )
    reason = f"well formed, and the run args are the manifest's; {said['num_instances']:,} instances"
    return Passed(value=found, reason=reason, detail=said)


def _run_args(document: Mapping[str, object]) -> RunArgs:
    """The run args in our spelling. EZKL ``lib.rs`` `RunArgs`."""
    spelled = dict(document)
    for name in ("input_visibility", "output_visibility", "param_visibility"):
        spelled[name] = _visibility(spelled.get(name), name)
    mode = spelled.get("check_mode")
    if mode not in ("SAFE", "UNSAFE"):
        raise Mismatch("run_args.check_mode is neither SAFE nor UNSAFE")
    return _effective(from_json(RunArgs, spelled | {"check_mode": str(mode).lower()}))


def _visibility(value: object, name: str) -> str:
    if isinstance(value, str) and value in _VISIBILITIES:
        return _VISIBILITIES[value]
    if value == {"Hashed": {"hash_is_public": True, "outlets": []}}:
        return "hashed/public"
    # Type by type, as true and 1 are equal to Python.
    hashed = value.get("Hashed") if isinstance(value, dict) and len(value) == 1 else None
    if isinstance(hashed, dict) and hashed.get("hash_is_public") is False:
        raise UnknownInstances(
            f"{name} is hashed/private: EZKL does not constrain such a hash, so it proves nothing"
        )
    raise Mismatch(f"run_args.{name} is no visibility of EZKL")


def _effective(run_args: RunArgs) -> RunArgs:
    """The same run args in one spelling, as EZKL writes them."""
    changes: dict[str, Any] = {"epsilon": run_args.effective_epsilon}
    for name in ("input_visibility", "output_visibility", "param_visibility"):
        if getattr(run_args, name) == "hashed":
            changes[name] = "hashed/public"
    return replace(run_args, **changes)


def _differences(one: RunArgs, other: RunArgs) -> list[str]:
    return [name for name in RunArgs.__struct_fields__ if getattr(one, name) != getattr(other, name)]


def _check_run_args(run_args: RunArgs) -> None:
    """Bounds that keep every number after this one sane."""
    bounds = {
        "logrows": (1, MAX_LOGROWS),
        "num_inner_cols": (1, MAX_INNER_COLS),
        "decomp_base": (1, MAX_COUNT),
        "decomp_legs": (1, 128),
        "scale_rebase_multiplier": (1, 126),
        "input_scale": (-126, 126),
        "param_scale": (-126, 126),
    }
    for name, (low, high) in bounds.items():
        if not low <= getattr(run_args, name) <= high:
            raise Failed(f"settings.json: {name} is not between {low} and {high:,}")
    for end in run_args.lookup_range:
        if abs(end) > MAX_COUNT:
            raise Failed(f"settings.json: an end of lookup_range is beyond {MAX_COUNT:,}")


def _size(read: _Document) -> CircuitSize:
    """The sizes in our words. Raises Mismatch for numbers that no circuit has."""
    modules, einsum = read.module_sizes, read.einsum_params
    counts = [getattr(read, name) for name in _COUNTS]
    counts += [einsum.total_einsum_col_size, modules.poseidon[0], *modules.poseidon[1], *modules.polycommit]
    counts += [length for shape in read.model_instance_shapes for length in shape]
    counts += [abs(end) for ends in read.required_range_checks for end in ends]
    if not all(0 <= count <= MAX_COUNT for count in counts):
        raise Mismatch(f"a size is negative or beyond {MAX_COUNT:,}")
    if any(len(shape) > MAX_DIMENSIONS for shape in read.model_instance_shapes):
        raise Mismatch(f"a tensor of model_instance_shapes has more than {MAX_DIMENSIONS} dimensions")
    return CircuitSize(
        **{name: getattr(read, name) for name in _COUNTS},
        total_const_size_bounds=(read.total_const_size, read.total_const_size),
        total_einsum_col_size=einsum.total_einsum_col_size,
        einsum_equations=_equations(einsum),
        required_lookups=tuple(map(_lookup, read.required_lookups)),
        required_range_checks=read.required_range_checks,
        module_sizes=ModuleSizes(
            polycommit=modules.polycommit,
            poseidon_rows=modules.poseidon[0],
            poseidon_instances=modules.poseidon[1][0],
        ),
        model_instance_shapes=read.model_instance_shapes,
        layers=(),
    )


def _equations(einsum: _EinsumParams) -> tuple[EinsumEquation, ...]:
    counted: Counter[tuple[str, tuple[tuple[str, int], ...]]] = Counter()
    for equation, dims in einsum.equations:
        counted[equation, tuple(sorted(dims.items()))] += 1
    if len(counted) > MAX_DISTINCT_EQUATIONS:
        raise Mismatch(f"einsum_params lists more than {MAX_DISTINCT_EQUATIONS:,} different equations")
    for equation, lengths in counted:
        # An axis of the output alone has length 1, which EZKL does not write down.
        axes = set(equation.partition("->")[0]) - {","}
        if not _EQUATION.fullmatch(equation) or not axes <= {axis for axis, _ in lengths}:
            raise Mismatch("an equation of einsum_params is none, or lacks the length of an axis")
        if not all(0 <= length <= MAX_COUNT for _, length in lengths):
            raise Mismatch("an axis of an equation of einsum_params has no length")
    return tuple(
        EinsumEquation(equation=equation, dims=lengths, count=count)
        for (equation, lengths), count in counted.items()
    )


def _lookup(entry: object) -> RequiredLookup:
    if isinstance(entry, str):
        return RequiredLookup(function=entry)
    if isinstance(entry, dict) and len(entry) == 1:
        ((function, parameters),) = entry.items()
        if isinstance(parameters, dict):
            numbers = from_json(Mapping[str, object], parameters)  # type: ignore[type-abstract]
            return RequiredLookup(function=function, parameters=tuple(map(_parameter, numbers.items())))
    raise Mismatch("an entry of required_lookups is no table")


def _parameter(item: tuple[str, object]) -> tuple[str, float]:
    name, value = item
    if value is None:  # what serde writes for an infinity
        return name, float("inf")
    if type(value) not in (int, float):
        raise Mismatch("a parameter of required_lookups is no number")
    return name, float(value)  # type: ignore[arg-type]
