"""Runs EZKL's verifiers in an EVM, and says how far off the gas formulas are: ``python -m tools.gas``.

    python -m tools.gas                   # proves each of tools.gas_circuits and verifies it in an EVM
    python -m tools.gas --record FILE     # and writes what came out, one JSON object a line
    python -m tools.gas --stored          # compares with tests/pricing/evm_runs.jsonl, and runs nothing
    python -m tools.gas --fit             # prints the coefficients of auditor.pricing.chain.gas again

A proof takes about five seconds, most of them in the Solidity compiler. The reusable verifier is not run
here: its 16 runs are in the same file.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from msgspec import Struct

from auditor.circuit.run_args import RunArgs
from auditor.evm.verify import MAX_RUNTIME_BYTES, verify_on_evm
from auditor.ezkl import gen_settings
from auditor.guard import Limits
from auditor.pricing.chain.gas import (
    CONTRACT,
    EXECUTION,
    REUSABLE_EXECUTION,
    REUSABLE_WORDS,
    Fitted,
    contract_bytes,
    counts,
    deploy_gas,
    known_calldata,
    register_gas,
    reusable_verify_gas,
    verify_gas,
)
from auditor.pricing.chain.profile_file import shipped_chain
from auditor.pricing.ranges import Range
from auditor.sizing import Artifacts, ConstraintSystem, artifacts, constraint_system
from tests.proving.real import LIMITS, ask, canonical_settings, make_srs, reduced
from tests.sizing.settings import circuit_size_of, run_args_of
from tools.gas_circuits import CIRCUITS, TINY, GasCircuit
from tools.page import write_section

ROOT = Path(__file__).parents[1]
STORED = ROOT / "tests" / "pricing" / "evm_runs.jsonl"
EVM_LIMITS = Limits(memory_bytes=4 << 30, cpu_seconds=120, wall_seconds=240.0)
LOCAL = shipped_chain("local-evm")


_SIZES = (
    "run_args", "num_rows", "total_assignments", "total_const_size", "total_dynamic_col_size",
    "max_dynamic_input_len", "num_dynamic_lookups", "num_shuffles", "total_shuffle_col_size", "einsum_params",
    "module_sizes", "required_lookups", "required_range_checks", "model_instance_shapes", "version",
)  # fmt: skip
"""What is recorded of EZKL's settings: what the columns follow from."""


class Run(Struct, frozen=True, kw_only=True):
    """A verifier that was compiled. ``measured`` has what the EVM said of it; what it did not is missing."""

    name: str
    system: ConstraintSystem
    artifacts: Artifacts
    measured: dict[str, Any]

    def predicted(self) -> dict[str, Range]:
        """What the formulas say, of the call that was really made."""
        gas = LOCAL.gas
        assert gas is not None
        contract = contract_bytes(self.system)
        found = {"runtime_bytes": contract, "deploy_gas": deploy_gas(contract, gas)}
        if "calldata_zero_bytes" in self.measured:
            call = known_calldata(self.system, self.artifacts, self.measured["calldata_zero_bytes"])
            found["verify_gas"] = verify_gas(self.system, call, gas)
            found["reusable_verify_gas"] = reusable_verify_gas(self.system, call, gas)
        found["register_gas"] = register_gas(self.system, gas)
        return found

    def errors(self) -> dict[str, float]:
        """Predicted over measured, less one, of everything that was measured."""
        return {
            name: prediction.mid / self.measured[name] - 1
            for name, prediction in self.predicted().items()
            if self.measured.get(name) is not None
        }

    @property
    def covered(self) -> bool:
        """Whether every interval holds what was measured."""
        return all(
            prediction.low <= self.measured[name] <= prediction.high
            for name, prediction in self.predicted().items()
            if self.measured.get(name) is not None
        )


def read_run(record: dict[str, Any]) -> Run:
    """A run as it is recorded: EZKL's settings beside what the EVM said."""
    system = constraint_system(circuit_size_of(record["settings"]), run_args_of(record["settings"]))
    measured = {name: value for name, value in record.items() if name not in ("name", "settings")}
    return Run(name=record["name"], system=system, artifacts=artifacts(system), measured=measured)


def stored_runs(path: Path = STORED) -> list[Run]:
    """The runs of a record."""
    return [read_run(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


# --- running -------------------------------------------------------------------------------


def measure(circuit: GasCircuit, place: Path, srs: Path, solc: Path | None) -> dict[str, Any]:
    """One proof, verified in an EVM; raises :class:`RuntimeError` when the contract does not accept it."""
    model, onnx_file = circuit.model(), place / "model.onnx"
    onnx.save(model, onnx_file)
    run_args = RunArgs(**{**TINY, **circuit.run_args})
    settings = canonical_settings(gen_settings(onnx_file, run_args, limits=LIMITS))
    files = {
        name: place / name for name in ("circuit", "witness", "proving_key", "verifying_key", "settings")
    }
    paths = {name: str(path) for name, path in files.items()}
    files["settings"].write_text(json.dumps(settings), encoding="utf-8")
    files["circuit"].write_bytes(ask("compile_circuit", model=str(onnx_file), settings=settings))
    values = {"input_data": _input(model, negative=circuit.negative)}
    files["witness"].write_bytes(ask("gen_witness", input=values, circuit=paths["circuit"]))
    keys = {name: paths[name] for name in ("proving_key", "verifying_key")}
    ask("setup", circuit=paths["circuit"], srs=str(srs), **keys)
    made = ask(
        "prove",
        witness=paths["witness"],
        circuit=paths["circuit"],
        proving_key=paths["proving_key"],
        srs=str(srs),
    )
    proved = json.loads(made)
    (place / "reduced").write_bytes(reduced(srs.read_bytes()))
    proof = bytes(proved["proof"])
    column = [
        int.from_bytes(bytes.fromhex(text), "little") for texts in proved["instances"] for text in texts
    ]
    outcome = verify_on_evm(
        verifying_key=files["verifying_key"],
        settings=files["settings"],
        verifier_srs=place / "reduced",
        proof=proof,
        instances=column,
        limits=EVM_LIMITS,
        solc=solc,
    )
    if not outcome.accepted:
        raise RuntimeError(outcome.reason)
    return {
        "name": circuit.name,
        "settings": {name: settings[name] for name in _SIZES},
        "proof_bytes": len(proof),
        "calldata_bytes": outcome.calldata_bytes,
        "calldata_zero_bytes": _zero_bytes(proof, column),
        "verify_gas": outcome.verify_gas,
        "deploy_gas": outcome.deploy_gas,
        "runtime_bytes": outcome.runtime_bytes,
        "initcode_bytes": outcome.initcode_bytes,
    }


def _zero_bytes(proof: bytes, column: Sequence[int]) -> int:
    from auditor.evm.calldata import verify_proof_call

    return verify_proof_call(proof, column).count(0)


def _input(model: onnx.ModelProto, *, negative: bool) -> list[list[float]]:
    """Multiples of 1/8 in a fixed order."""
    generator = np.random.default_rng(0)
    sizes = [
        int(np.prod([dim.dim_value for dim in value.type.tensor_type.shape.dim]))
        for value in model.graph.input
    ]
    sign = -1 if negative else 1
    return [((generator.permutation(size) % 8 + 1) * sign / 8).tolist() for size in sizes]


def measure_all(circuits: Iterable[GasCircuit], solc: Path | None) -> Iterable[dict[str, Any]]:
    """Every circuit in its order, each SRS made once."""
    with tempfile.TemporaryDirectory(prefix="gas-") as root:
        srs: dict[int, Path] = {}
        for index, circuit in enumerate(circuits):
            logrows = {**TINY, **circuit.run_args}["logrows"]
            if logrows not in srs:
                srs[logrows] = make_srs(Path(root) / f"srs-{logrows}", logrows)
            place = Path(root) / str(index)
            place.mkdir()
            yield measure(circuit, place, srs[logrows], solc)


# --- comparing -----------------------------------------------------------------------------

HEADING = "## Gas"

QUANTITIES = ("verify_gas", "deploy_gas", "runtime_bytes", "reusable_verify_gas", "register_gas")


def line(run: Run) -> str:
    """A run in one line: predicted, measured and the error of each quantity."""
    predicted, errors = run.predicted(), run.errors()
    cells = [
        f"{name} {predicted[name].mid:,.0f} / {run.measured[name]:,} ({errors[name]:+.2%})"
        for name in QUANTITIES
        if name in errors
    ]
    sides = predicted["runtime_bytes"].mid <= MAX_RUNTIME_BYTES, is_deployable(run)
    wrong = "" if sides[0] == sides[1] else "  WRONG ABOUT DEPLOYING"
    return f"{run.name:32} {'; '.join(cells)}{'' if run.covered else '  OUTSIDE ITS INTERVAL'}{wrong}"


def is_deployable(run: Run) -> bool:
    """Whether the contract is within EIP-170's limit; its initcode never is what decides."""
    return bool(run.measured["runtime_bytes"] <= MAX_RUNTIME_BYTES)


def summary(runs: Sequence[Run]) -> list[str]:
    """The median and the worst error of each quantity, and how deploying was decided."""
    lines = []
    for name in QUANTITIES:
        errors = [abs(run.errors()[name]) for run in runs if name in run.errors()]
        if errors:
            lines.append(
                f"{name}: {len(errors)} measured, {statistics.median(errors):.2%} off in the median, "
                f"{max(errors):.2%} at worst"
            )
    contracts = [(run.predicted()["runtime_bytes"], is_deployable(run)) for run in runs]
    right = sum((contract.mid <= MAX_RUNTIME_BYTES) == deployable for contract, deployable in contracts)
    open_ = sum(contract.low <= MAX_RUNTIME_BYTES < contract.high for contract, _ in contracts)
    lines.append(
        f"deployable or not: right on {right} of {len(runs)} by what is expected; {open_} intervals hold both"
    )
    lines.append(f"within all their intervals: {sum(run.covered for run in runs)} of {len(runs)}")
    return lines


# --- fitting -------------------------------------------------------------------------------


def fit(
    runs: Sequence[Run], shape: Fitted, target: Callable[[Run], float]
) -> tuple[list[float], list[float]]:
    """The coefficients of the counts that ``shape`` names, none negative, and the errors on runs left out.

    Least squares on relative errors; runs with the same counts are left out together.
    """
    rows = np.array([_row(run, shape) for run in runs])
    measured = np.array([target(run) for run in runs])
    known = np.array([shape.per_value_squared * run.system.num_instances**2 for run in runs])
    held = []
    for row, value, part in zip(rows, measured, known, strict=True):
        others = np.array([not np.array_equal(row, other) for other in rows])
        found = _solve(rows[others], measured[others] - known[others], measured[others])
        held.append(float((row @ found + part) / value - 1))
    return _solve(rows, measured - known, measured).tolist(), held


def _row(run: Run, shape: Fitted) -> list[float]:
    counted = counts(run.system, run.system.num_fixed_columns)
    return [1.0, *(float(getattr(counted, name)) for name in shape.terms)]


def _solve(rows: np.ndarray, wanted: np.ndarray, weights: np.ndarray) -> np.ndarray:
    used = list(range(rows.shape[1]))
    while True:
        found = np.linalg.lstsq(rows[:, used] / weights[:, None], wanted / weights, rcond=None)[0]
        if (found >= 0).all():
            break
        used.pop(int(np.argmin(found)))
    solution = np.zeros(rows.shape[1])
    solution[used] = found
    return solution


def execution_of(run: Run) -> float:
    """Gas of the call without the transaction and its data."""
    return float(run.measured["verify_gas"] - _intrinsic(run, "calldata"))


def reusable_execution_of(run: Run) -> float:
    """The same of the reusable verifier."""
    return float(run.measured["reusable_verify_gas"] - _intrinsic(run, "reusable_calldata"))


def _intrinsic(run: Run, call: str) -> float:
    gas = LOCAL.gas
    assert gas is not None
    zeros = run.measured[f"{call}_zero_bytes"]
    return gas.used(0, zeros, run.measured[f"{call}_bytes"] - zeros)


def print_fits(runs: Sequence[Run]) -> None:
    """The coefficients to write into auditor.pricing.chain.gas."""
    called = [run for run in runs if "verify_gas" in run.measured]
    reused = [run for run in runs if "reusable_verify_gas" in run.measured]
    fits: tuple[tuple[str, Sequence[Run], Fitted, Callable[[Run], float]], ...] = (
        ("EXECUTION", called, EXECUTION, execution_of),
        ("CONTRACT", runs, CONTRACT, lambda run: run.measured["runtime_bytes"]),
        ("REUSABLE_EXECUTION", reused, REUSABLE_EXECUTION, reusable_execution_of),
        ("REUSABLE_WORDS", reused, REUSABLE_WORDS, lambda run: run.measured["artifact_words"]),
    )
    for name, some, shape, target in fits:
        coefficients, held = fit(some, shape, target)
        named = dict(zip(("base", *shape.terms), coefficients, strict=True))
        print(name, {term: round(value, 1) for term, value in named.items()})
        worst = max(range(len(held)), key=lambda index: abs(held[index]))
        print(
            f"    {len(some)} runs, left out: {statistics.median(map(abs, held)):.2%} in the median, "
            f"{abs(held[worst]):.2%} at worst ({some[worst].name})"
        )
    most = max(counts(run.system, run.system.num_fixed_columns).commitments for run in runs)
    print(f"{len(called)} calls of {len(runs)} verifiers, up to {most} commitments")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--record", type=Path, help="write the runs here")
    parser.add_argument("--only", nargs="*", default=[], help="names of circuits")
    parser.add_argument("--solc", type=Path, help="the Solidity compiler")
    parser.add_argument("--stored", action="store_true", help="compare with the stored runs")
    parser.add_argument("--fit", action="store_true", help="fit the stored runs again")
    arguments = parser.parse_args()
    if arguments.fit:
        print_fits(stored_runs())
        return
    runs = []
    if arguments.stored:
        runs = stored_runs()
        print(*map(line, runs), sep="\n")
    else:
        chosen = [circuit for circuit in CIRCUITS if not arguments.only or circuit.name in arguments.only]
        for record in measure_all(chosen, arguments.solc):
            if arguments.record is not None:
                with arguments.record.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(record, sort_keys=True, separators=(",", ":")) + "\n")
            runs.append(read_run(record))
            print(line(runs[-1]), flush=True)
    print(*summary(runs), sep="\n")
    if arguments.stored:
        write_section(report(runs))


def report(runs: Sequence[Run]) -> str:
    """The section of the page: the errors, and every run."""
    lines = [
        HEADING,
        "",
        "Written by `python -m tools.gas --stored`; do not edit. EZKL's Solidity verifiers of real proofs, "
        "compiled by solc 0.8.20 and called in revm (`python -m tools.gas` makes them anew), against what "
        "the columns of each circuit say. The zero bytes of the calldata are those of the call.",
        "",
        *(f"- {text}" for text in summary(runs)),
        "",
        "| circuit | gas | expected | contract bytes | expected |",
        "|---|---|---|---|---|",
    ]
    for run in runs:
        told = run.predicted()
        cells = [run.name]
        for name in ("verify_gas", "runtime_bytes"):
            known = name in run.errors()
            cells += [f"{run.measured[name]:,}", f"{told[name].mid:,.0f}"] if known else ["", ""]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
