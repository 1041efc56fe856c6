"""Whether the code still makes the plans that are stored: ``python -m tools.replan``.

The proofs of ``tests/planning/plan_runs.jsonl`` are worth something for as long as the plans behind them are
those that are made today. This makes each anew, without proving anything, and prints those that differ.
Exit code 1 where one does.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tools.plan_models import entries
from tools.plan_runs import StepFailed, compact, input_json, planned
from tools.plans import RUNS


def differences(stored: dict[str, Any], model: bytes, rows: dict[str, Any]) -> dict[str, Any]:
    """The settings that are stored and not made today, with both values; ``failed`` where no plan is made."""
    with tempfile.TemporaryDirectory(prefix="auditor-replan-") as name:
        directory = Path(name)
        (directory / "model.onnx").write_bytes(model)
        (directory / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
        try:
            made = planned(directory / "model.onnx", directory / "rows.json", directory / "settings.json")
        except StepFailed as failure:
            return {"failed": str(failure)}
    today = json.loads(json.dumps(compact(made["settings"])))
    return {key: (value, today.get(key)) for key, value in stored.items() if value != today.get(key)}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args(arguments)
    stored = {line["name"]: line for line in map(json.loads, RUNS.read_text(encoding="utf-8").splitlines())}
    differing = 0
    known = [entry for entry in entries() if "settings" in stored.get(entry.name, {}).get("plan", {})]
    for entry in known:
        model = entry.make()
        found = differences(
            stored[entry.name]["plan"]["settings"], model.model, input_json(model.calibration)
        )
        differing += bool(found)
        print(f"{entry.name}: {found or 'the same'}", flush=True)
    print(f"{len(known) - differing} of {len(known)} plans are made today as they are stored")
    return 1 if differing else 0


if __name__ == "__main__":
    raise SystemExit(main())
