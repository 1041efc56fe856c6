"""The front end that reads the circuit from EZKL itself: exact by construction, where EZKL is installed.

EZKL's ``compile_circuit`` parses and lowers a model without laying it out. It therefore accepts models that
``gen_settings`` rejects: what fails only in EZKL's layout (an operation left ``Unknown``, a panic in a
gadget) is for our own layout to reject.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from auditor._version import EZKL_VERSION
from auditor.circuit.graph import Circuit
from auditor.circuit.run_args import RunArgs
from auditor.ezkl import call, inlined_copy, require_ezkl
from auditor.ezkl.settings import settings_for_compiling
from auditor.front_ends.ezkl.decode import decode_circuit
from auditor.guard import Limits

_INSTEAD_SECONDS = 20
"""Measured with EZKL 23.0.5 on 2 cores, 2026: models as people train them take less than 1 s of a processor,
and 2,000 layers in 0.65 MB take 17 s."""

_SECONDS_PER_MB = 2
"""Ten times what weights take."""


def instead_limits(model_path: Path) -> Limits:
    """What EZKL may take for a model that nobody asked it about by name: processor time by the file's size.

    The weights have to be inside it.

    What it ponders over for longer is hardly a model that somebody means to prove, and whoever knows better
    asks for EZKL itself, which then has what :class:`Limits` allows.
    """
    most = Limits()
    seconds = _INSTEAD_SECONDS + _SECONDS_PER_MB * (model_path.stat().st_size // 1_000_000)
    return replace(most, cpu_seconds=min(seconds, most.cpu_seconds))


def lower_with_ezkl(
    model_path: Path,
    run_args: RunArgs,
    *,
    limits: Limits | None = None,
    instead: bool = False,
    note: Callable[[str], None] | None = None,
) -> Circuit:
    """The circuit EZKL makes of a model, before layout.

    Asked ``instead`` of our own lowering, and with no other ``limits``, EZKL has :func:`instead_limits`.

    ``note`` is told, in one sentence, when a copy had to be lowered instead: EZKL reads no external data, so
    such weights are put inside first. Raises :class:`auditor.ezkl.Rejected` when EZKL rejects the model or
    panics over it, :class:`UsageError` when EZKL is not installed, :class:`Undetermined` for another version
    of it, :class:`InternalFailure` when the worker ran into ``limits`` or died.
    """
    require_ezkl()
    with tempfile.TemporaryDirectory(prefix="auditor-") as directory:
        inlined = inlined_copy(model_path, Path(directory), limits or Limits())
        if inlined is not None and note is not None:
            note("EZKL reads no external data: lowered a copy of the model with the weights inside it")
        request = {
            "model": str((inlined or model_path).absolute()),
            "settings": settings_for_compiling(run_args, EZKL_VERSION),
        }
        if limits is None:
            limits = instead_limits(inlined or model_path) if instead else Limits()
        compiled = call("compile_circuit", request, stage="lowering with EZKL", limits=limits)
    return decode_circuit(compiled.value, run_args)
