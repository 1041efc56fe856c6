"""EZKL's settings.json as our types, for tests that start from what EZKL wrote."""

from __future__ import annotations

from collections import Counter
from typing import Any

from auditor.circuit.run_args import RunArgs
from auditor.circuit.size import CircuitSize, EinsumEquation, ModuleSizes, RequiredLookup

_VISIBILITIES = {"Private": "private", "Public": "public", "KZGCommit": "polycommit", "Fixed": "fixed"}


def run_args_of(settings: dict[str, Any]) -> RunArgs:
    values = dict(settings["run_args"])
    for name in ("input_visibility", "output_visibility", "param_visibility"):
        values[name] = _visibility(values[name])
    values["lookup_range"] = tuple(values["lookup_range"])
    values["variables"] = tuple((name, size) for name, size in values["variables"])
    values["check_mode"] = values["check_mode"].lower()
    return RunArgs(**values)


def circuit_size_of(settings: dict[str, Any]) -> CircuitSize:
    equations = Counter(
        (entry[0], tuple(sorted(entry[1].items()))) for entry in settings["einsum_params"]["equations"]
    )
    for equation, dims, count in settings["einsum_params"].get("counted_equations", []):
        equations[equation, tuple(sorted(dims.items()))] += count
    names = (
        "num_rows", "total_assignments", "total_const_size", "total_dynamic_col_size", "num_shuffles",
        "max_dynamic_input_len", "num_dynamic_lookups", "total_shuffle_col_size", "model_instance_shapes",
    )  # fmt: skip
    modules = settings["module_sizes"]
    return CircuitSize(
        **{name: settings[name] for name in names},
        total_const_size_bounds=(settings["total_const_size"],) * 2,
        total_einsum_col_size=settings["einsum_params"]["total_einsum_col_size"],
        einsum_equations=tuple(
            EinsumEquation(equation=equation, dims=dims, count=count)
            for (equation, dims), count in equations.items()
        ),
        required_lookups=tuple(_lookup(entry) for entry in settings["required_lookups"]),
        required_range_checks=tuple((low, high) for low, high in settings["required_range_checks"]),
        module_sizes=ModuleSizes(
            polycommit=tuple(modules["polycommit"]),
            poseidon_rows=modules["poseidon"][0],
            poseidon_instances=sum(modules["poseidon"][1]),
        ),
        layers=(),
    )


def _visibility(value: str | dict[str, Any]) -> str:
    if isinstance(value, str):
        return _VISIBILITIES[value]
    hashed = value["Hashed"]
    if hashed["hash_is_public"]:
        return "hashed/public"
    return "hashed/private/" + ",".join(map(str, hashed["outlets"]))


def _lookup(entry: str | dict[str, dict[str, float]]) -> RequiredLookup:
    if isinstance(entry, str):
        return RequiredLookup(function=entry)
    ((function, parameters),) = entry.items()
    return RequiredLookup(function=function, parameters=tuple(parameters.items()))
