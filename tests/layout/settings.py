"""The sizes in EZKL's settings.json and in our CircuitSize, side by side."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import numpy as np

from auditor.circuit.size import CircuitSize

NUMBERS = (
    "num_rows",
    "total_assignments",
    "total_const_size",
    "total_dynamic_col_size",
    "max_dynamic_input_len",
    "num_dynamic_lookups",
    "num_shuffles",
    "total_shuffle_col_size",
)


def sizes_in_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """All compared fields of a settings.json of EZKL 23.0.5, in one fixed order."""
    equations = Counter(
        _equation(text, dims.items()) for text, dims in settings["einsum_params"]["equations"]
    )
    rows, instances = settings["module_sizes"]["poseidon"]
    return {
        **{name: settings[name] for name in NUMBERS},
        "total_einsum_col_size": settings["einsum_params"]["total_einsum_col_size"],
        "equations": sorted(map(list, equations.items())),
        "required_lookups": sorted(_lookup(entry) for entry in settings["required_lookups"]),
        "required_range_checks": sorted(map(list, settings["required_range_checks"])),
        "module_sizes": [settings["module_sizes"]["polycommit"], rows, sum(instances)],
        "model_instance_shapes": settings["model_instance_shapes"],
    }


def sizes_of(size: CircuitSize) -> dict[str, Any]:
    """The same fields of a CircuitSize."""
    modules = size.module_sizes
    return {
        **{name: getattr(size, name) for name in NUMBERS},
        "total_einsum_col_size": size.total_einsum_col_size,
        "equations": sorted(
            [_equation(equation.equation, equation.dims), equation.count]
            for equation in size.einsum_equations
        ),
        "required_lookups": sorted(_lookup(table.as_settings()) for table in size.required_lookups),
        "required_range_checks": [list(span) for span in size.required_range_checks],
        "module_sizes": [
            list(modules.polycommit),
            modules.poseidon_rows,
            modules.poseidon_instances,
        ],
        "model_instance_shapes": [list(shape) for shape in size.model_instance_shapes],
    }


def _equation(text: str, dims: Any) -> str:
    return " ".join([text, *(f"{axis}={length}" for axis, length in sorted(dims))])


def _lookup(entry: str | dict[str, dict[str, float]]) -> str:
    if isinstance(entry, str):
        return json.dumps(entry)
    rounded = {
        function: {name: float(np.float32(value)) for name, value in parameters.items()}
        for function, parameters in entry.items()
    }
    return json.dumps(rounded, sort_keys=True)
