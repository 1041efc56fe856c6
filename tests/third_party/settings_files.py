"""A settings.json written out from what somebody published of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

RUN_ARGS = {
    "input_scale": 7, "param_scale": 7, "rebase_scale": None, "scale_rebase_multiplier": 1,
    "lookup_range": [-32768, 32768], "logrows": 17, "num_inner_cols": 2, "variables": [["batch_size", 1]],
    "input_visibility": "Public", "output_visibility": "Public", "param_visibility": "Private",
    "rebase_frac_zero_constants": False, "check_mode": "UNSAFE", "decomp_base": 16384, "decomp_legs": 2,
    "bounded_log_lookup": False, "ignore_range_check_inputs_outputs": False, "epsilon": None,
    "disable_freivalds": False,
}  # fmt: skip
"""EZKL's defaults in its own spelling."""

SIZES = {
    "num_rows": 1, "total_assignments": 2, "total_const_size": 1, "total_dynamic_col_size": 0,
    "max_dynamic_input_len": 0, "num_dynamic_lookups": 0, "num_shuffles": 0, "total_shuffle_col_size": 0,
    "einsum_params": {"equations": [], "total_einsum_col_size": 0}, "model_instance_shapes": [[1]],
    "model_output_scales": [7], "model_input_scales": [7],
    "module_sizes": {"polycommit": [], "poseidon": [0, [0]]}, "required_lookups": [],
    "required_range_checks": [[-1, 1], [0, 16383]], "check_mode": "UNSAFE", "version": "23.0.5",
    "num_blinding_factors": None, "timestamp": 0, "input_types": ["F32"], "output_types": ["F32"],
}  # fmt: skip
"""The least a circuit can have: what is not published can only add to it."""


def settings(run_args: dict[str, Any], without: tuple[str, ...] = (), **sizes: Any) -> dict[str, Any]:
    """A settings.json with some run args and sizes; ``without`` names those that are left out."""
    kept = {name: value for name, value in (RUN_ARGS | run_args).items() if name not in without}
    return {
        "run_args": kept,
        **{name: value for name, value in (SIZES | sizes).items() if name not in without},
    }


def write(path: Path, content: Mapping[str, Any]) -> Path:
    path.write_text(json.dumps(content))
    return path
