"""Proves seeded random models of many families and verifies every proof with its model: none may be rejected.

Small run args keep each proof below a second or two. What is refused before the proof is counted by reason;
a model that EZKL then fails on, or an honest bundle that does not verify, ends the command with 1.

    python -m tools.roundtrip --first-seed 0 --seeds 40
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from auditor.errors import AuditorError
from auditor.means import means_of_this_machine
from auditor.options import parse_request
from auditor.preparation import ProofRequest
from auditor.progress import StepProgress
from auditor.prove import prove
from auditor.proving.srs import SrsChoice
from auditor.verify import VerifyOptions, verify_bundle
from tests.families import random_model

SMALL = ("decomp_base=128", "decomp_legs=4", "lookup_range=-1024,1024")
MAX_LOGROWS = 12
MEMORY_BYTES = 250 << 20
"""A proof that takes more than this takes long."""

PROBLEMS = ("EZKL or auditor failed", "an honest bundle was rejected")


def roundtrip(path: Path, directory: Path, assignments: Sequence[str] = SMALL) -> tuple[str, str]:
    """What became of one model, in a word and in detail."""
    quiet = StepProgress(quiet=True)
    bundle, cache = directory / "bundle", directory / "cache"
    request = parse_request(assignments=assignments, max_logrows=MAX_LOGROWS, quiet=True)
    wanted = ProofRequest(
        srs=SrsChoice(kind="unsafe-local"), bundle=bundle, cache=cache, memory_limit_bytes=MEMORY_BYTES
    )
    try:
        report = prove(path, request, wanted, quiet)
    except AuditorError as error:
        return (PROBLEMS[0] if error.exit_code == 4 else "not read"), str(error)
    if report.status == "refused":
        return f"refused: {report.binding}", "; ".join(report.reasons)
    with means_of_this_machine(quiet, cache=cache) as means:
        said = verify_bundle(bundle, VerifyOptions(model=path), means)
    failed = [
        f"{check.name}: {check.reason}" for check in said.checks if check.asked and check.status != "pass"
    ]
    return ("proved and verified", "") if said.ok else (PROBLEMS[1], "; ".join(failed))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=100)
    chosen = parser.parse_args(arguments)
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="auditor-roundtrip-") as name:
        directory = Path(name)
        for seed in range(chosen.first_seed, chosen.first_seed + chosen.seeds):
            model = random_model(seed)
            path = directory / "model.onnx"
            path.write_bytes(model.model)
            outcome, detail = roundtrip(path, directory)
            counts[outcome] += 1
            print(f"{seed} {model.family}: {outcome} {detail[:200]}".rstrip(), flush=True)
    for outcome, count in counts.most_common():
        print(f"{count:5} {outcome}")
    return int(any(counts[problem] for problem in PROBLEMS))


if __name__ == "__main__":
    sys.exit(main())
