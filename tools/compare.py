"""What auditor says about a model, beside what EZKL says: the same fields, in the same form."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any, Literal

import numpy as np
from msgspec import Struct

FrontEnd = Literal["onnx", "ezkl"]
Fields = dict[str, Any]
Status = Literal["accepted", "rejected", "undetermined", "failed"]

TIMEOUT_SECONDS = 60


class Answer(Struct, frozen=True, kw_only=True):
    """auditor's answer by one front end; ``failed`` is its own fault; ``fields`` come with ``accepted``."""

    status: Status
    reason: str = ""
    fields: Fields | None = None
    seconds: float = 0.0


class Difference(Struct, frozen=True, kw_only=True):
    """One field that is not what EZKL wrote."""

    field: str
    auditor: Any
    ezkl: Any


def ezkl_fields(settings: Mapping[str, Any]) -> Fields:
    """The size fields of a settings.json, sets without order and lookup parameters as f32."""
    einsum, modules = settings["einsum_params"], settings["module_sizes"]
    return {
        "num_rows": settings["num_rows"],
        "total_assignments": settings["total_assignments"],
        "total_const_size": settings["total_const_size"],
        "total_dynamic_col_size": settings["total_dynamic_col_size"],
        "max_dynamic_input_len": settings["max_dynamic_input_len"],
        "num_dynamic_lookups": settings["num_dynamic_lookups"],
        "num_shuffles": settings["num_shuffles"],
        "total_shuffle_col_size": settings["total_shuffle_col_size"],
        "total_einsum_col_size": einsum["total_einsum_col_size"],
        "einsum_equations": len(einsum["equations"]),
        "required_lookups": sorted(lookup_key(lookup) for lookup in settings["required_lookups"]),
        "required_range_checks": sorted([low, high] for low, high in settings["required_range_checks"]),
        "model_instance_shapes": [list(shape) for shape in settings["model_instance_shapes"]],
        "poseidon": [modules["poseidon"][0], sum(modules["poseidon"][1])],
        "polycommit": list(modules["polycommit"]),
    }


def auditor_fields(size: Any) -> Fields:
    """The same of a ``CircuitSize``. A ``total_const_size`` that is only bounded stays None."""
    modules = size.module_sizes
    return {
        "num_rows": size.num_rows,
        "total_assignments": size.total_assignments,
        "total_const_size": size.total_const_size,
        "total_dynamic_col_size": size.total_dynamic_col_size,
        "max_dynamic_input_len": size.max_dynamic_input_len,
        "num_dynamic_lookups": size.num_dynamic_lookups,
        "num_shuffles": size.num_shuffles,
        "total_shuffle_col_size": size.total_shuffle_col_size,
        "total_einsum_col_size": size.total_einsum_col_size,
        "einsum_equations": size.num_einsum_equations,
        "required_lookups": sorted(lookup_key(lookup.as_settings()) for lookup in size.required_lookups),
        "required_range_checks": sorted([low, high] for low, high in size.required_range_checks),
        "model_instance_shapes": [list(shape) for shape in size.model_instance_shapes],
        "poseidon": [modules.poseidon_rows, modules.poseidon_instances],
        "polycommit": list(modules.polycommit),
    }


def lookup_key(lookup: str | Mapping[str, Mapping[str, float]]) -> str:
    """A lookup as one string: EZKL keys tables by the function and its f32 parameters."""
    if isinstance(lookup, str):
        return lookup
    ((function, parameters),) = lookup.items()
    texts = (f"{name}={np.float32(value)!s}" for name, value in sorted(parameters.items()))
    return f"{function}({', '.join(texts)})"


def differences(ours: Fields, theirs: Fields) -> tuple[Difference, ...]:
    """Every field that differs, in the order of ``ezkl_fields``."""
    return tuple(
        Difference(field=name, auditor=ours[name], ezkl=value)
        for name, value in theirs.items()
        if ours[name] != value
    )


def ask(model: bytes, run_args: Mapping[str, Any], front_end: FrontEnd) -> Answer:
    """auditor's answer to one model; an exception it lets through is the answer ``failed``."""
    import time

    started = time.perf_counter()
    previous = signal.signal(signal.SIGALRM, _out_of_time)
    signal.alarm(TIMEOUT_SECONDS)
    try:
        with tempfile.TemporaryDirectory(prefix="auditor-accuracy-") as directory:
            path = Path(directory, "model.onnx")
            path.write_bytes(model)
            status, reason, fields = _estimate(path, run_args, front_end)
    except Exception as error:  # counted and listed by name: an accuracy run must reach its end
        status, reason, fields = "failed", f"{type(error).__name__}: {error}", None
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)
    return Answer(status=status, reason=reason, fields=fields, seconds=time.perf_counter() - started)


def _out_of_time(signum: int, frame: FrameType | None) -> None:
    raise TimeoutError(f"no answer in {TIMEOUT_SECONDS} s")


def _estimate(
    path: Path, run_args: Mapping[str, Any], front_end: FrontEnd
) -> tuple[Status, str, Fields | None]:
    """The stages of ``auditor estimate`` up to the size of the circuit."""
    from auditor.circuit import RunArgs
    from auditor.errors import BadModel, Undetermined
    from auditor.ezkl import Rejected
    from auditor.layout import LayoutError, lay_out
    from auditor.model import bind_dimensions, ezkl_variables, read_source

    changes = {name: _as_tuples(value) for name, value in run_args.items()}
    try:
        source = read_source(path)
        if source.refusals:
            return "rejected", "; ".join(refusal.reason for refusal in source.refusals), None
        model, bound = bind_dimensions(source.inlined, {}, None)
        arguments = RunArgs().with_changes(**{"variables": ezkl_variables(source.model, bound), **changes})
        fields = auditor_fields(lay_out(_lower(path, model, arguments, front_end)))
    except (BadModel, Rejected, LayoutError) as error:
        return "rejected", str(error), None
    except (Undetermined, _Open) as error:
        return "undetermined", str(error), None
    if fields["total_const_size"] is None:
        return "undetermined", "total_const_size is only bounded", None
    return "accepted", "", fields


class _Open(Exception):
    """Our own lowering does not model something exactly."""


def _lower(path: Path, model: Any, run_args: Any, front_end: FrontEnd) -> Any:
    from auditor.ezkl import Rejected
    from auditor.front_ends.ezkl import lower_with_ezkl

    if front_end == "ezkl":
        return lower_with_ezkl(path, run_args)
    from auditor.lowering import Unmodelled, Unsupported, lower

    try:
        return lower(model, run_args).circuit
    except Unsupported as error:
        raise Rejected(f"{error.operator}: {error.reason}") from error
    except Unmodelled as error:
        raise _Open(f"{error.operator}: {error.reason}") from error


def _as_tuples(value: Any) -> Any:
    return tuple(_as_tuples(one) for one in value) if isinstance(value, list | tuple) else value
