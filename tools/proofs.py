"""Real proofs of the samples: proved and verified by the command line, predicted beside measured.

Writes its table into a section of ``docs/accuracy.md``. With an EVM and a compiler the proofs are checked on
chain too.

    python -m tools.proofs --sample cancer_mlp
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from auditor.units import bytes_text, seconds_text
from tools.page import ACCURACY, write_section

REPOSITORY = Path(__file__).resolve().parent.parent
SAMPLES = REPOSITORY / "samples"
HEADING = "## Proofs"


class Outcome(Struct, frozen=True, kw_only=True):
    """One sample: what ``estimate``, ``prove`` and ``verify`` said, as JSON; None where there is no proof."""

    sample: str
    estimate: Mapping[str, Any]
    proof: Mapping[str, Any]
    verification: Mapping[str, Any] | None
    proof_bytes: int | None


def prove_and_verify(sample: str, cache: Path, directory: Path) -> Outcome:
    """Proves the sample's own input under an SRS made here, and verifies the bundle in every way."""
    model, bundle = SAMPLES / sample / "model.onnx", directory / sample
    # The same rows for both: run args are chosen by them.
    rows = ["--input", str(model.with_name("input.json"))]
    arguments = [*rows, "--srs", "unsafe-local", "--bundle", str(bundle), "--cache", str(cache)]
    proof = _auditor("prove", str(model), *arguments)
    verification, proof_bytes = None, None
    if proof["status"] == "proved":
        verification = _auditor("verify", str(bundle), "--model", str(model), "--evm", "--cache", str(cache))
        proof_bytes = len(json.loads((bundle / "proof.json").read_bytes())["proof"])
    estimate = _auditor("estimate", str(model), *rows)["models"][0]
    return Outcome(
        sample=sample, estimate=estimate, proof=proof, verification=verification, proof_bytes=proof_bytes
    )


def _auditor(*words: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "auditor", *words, "--format", "json", "--quiet"]
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if not ended.stdout:
        raise RuntimeError(f"{' '.join(words)}: {ended.stderr.strip()}")
    answer: dict[str, Any] = json.loads(ended.stdout)
    return answer


# --- report --------------------------------------------------------------------------------


def report(outcomes: Sequence[Outcome], command: str) -> str:
    """The section: a row for each sample and step, and one for what was verified."""
    machine = next((o.proof["manifest"]["machine"] for o in outcomes if o.proof["manifest"]), {})
    lines = [
        HEADING,
        "",
        f"Written by `{command}`; do not edit. EZKL's own proofs under planned run args, made and checked by "
        f"`auditor prove` and `auditor verify --model --evm` on {machine.get('cores')} cores "
        f"({machine.get('cpu')}). What was predicted before the first step stands as *expected*, "
        "a range of nine in ten.",
        "",
        "| sample | logrows | step | CPU | expected | memory | expected | bytes | expected |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for outcome in outcomes:
        lines.extend(_steps(outcome))
    lines += [
        "",
        "| sample | proof bytes | expected | verified | key made again | gas | overhead | difference |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines.extend(_summary(outcome) for outcome in outcomes)
    return "\n".join(lines) + "\n"


def _steps(outcome: Outcome) -> list[str]:
    manifest = outcome.proof["manifest"]
    if manifest is None:
        return [f"| `{outcome.sample}` | | refused: {'; '.join(outcome.proof['reasons'])} | | | | | | |"]
    rows = []
    for step in manifest["steps"]:
        took, expected = step["measured"], step["predicted"]
        cells = [
            f"`{outcome.sample}`",
            str(manifest["circuit"]["logrows"]),
            step["step"],
            seconds_text(took["cpu_seconds"]),
            _range(expected["cpu_seconds"], seconds_text),
            bytes_text(took["peak_memory_bytes"]),
            _range(expected["peak_memory_bytes"], bytes_text),
            "" if took["bytes"] is None else f"{took['bytes']:,}",
            "" if not expected["bytes"] else f"{expected['bytes']:,}",
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def _range(amount: Mapping[str, float] | None, text: Any) -> str:
    if amount is None:
        return ""
    return f"{text(amount['mid'])} ({text(amount['low'])} to {text(amount['high'])})"


def _summary(outcome: Outcome) -> str:
    manifest, said = outcome.proof["manifest"], outcome.verification
    if manifest is None or said is None:
        return f"| `{outcome.sample}` | | | | | | | |"
    checks = {check["name"]: check for check in said["checks"]}
    gas = checks["evm"]["detail"].get("verify_gas")
    overhead = manifest["overhead"]
    differences = [one["max_abs_difference"] for one in (manifest["reference"] or {}).get("outputs", [])]
    expected = outcome.estimate["artifacts"]["proof_bytes"]
    cells = [
        f"`{outcome.sample}`",
        f"{outcome.proof_bytes:,}",
        f"{expected:,}" if isinstance(expected, int) else f"{expected['low']:,} to {expected['high']:,}",
        "yes" if said["ok"] else "; ".join(c["reason"] for c in said["checks"] if c["status"] == "fail"),
        checks["model key"]["status"],
        f"{gas:,}" if gas else checks["evm"]["reason"],
        f"{overhead['ratio']:,.0f}" if overhead else "",
        f"{max(differences):.2g}" if differences else "",
    ]
    return f"| {' | '.join(cells)} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = sorted(path.parent.name for path in SAMPLES.glob("*/model.onnx"))
    parser.add_argument("--sample", choices=names, action="append", dest="samples", help="default: all")
    parser.add_argument("--cache", type=Path, help="keep finished steps there; default: nowhere")
    parser.add_argument("--output", type=Path, default=ACCURACY)
    chosen = parser.parse_args(arguments)
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="auditor-proofs-") as name:
        for sample in chosen.samples or names:
            outcomes.append(prove_and_verify(sample, chosen.cache or Path(name) / "cache", Path(name)))
            print(_summary(outcomes[-1]), flush=True)
    words = " ".join(sys.argv[1:] if arguments is None else arguments)
    write_section(report(outcomes, f"python -m tools.proofs {words}".rstrip()), chosen.output)


if __name__ == "__main__":
    main()
