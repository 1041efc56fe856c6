"""Whether the bundle is about a given model: its file, and the size of its circuit."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from msgspec import Struct

from auditor.circuit.size import CircuitSize
from auditor.proving.checks.outcome import Failed, NotRun, Passed
from auditor.proving.checks.settings_file import Settings
from auditor.proving.manifest import ModelFile


class OwnCircuit(Struct, frozen=True, kw_only=True):
    """What our own reading of the model, with the bundle's run args, makes of it."""

    size: CircuitSize
    input_scales: tuple[int, ...]
    output_scales: tuple[int, ...]


def same_model(record: ModelFile, sha256: str, inlined_sha256: str) -> Passed[None]:
    """The model file is the one the manifest names, and so are the weights beside it."""
    if sha256 != record.sha256:
        raise Failed("the bundle is about another model: the SHA-256 of the file is not the manifest's")
    if inlined_sha256 != record.inlined_sha256:
        raise Failed("the external weights of the model are not those that were proved")
    return Passed(value=None, reason="the file is the one that the manifest names")


def same_size(settings: Settings, own: OwnCircuit) -> Passed[None]:
    """Every size and scale in the settings is that of the model's circuit.

    Scales and shapes are not bound by the verifying key: nothing but this check tells that a proof's public
    integers mean the numbers that the manifest says.
    """
    theirs, ours = _facts(settings.size), _facts(own.size)
    scales = settings.document
    theirs |= {
        "model_input_scales": scales["model_input_scales"],
        "model_output_scales": scales["model_output_scales"],
    }
    ours |= {"model_input_scales": list(own.input_scales), "model_output_scales": list(own.output_scales)}
    if own.size.total_const_size is None:
        raise NotRun("the model's constants have no values here, so the size of its circuit is not known")
    different = [name for name in theirs if theirs[name] != ours[name]]
    if different:
        raise Failed(f"the settings are not those of the model: {', '.join(different)} differ")
    return Passed(value=None, reason=f"{len(theirs)} sizes and scales of the settings are the model's")


def _facts(size: CircuitSize) -> dict[str, Any]:
    """The sizes by EZKL's names, without regard to the order EZKL writes them in."""
    names = (
        "num_rows", "total_assignments", "total_const_size", "total_dynamic_col_size", "num_shuffles",
        "max_dynamic_input_len", "num_dynamic_lookups", "total_shuffle_col_size", "total_einsum_col_size",
        "module_sizes",
    )  # fmt: skip
    facts: dict[str, Any] = {name: getattr(size, name) for name in names}
    return facts | {
        "model_instance_shapes": [list(shape) for shape in size.model_instance_shapes],
        "required_lookups": Counter(_lookups(size)),
        "required_range_checks": Counter(tuple(ends) for ends in size.required_range_checks),
        "einsum_params": _equations(size),
    }


def _lookups(size: CircuitSize) -> list[str]:
    return [json.dumps(lookup.as_settings(), sort_keys=True) for lookup in size.required_lookups]


def _equations(size: CircuitSize) -> Counter[tuple[str, tuple[tuple[str, int], ...]]]:
    counted: Counter[tuple[str, tuple[tuple[str, int], ...]]] = Counter()
    for equation in size.einsum_equations:
        counted[equation.equation, tuple(sorted(equation.dims))] += equation.count
    return counted
