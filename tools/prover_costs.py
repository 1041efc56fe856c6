"""What is told of a proof's bytes, time and memory, beside real proofs of this project's own circuits.

    python -m tools.prover_costs            # proves everything that is not recorded yet (20 minutes), reports
    python -m tools.prover_costs --report   # reports what is recorded

The runs are kept in ``tests/pricing/own_runs.jsonl``; no coefficient was fitted to them. The section goes to
``docs/accuracy.md``.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from auditor.calibration.circuits import QUICK
from auditor.calibration.measure import measure
from auditor.guard import Limits
from auditor.pricing.calibration import TinyRun
from auditor.pricing.profile import for_processor
from auditor.pricing.profile_file import shipped
from auditor.pricing.terms import Quantity, Step
from auditor.progress import StepProgress
from tools import prover_runs
from tools.page import ACCURACY, write_section
from tools.prover_evidence import (
    QUANTITIES,
    RUNS,
    SIZES,
    STEPS,
    TIMED,
    Errors,
    Evidence,
    OwnRun,
    errors,
    extrapolated,
    held_out_errors,
    read,
)
from tools.prover_models import cases
from tools.prover_runs import Record

HEADING = "## Prover costs"

# --- report --------------------------------------------------------------------------------


def report(evidence: Evidence) -> str:
    """The section of the page."""
    about, proofs = evidence.about, evidence.proofs
    parts = [
        HEADING,
        "Written by `python -m tools.prover_costs`; do not edit. "
        f"{len(proofs)} proofs of small models made for this page, proved and verified with EZKL "
        f"{about['ezkl']} on {about['cores']} cores ({about['cpu']}, {about['date']}), other work going on "
        "beside them. No coefficient was fitted to them: those are of another machine "
        "(`rules/hardware/reference-epyc-2c.toml`).",
        "### Bytes",
        _bytes_text(proofs),
        _bytes_table(proofs),
        "### Time and memory",
        "Predicted against measured: the size of the relative error, and the part of the measurements within "
        "the interval of nine in ten. *Held out*: the runs behind the coefficients, each predicted by the "
        "runs of other models. The others are the proofs above, by what is known of the machine: that its "
        "processor is another (*unknown*), one SRS of 2^11 rows (*probe*), or `auditor calibrate` "
        f"({len(evidence.tiny)} tiny proofs). The coefficients are of circuits with 2^10 rows and more.",
        _errors_table(evidence),
        _extrapolation_text(),
        _largest_table(evidence),
    ]
    return "\n\n".join(parts) + "\n"


def _bytes_text(proofs: Sequence[OwnRun]) -> str:
    exact = sum(run.is_exact for run in proofs)
    inexact = [run for run in proofs if not run.is_exact]
    said = sum(not run.artifacts.exact for run in inexact)
    within = sum(run.is_within_bounds for run in inexact)
    with tempfile.TemporaryDirectory(prefix="auditor-costs-") as name:
        alike = sum(run.sized_from_model(Path(name)) == run.artifacts for run in proofs)
    return (
        "Proving key, verifying key, proof and calldata are exact to the byte for "
        f"**{exact} of {len(proofs)}** proofs. Of the other {len(inexact)}, {said} were announced as "
        f"inexact, and {within} lie within the bounds that were given. For {alike} of {len(proofs)} the same "
        "is told from the ONNX file alone, without EZKL."
    )


def _bytes_table(proofs: Sequence[OwnRun]) -> str:
    groups: dict[str, list[OwnRun]] = defaultdict(list)
    for run in proofs:
        groups[run.case.structure].append(run)
    lines = [
        "| structure | proofs | logrows | columns | exact | within bounds | off at most |",
        "|---|---|---|---|---|---|---|",
    ]
    for structure, runs in sorted(groups.items()):
        logrows = sorted({run.case.run_args.logrows for run in runs})
        columns = sorted({run.case.run_args.num_inner_cols for run in runs})
        worst = max(
            abs(getattr(run.artifacts, field) / run.record["bytes"][name] - 1)
            for run in runs
            for name, (field, _) in SIZES.items()
        )
        cells = [
            structure,
            str(len(runs)),
            _span(logrows),
            _span(columns),
            str(sum(run.is_exact for run in runs)),
            str(sum(run.is_within_bounds for run in runs)),
            "" if worst == 0 else f"{worst:.1%}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _span(numbers: Sequence[int]) -> str:
    return f"{numbers[0]}" if len(numbers) == 1 else f"{numbers[0]}-{numbers[-1]}"


def _errors_table(evidence: Evidence) -> str:
    lines = [
        "| step | | told by | runs | median | 90 % | 95 % | covered |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for step in STEPS:
        for quantity in QUANTITIES:
            for words, found in _all_errors(evidence, step, quantity):
                cells = [
                    step,
                    "CPU" if quantity == "cpu_seconds" else "memory",
                    words,
                    str(len(found.off)),
                    *(f"{found.quantile(part):.1%}" for part in (0.5, 0.9, 0.95)),
                    f"{found.covered:.0%}",
                ]
                lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _all_errors(evidence: Evidence, step: Step, quantity: Quantity) -> Iterator[tuple[str, Errors]]:
    least = shipped().measured.least_logrows
    large = [run for run in evidence.proofs if run.system.logrows >= least]
    yield "held out", held_out_errors(step, quantity)
    if quantity == "peak_memory_bytes":
        yield "any machine, 2^10 rows and more", errors(large, shipped(), step, quantity)
        yield "any machine, all", errors(evidence.proofs, shipped(), step, quantity)
        return
    unknown = for_processor(shipped(), None)
    profiles = {"unknown": unknown, "probe": evidence.derived, "calibrate": evidence.calibrated}
    for name, profile in profiles.items():
        yield f"{name}, 2^10 rows and more", errors(large, profile, step, quantity)
    yield "calibrate, all", errors(evidence.proofs, profiles["calibrate"], step, quantity)


def _extrapolation_text() -> str:
    said = ", ".join(f"{step} {extrapolated(step):+.1%}" for step in TIMED)
    return f"Coefficients of circuits with at most 2^14 rows, on one with 2^18 (CPU time): {said}."


def _largest_table(evidence: Evidence) -> str:
    calibrated = evidence.calibrated
    lines = [
        "| largest proofs | logrows | keys CPU | told | proof CPU | told | proof memory | told |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for run in sorted(evidence.proofs, key=lambda one: -one.artifacts.proving_key_bytes)[:12]:
        steps, told = run.record["steps"], run.predicted(calibrated)
        cells = [
            run.case.name,
            str(run.system.logrows),
            *(
                text
                for step in TIMED
                for text in (f"{steps[step]['cpu_seconds']:.1f} s", f"{told[step].cpu_seconds.mid:.1f} s")
            ),
            f"{steps['proof']['peak_memory_bytes'] / 2**20:,.0f} MiB",
            f"{told['proof'].peak_memory_bytes.mid / 2**20:,.0f} MiB",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


# --- running -------------------------------------------------------------------------------


def make(path: Path) -> None:
    """Proves what is not recorded yet, and appends each record as soon as there is one."""
    records = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    kinds = {name for record in records for name in record}
    done = {record["name"] for record in records if "name" in record}
    with tempfile.TemporaryDirectory(prefix="auditor-costs-") as name, path.open("a") as file:

        def keep(record: Record) -> None:
            file.write(json.dumps(record, separators=(",", ":")) + "\n")
            file.flush()

        if "about" not in kinds:
            keep(prover_runs.about())
        if "calibration" not in kinds:
            keep({"calibration": [_tiny_record(run) for run in _calibrate(Path(name))]})
        for record in prover_runs.run_all(list(cases()), Path(name), done):
            keep(record)
            print(record.get("name", f"SRS {record.get('srs')}"), flush=True)


def _calibrate(directory: Path) -> tuple[TinyRun, ...]:
    return measure(QUICK, directory, Limits(threads=2), StepProgress(quiet=False))


def _tiny_record(run: TinyRun) -> Record:
    return {
        "name": run.name,
        "cpu_seconds": {step: round(value, 4) for step, value in run.cpu_seconds.items()},
        "peak_memory_bytes": dict(run.peak_memory_bytes),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--report", action="store_true", help="make no proofs")
    parser.add_argument("--runs", type=Path, default=RUNS)
    parser.add_argument("--output", type=Path, default=ACCURACY)
    chosen = parser.parse_args(arguments)
    if not chosen.report:
        make(chosen.runs)
    text = report(read(chosen.runs))
    print(text)
    write_section(text, chosen.output)


if __name__ == "__main__":
    main()
