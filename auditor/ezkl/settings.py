"""Run args in the two spellings EZKL reads: its settings.json and its ``PyRunArgs``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict

if TYPE_CHECKING:
    from auditor.circuit.run_args import RunArgs, Visibility

_SERDE_VISIBILITIES = {"private": "Private", "public": "Public", "polycommit": "KZGCommit", "fixed": "Fixed"}
_VISIBILITY_ARGS = ("input_visibility", "output_visibility", "param_visibility")


def py_run_args(run_args: RunArgs) -> dict[str, Any]:
    """The attributes to set on an ``ezkl.PyRunArgs``, which has none for the rebase scale and takes no
    None for epsilon (its default is that of :attr:`RunArgs.effective_epsilon`).

    Raises :class:`ValueError` when ``rebase_scale`` is set.
    """
    if run_args.rebase_scale is not None:
        raise ValueError("EZKL's Python interface cannot set rebase_scale")
    attributes = asdict(run_args)
    del attributes["rebase_scale"]
    attributes["epsilon"] = run_args.effective_epsilon
    return attributes


def settings_for_compiling(run_args: RunArgs, version: str) -> dict[str, Any]:
    """A settings.json that ``ezkl.compile_circuit`` accepts.

    It reads the run args and copies the rest unread into its output, so the rest is zero here.
    EZKL ``graph/mod.rs`` `GraphCircuit::from_settings`.
    """
    return {
        "run_args": serde_run_args(run_args),
        "num_rows": 0,
        "total_assignments": 0,
        "total_const_size": 0,
        "total_dynamic_col_size": 0,
        "max_dynamic_input_len": 0,
        "num_dynamic_lookups": 0,
        "num_shuffles": 0,
        "total_shuffle_col_size": 0,
        "einsum_params": {"equations": [], "total_einsum_col_size": 0},
        "model_instance_shapes": [],
        "model_output_scales": [],
        "model_input_scales": [],
        "module_sizes": {"polycommit": [], "poseidon": [0, [0]]},
        "required_lookups": [],
        "required_range_checks": [],
        "check_mode": run_args.check_mode.upper(),
        "version": version,
        "num_blinding_factors": None,
        "timestamp": 0,
        "input_types": None,
        "output_types": None,
    }


def canonical_settings(settings: dict[str, Any]) -> bytes:
    """A settings.json in the one form that has the same bytes on every run.

    EZKL keeps tables in sets, so that their order varies from run to run, and with it the verifying key;
    any order is a circuit, and this is the sorted one. Einsums come in the order in which EZKL's threads end
    (``circuit/ops/region.rs`` `dummy_loop`), and no key depends on it: EZKL only adds up and compares them
    (``circuit/ops/chip/einsum/analysis.rs`` `analyze_einsum_usage`). The time of writing, which EZKL insists
    on, is 0.
    """
    einsums = settings["einsum_params"]
    ordered = settings | {
        "timestamp": 0,
        "einsum_params": einsums | {"equations": sorted(einsums["equations"], key=_in_order)},
        "required_range_checks": sorted(settings["required_range_checks"]),
        "required_lookups": sorted(settings["required_lookups"], key=_in_order),
    }
    return (_in_order(ordered) + "\n").encode("ascii")


def _in_order(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def serde_run_args(run_args: RunArgs) -> dict[str, Any]:
    """Run args as EZKL's settings.json spells them (EZKL ``lib.rs`` `RunArgs`, ``graph/vars.rs``)."""
    spelled = asdict(run_args)
    for name in _VISIBILITY_ARGS:
        spelled[name] = _serde_visibility(spelled[name])
    spelled["check_mode"] = run_args.check_mode.upper()
    return spelled


def _serde_visibility(visibility: Visibility) -> str | dict[str, Any]:
    if visibility in _SERDE_VISIBILITIES:
        return _SERDE_VISIBILITIES[visibility]
    if visibility in ("hashed", "hashed/public"):
        return {"Hashed": {"hash_is_public": True, "outlets": []}}
    if visibility.startswith("hashed/private/"):
        outlets = [int(outlet) for outlet in visibility.removeprefix("hashed/private/").split(",")]
        return {"Hashed": {"hash_is_public": False, "outlets": outlets}}
    raise ValueError(f"EZKL has no visibility '{visibility}'")
