"""Makes real proofs with EZKL and records what they took: bytes, processor time and peak memory of steps.

The record is ``tests/pricing/own_runs.jsonl``: a line about the machine, one for each SRS and each proof.
"""

from __future__ import annotations

import datetime
import json
import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from msgspec.structs import asdict

from auditor._version import EZKL_VERSION
from auditor.circuit.run_args import RunArgs
from auditor.ezkl import call, gen_settings
from auditor.ezkl.settings import canonical_settings
from auditor.guard import Limits, WorkerFailure, WorkerResult, run_guarded
from auditor.machine import this_machine
from tools.prover_models import Case

LIMITS = Limits(memory_bytes=16 << 30, cpu_seconds=600, wall_seconds=300, file_bytes=8 << 30, threads=2)
"""EZKL's prover was seen to wait for itself without end; none of these circuits needs half of this."""

SHORT_SECONDS = 1.5
"""A step that takes less is timed three times."""

Record = dict[str, Any]

_SIZES = (
    "num_rows", "total_assignments", "total_const_size", "total_dynamic_col_size", "max_dynamic_input_len",
    "num_dynamic_lookups", "num_shuffles", "total_shuffle_col_size", "model_instance_shapes", "module_sizes",
    "required_lookups", "required_range_checks",
)  # fmt: skip


def about() -> Record:
    """The machine that the runs are of."""
    machine = this_machine()
    return {
        "about": {
            "cores": machine.cores,
            "cpu": machine.cpu,
            "date": datetime.date.today().isoformat(),
            "ezkl": EZKL_VERSION,
        }
    }


def day(text: str) -> datetime.date:
    """The date in a record."""
    return datetime.date.fromisoformat(text)


def run_all(cases: Sequence[Case], directory: Path, done: set[str]) -> Iterator[Record]:
    """A record for every SRS and every case that is not ``done``, in order of logrows.

    Raises as :func:`auditor.ezkl.call` does.
    """
    wanted = [case for case in cases if case.name not in done]
    for logrows in sorted({case.run_args.logrows for case in wanted}):
        srs = directory / "kzg.srs"
        took = _repeated(partial(_ask, "gen_srs", srs=str(srs), logrows=logrows))
        yield {"srs": logrows, "bytes": srs.stat().st_size, "steps": {"srs": _measured(took)}}
        for case in wanted:
            if case.run_args.logrows == logrows:
                yield run(case, directory, srs)


def run(case: Case, directory: Path, srs: Path) -> Record:
    """Proves a case and verifies the proof. Raises as :func:`auditor.ezkl.call` does."""
    model = directory / "model.onnx"
    model.write_bytes(case.model)
    settings = json.loads(canonical_settings(gen_settings(model, case.run_args, limits=LIMITS)))
    paths = {name: str(directory / name) for name in ("circuit", "witness", "vk", "pk", "proof", "settings")}
    Path(paths["settings"]).write_text(json.dumps(settings), encoding="utf-8")
    compiled = _ask("compile_circuit", model=str(model), settings=settings)
    Path(paths["circuit"]).write_bytes(compiled.value)
    witness = _ask("gen_witness", input={"input_data": inputs(case)}, circuit=paths["circuit"])
    Path(paths["witness"]).write_bytes(witness.value)

    def keys() -> WorkerResult:
        names = {"verifying_key": paths["vk"], "proving_key": paths["pk"]}
        return _ask("setup", circuit=paths["circuit"], srs=str(srs), **names)

    def proof() -> WorkerResult:
        names = {"witness": paths["witness"], "circuit": paths["circuit"], "proving_key": paths["pk"]}
        return _ask("prove", srs=str(srs), **names)

    made_keys = _repeated(keys)
    made_proof = _repeated(proof)
    Path(paths["proof"]).write_bytes(made_proof[-1].value)
    verifier_srs = directory / "verifier.srs"
    verifier_srs.write_bytes(cut_down(srs))
    checked = _ask(
        "verify",
        proof=paths["proof"], settings=paths["settings"], verifying_key=paths["vk"], srs=str(verifier_srs),
    )  # fmt: skip
    record = {
        "name": case.name,
        "settings": compact(settings),
        "bytes": {
            "proving_key": Path(paths["pk"]).stat().st_size,
            "verifying_key": Path(paths["vk"]).stat().st_size,
            "proof": len(json.loads(made_proof[-1].value)["proof"]),
            "calldata": len(_calldata(paths["proof"])),
        },
        "steps": {
            "keys": _measured(made_keys),
            "proof": _measured(made_proof),
            "verification": _measured([checked]),
        },
    }
    Path(paths["pk"]).unlink()
    return record


def inputs(case: Case) -> list[list[float]] | list[list[int]]:
    """Values for every input: multiples of 1/8 between 0 and 1, or positions."""
    generator = np.random.default_rng(0)
    graph = onnx.load_model_from_string(case.model).graph
    constants = {value.name for value in graph.initializer}
    shapes = [
        [dimension.dim_value for dimension in value.type.tensor_type.shape.dim]
        for value in graph.input
        if value.name not in constants
    ]
    if case.positions:
        return [generator.integers(0, case.positions, size=shape).ravel().tolist() for shape in shapes]
    return [(generator.integers(1, 8, size=shape) / 8).ravel().tolist() for shape in shapes]


def cut_down(srs: Path) -> bytes:
    """What a verifier needs of an SRS: k = 1, g twice, again as dummy Lagrange points, two points of G2."""
    with srs.open("rb") as file:
        g = file.read(132)[4:]
        file.seek(-256, 2)
        return (1).to_bytes(4, "little") + g + g + file.read(256)


def compact(settings: Record) -> Record:
    """Of a settings.json, what sizes depend on; equal einsum equations are counted."""
    kept = {name: settings[name] for name in _SIZES}
    einsum = settings["einsum_params"]
    counted = Counter(json.dumps(equation, sort_keys=True) for equation in einsum["equations"])
    kept["einsum_params"] = {
        "equations": [],
        "counted_equations": [[*json.loads(equation), count] for equation, count in counted.items()],
        "total_einsum_col_size": einsum["total_einsum_col_size"],
    }
    default = default_run_args()
    given = settings["run_args"]
    kept["run_args"] = {name: value for name, value in given.items() if value != default.get(name, ...)}
    return kept


def default_run_args() -> Record:
    """Those of :class:`RunArgs`, as EZKL spells them."""
    default = asdict(RunArgs()) | {"lookup_range": list(RunArgs().lookup_range)}
    spelled = {"input_visibility": "Public", "output_visibility": "Public", "param_visibility": "Fixed"}
    return default | spelled | {"check_mode": "UNSAFE", "variables": [["batch_size", 1]]}


def encode(request: Record, result: Path) -> None:
    """What EZKL sends to a contract; runs in a guarded worker."""
    import ezkl

    # The stub asks for an argument that the function itself does not take.
    ezkl.encode_evm_calldata(request["proof"], str(result))  # type: ignore[call-arg]


def _calldata(proof: str) -> bytes:
    outcome = run_guarded("tools.prover_runs:encode", {"proof": proof}, stage="calldata", limits=LIMITS)
    if isinstance(outcome, WorkerFailure):
        raise RuntimeError(str(outcome))
    return outcome.value


def _ask(function: str, **request: Any) -> WorkerResult:
    return call(function, request, stage=function, limits=LIMITS)


def _repeated(step: Callable[[], WorkerResult]) -> list[WorkerResult]:
    first = step()
    return [first, step(), step()] if first.cpu_seconds < SHORT_SECONDS else [first]


def _measured(results: Sequence[WorkerResult]) -> Record:
    """Medians of the repeats, as the guarded worker counts them."""
    seconds = statistics.median(result.cpu_seconds for result in results)
    peak = statistics.median(result.peak_memory_bytes for result in results)
    return {"cpu_seconds": round(seconds, 4), "peak_memory_bytes": int(peak)}
